"""HTTP of changes to partners: districts that ask, administrators who enter, check and approve."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request

from interop_service.errors import (
    AlreadyRegistered,
    DigestMismatch,
    MessageExpired,
    MessageTooLarge,
    MessageUnreadable,
    PartnerNotFound,
    SenderMismatch,
    SignatureInvalid,
    WrongDistrict,
)
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.door import PROOF, SignedPartner, read_body, signed_router
from interop_service.exchanges.protocol import TREE
from interop_service.partners.schemas import DistrictCode, PartnerIn
from interop_service.refusals import (
    ChangeDecided,
    ChangeNotFound,
    KeysUnusable,
    PartnerNotActive,
    SecondPersonNeeded,
)
from interop_service.registrations import service
from interop_service.registrations.rules import ChangeState, ChangeStep
from interop_service.registrations.schemas import (
    ApplicationIn,
    ApplicationRead,
    ChangeRead,
    KeysTaken,
    RefusalIn,
)
from interop_service.registrations.tables import PartnerChange
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = app.router("partners")
Admin = Annotated[Caller, allow(Role.ADMIN)]
DECISIONS = (ChangeNotFound, ChangeDecided, SecondPersonNeeded)
LARGEST_REQUEST = 64 * 1024


@router.post(
    "/api/v1/partners",
    status_code=202,
    response_model=ChangeRead,
    responses=problems(KeysUnusable, StaleVersion),
)
async def enter_partner(
    given: PartnerIn, session: Session, caller: Admin, if_match: IfMatch
) -> PartnerChange:
    """录入合作区: a partner to be, or what is to change of one; another administrator approves."""
    return await service.enter(session, given, actor=caller.subject, if_match=if_match)


@router.get("/api/v1/partner-changes", responses=problems(CursorInvalid))
async def list_changes(
    session: Session,
    paging: PageQuery,
    _caller: Admin,
    state: Annotated[ChangeState | None, Query()] = None,
) -> Page[ChangeRead]:
    """合作区登记申请列表: what was asked for or entered, newest first."""
    rows = await service.changes_page(session, paging, state=state)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[ChangeRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/partner-changes/{change_id}/endorse",
    response_model=ChangeRead,
    responses=problems(*DECISIONS),
)
async def endorse_change(
    change_id: UUID, session: Session, at: Now, caller: Admin
) -> PartnerChange:
    """核实登记申请: say that the keys a district sent were checked with it by another way."""
    return await service.decide(session, change_id, ChangeStep.ENDORSE, actor=caller.subject, at=at)


@router.post(
    "/api/v1/partner-changes/{change_id}/approve",
    response_model=ChangeRead,
    responses=problems(*DECISIONS),
)
async def approve_change(
    change_id: UUID, session: Session, at: Now, caller: Admin
) -> PartnerChange:
    """复核通过: let a change count; not by the one who entered or endorsed it."""
    return await service.decide(session, change_id, ChangeStep.APPROVE, actor=caller.subject, at=at)


@router.post(
    "/api/v1/partner-changes/{change_id}/refuse",
    response_model=ChangeRead,
    responses=problems(*DECISIONS),
)
async def refuse_change(
    change_id: UUID, given: RefusalIn, session: Session, at: Now, caller: Admin
) -> PartnerChange:
    """退回登记申请: let a change not count, with the reason."""
    return await service.decide(
        session,
        change_id,
        ChangeStep.REFUSE,
        actor=caller.subject,
        at=at,
        reason=given.reason,
    )


@router.post("/api/v1/partners/{district}/apply", responses=problems())
async def apply_to_partner(
    district: DistrictCode, given: ApplicationIn, context: InContext, at: Now, _caller: Admin
) -> ApplicationRead:
    """申请登记: ask another district, by a signed request with our keys, to register this one."""
    return await service.apply_to(context, district, given, at=at)


@router.post(
    "/api/v1/partners/{district}/announce-keys",
    responses=problems(PartnerNotFound, PartnerNotActive),
)
async def announce_keys(
    district: DistrictCode, session: Session, context: InContext, at: Now, _caller: Admin
) -> KeysTaken:
    """通知换钥: send a partner our key set as it is now, signed by a key that it knows."""
    return await service.announce_keys(session, context, district, at=at)


@signed_router.post(
    f"{TREE}/registrations",
    status_code=202,
    response_model=ChangeRead,
    response_model_include={"id", "state"},
    responses=problems(
        SignatureInvalid,
        MessageExpired,
        DigestMismatch,
        MessageUnreadable,
        MessageTooLarge,
        KeysUnusable,
        SenderMismatch,
        WrongDistrict,
        AlreadyRegistered,
    ),
)
async def receive_registration(
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    sender: Annotated[DistrictCode, Header(alias="Tongban-Sender")],
    _caller: MaybeCaller,
) -> PartnerChange:
    """接收登记申请: a district asks to be a partner, signed by a key that it brings along."""
    read = partial(read_body, request, LARGEST_REQUEST)
    return await service.ask(
        session, context, Asked(request.scope), await read(), sender=sender, at=at
    )


@signed_router.post(f"{TREE}/keys", responses=problems(*PROOF, KeysUnusable))
async def receive_keys(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> KeysTaken:
    """接收换钥通知: a partner's new keys, proven by one known so far; the old ones end soon."""
    return await service.rotate_keys(session, signed, own_district=context.settings.district, at=at)
