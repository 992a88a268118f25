"""HTTP of licences."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse

from case_service.documents import verification
from case_service.licences import endings, service, showing
from case_service.licences.errors import (
    EndingIncomplete,
    LicenceActNotAllowed,
    LicenceNotFound,
    ShowCodeInvalid,
)
from case_service.licences.rules import ENDINGS
from case_service.licences.schemas import (
    Ending,
    LicenceRead,
    LicenceSummary,
    LicenceVerified,
    RedeemIn,
    Revocation,
    ShowCodeMade,
    Withdrawal,
)
from case_service.licences.vocabulary import EndGround, LicenceAct, Standing
from case_service.licences.words import STANDINGS
from case_service.seals.errors import SealNotAuthorised
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, etag
from tongban.identity import Caller, Identified, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("licences")

Cancels = Annotated[Caller, allow(*ENDINGS[LicenceAct.CANCEL].roles)]
Rescinds = Annotated[Caller, allow(*ENDINGS[LicenceAct.RESCIND].roles)]
Withdraws = Annotated[Caller, allow(*ENDINGS[LicenceAct.WITHDRAW].roles)]
Revokes = Annotated[Caller, allow(*ENDINGS[LicenceAct.REVOKE].roles)]
AtWindow = Annotated[Caller, allow(Role.CLERK)]

_ENDING = problems(
    LicenceNotFound, LicenceActNotAllowed, EndingIncomplete, SealNotAuthorised, StaleVersion
)


@router.get("/api/v1/me/licences", responses=problems(CursorInvalid))
async def list_my_licences(
    session: Session,
    caller: Identified,
    at: Now,
    paging: PageQuery,
    licence_type: Annotated[Code | None, Query(description="证照类型 / licence type")] = None,
    is_valid: Annotated[bool, Query(description="只看有效的 / only those in force")] = False,
) -> Page[LicenceSummary]:
    """我的证照: the licences that were issued to the caller here, newest first."""
    return await service.of_holder(
        session,
        caller.subject,
        paging,
        at=at,
        licence_type=licence_type,
        is_valid=is_valid,
    )


@router.get(
    "/api/v1/licences/verify/{code}",
    response_model=LicenceVerified,
    responses=verification.PAGE_TOO,
)
async def verify_licence(
    code: Code,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> LicenceVerified | HTMLResponse:
    """证照查验: how a licence stands (valid, expired, revoked, …, unknown), for who is shown it;
    its QR code leads here, and a browser is shown a page."""
    found = await service.verify(session, context, code, at=at)
    if verification.is_asked_by_browser(request):
        return _page(found)
    response.headers["Vary"] = "Accept"
    return found


def _page(found: LicenceVerified) -> HTMLResponse:
    said = STANDINGS[found.standing]
    return verification.page(
        f"{said['zh-CN']} {said['en']}",
        is_good=found.standing is Standing.VALID,
        rows=[
            ("证照名称 Licence", found.name),
            ("证照编号 Number", found.number),
            ("持证人 Holder", found.holder),
            ("发证地区 Issued by", found.issued_by and found.issued_by.body),
            ("有效期自 Valid from", found.valid_from),
            ("有效期至 Valid until", found.valid_until),
            ("失效日期 Void from", found.invalid_from),
        ],
    )


@router.post(
    "/api/v1/me/licences/{licence_id}/show-codes",
    status_code=201,
    responses=problems(LicenceNotFound),
)
async def make_show_code(
    licence_id: UUID, session: Session, context: InContext, caller: Identified, at: Now
) -> ShowCodeMade:
    """生成亮证码: a code that lets a window see the licence, once, within a minute."""
    return await showing.make(session, context, licence_id, caller=caller, at=at)


@router.post("/api/v1/licences/show-codes/redeem", responses=problems(ShowCodeInvalid))
async def redeem_show_code(
    body: RedeemIn, session: Session, context: InContext, caller: AtWindow, at: Now
) -> LicenceRead:
    """查看亮证: the licence that a holder shows at the window; the code is used up."""
    return await showing.redeem(session, context, body.code, caller=caller, at=at)


@router.get("/api/v1/licences/{licence_id}", responses=problems(LicenceNotFound))
async def read_licence(
    licence_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
    at: Now,
) -> LicenceRead:
    """查看电子证照: a licence in full, for its holder or for staff; each reading is on record."""
    licence, version = await service.get(session, context, licence_id, caller, at=at)
    # Never 304: a licence expires without being changed.
    response.headers["ETag"] = etag(version)
    return licence


@router.get(
    "/api/v1/licences/{licence_id}/content",
    response_class=Response,
    responses={
        **problems(LicenceNotFound),
        200: {
            "description": "证照版式文件 / the licence as PDF",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def download_licence(
    licence_id: UUID, session: Session, context: InContext, caller: Identified
) -> Response:
    """下载证照: the licence as a sealed PDF with its QR code; each printing is on record."""
    number, paper = await service.print_out(session, context, licence_id, caller)
    return Response(
        paper,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(number)}.pdf",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/api/v1/licences/{licence_id}/cancel", responses=_ENDING)
async def cancel_licence(
    licence_id: UUID,
    body: Ending,
    response: Response,
    session: Session,
    context: InContext,
    caller: Cancels,
    at: Now,
    if_match: IfMatch,
) -> LicenceRead:
    """注销电子证照: strike it off, as it expired, was given up, its holder is gone, or it ended."""
    licence, version = await endings.end(
        session,
        context,
        licence_id,
        LicenceAct.CANCEL,
        ground=body.ground,
        reason=body.reason,
        if_match=if_match,
        at=at,
        caller=caller,
    )
    response.headers["ETag"] = etag(version)
    return licence


@router.post("/api/v1/licences/{licence_id}/rescind", responses=_ENDING)
async def rescind_licence(
    licence_id: UUID,
    body: Ending,
    response: Response,
    session: Session,
    context: InContext,
    caller: Rescinds,
    at: Now,
    if_match: IfMatch,
) -> LicenceRead:
    """撤销电子证照: granted wrongly or obtained by deceit, it is void from the beginning."""
    licence, version = await endings.end(
        session,
        context,
        licence_id,
        LicenceAct.RESCIND,
        ground=body.ground,
        reason=body.reason,
        if_match=if_match,
        at=at,
        caller=caller,
    )
    response.headers["ETag"] = etag(version)
    return licence


@router.post("/api/v1/licences/{licence_id}/withdraw", responses=_ENDING)
async def withdraw_licence(
    licence_id: UUID,
    body: Withdrawal,
    response: Response,
    session: Session,
    context: InContext,
    caller: Withdraws,
    at: Now,
    if_match: IfMatch,
) -> LicenceRead:
    """撤回电子证照: in the public interest, as law or facts changed; its holder is compensated."""
    licence, version = await endings.end(
        session,
        context,
        licence_id,
        LicenceAct.WITHDRAW,
        ground=body.ground,
        reason=body.reason,
        compensation=body.compensation,
        if_match=if_match,
        at=at,
        caller=caller,
    )
    response.headers["ETag"] = etag(version)
    return licence


@router.post("/api/v1/licences/{licence_id}/revoke", responses=_ENDING)
async def revoke_licence(
    licence_id: UUID,
    body: Revocation,
    response: Response,
    session: Session,
    context: InContext,
    caller: Revokes,
    at: Now,
    if_match: IfMatch,
) -> LicenceRead:
    """吊销电子证照: end a licence before its time as a penalty; who verifies it sees so."""
    licence, version = await endings.end(
        session,
        context,
        licence_id,
        LicenceAct.REVOKE,
        ground=EndGround.PENALTY,
        reason=body.reason,
        if_match=if_match,
        at=at,
        caller=caller,
    )
    response.headers["ETag"] = etag(version)
    return licence
