"""HTTP of licences."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from case_service.errors import LicenceNotFound, LicenceRevokedAlready
from case_service.licences import service
from case_service.licences.schemas import (
    LicenceRead,
    LicenceSummary,
    LicenceVerified,
    Revocation,
)
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

Approver = Annotated[Caller, allow(Role.APPROVER)]


@router.get("/api/v1/me/licences", responses=problems(CursorInvalid))
async def list_my_licences(
    session: Session, caller: Identified, at: Now, paging: PageQuery
) -> Page[LicenceSummary]:
    """我的证照: the licences that were issued to the caller here, newest first."""
    return await service.of_holder(session, caller.subject, paging, at=at)


@router.get("/api/v1/licences/verify/{code}")
async def verify_licence(
    code: Code, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> LicenceVerified:
    """证照查验: how a licence stands (valid, expired, revoked, unknown), for who is shown it."""
    return await service.verify(session, context, code, at=at)


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


@router.post(
    "/api/v1/licences/{licence_id}/revoke",
    responses=problems(LicenceNotFound, LicenceRevokedAlready, StaleVersion),
)
async def revoke_licence(
    licence_id: UUID,
    body: Revocation,
    response: Response,
    session: Session,
    context: InContext,
    caller: Approver,
    at: Now,
    if_match: IfMatch,
) -> LicenceRead:
    """吊销电子证照: end a licence before its time, with the reason; who verifies it sees so."""
    licence, version = await service.revoke(
        session,
        context,
        licence_id,
        reason=body.reason,
        if_match=if_match,
        at=at,
        revoked_by=caller.subject,
    )
    response.headers["ETag"] = etag(version)
    return licence
