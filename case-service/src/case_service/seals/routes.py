"""HTTP of seals."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from case_service.seals import service
from case_service.seals.errors import (
    AuthorisationOver,
    NotItsKeeper,
    SealAuthorisationNotFound,
    SealNotFound,
)
from case_service.seals.schemas import (
    AuthorisationIn,
    AuthorisationRead,
    KeepersIn,
    SealRead,
    SealUseRead,
)
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, etag
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("seals")

Admin = Annotated[Caller, allow(Role.ADMIN)]
Keeper = Annotated[Caller, allow(Role.SEAL_KEEPER)]
Overseer = Annotated[Caller, allow(Role.SEAL_KEEPER, Role.SUPERVISOR, Role.APPROVER, Role.ADMIN)]


@router.get("/api/v1/seals")
async def list_seals(session: Session, context: InContext, _caller: Overseer) -> list[SealRead]:
    """印章名册: the district's electronic seals, and who keeps each."""
    return await service.register(session, context)


@router.put("/api/v1/seals/{seal_id}/keepers", responses=problems(SealNotFound, StaleVersion))
async def keep_seal(
    seal_id: UUID,
    body: KeepersIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Admin,
    if_match: IfMatch,
) -> SealRead:
    """印章移交: hand a seal to its keepers, or put it out of use; on the record."""
    seal = await service.keep(session, context, seal_id, body, caller=caller, if_match=if_match)
    response.headers["ETag"] = etag(seal.version)
    return seal


@router.get(
    "/api/v1/seals/{seal_id}/authorisations", responses=problems(SealNotFound, CursorInvalid)
)
async def list_authorisations(
    seal_id: UUID, session: Session, _caller: Overseer, paging: PageQuery
) -> Page[AuthorisationRead]:
    """用印授权列表: what the keepers authorised, newest first."""
    rows, cursor = await service.authorisations(session, seal_id, paging)
    items = [AuthorisationRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor)


@router.post(
    "/api/v1/seals/{seal_id}/authorisations",
    status_code=201,
    responses=problems(SealNotFound, NotItsKeeper),
)
async def authorise_sealing(
    seal_id: UUID, body: AuthorisationIn, session: Session, caller: Keeper, at: Now
) -> AuthorisationRead:
    """用印授权: let these kinds of documents be sealed by themselves, on these days."""
    given = await service.authorise(session, seal_id, body, caller=caller, at=at)
    return AuthorisationRead.model_validate(given)


@router.post(
    "/api/v1/seals/{seal_id}/authorisations/{authorisation_id}/revoke",
    responses=problems(SealNotFound, NotItsKeeper, SealAuthorisationNotFound, AuthorisationOver),
)
async def revoke_authorisation(
    seal_id: UUID, authorisation_id: UUID, session: Session, caller: Keeper, at: Now
) -> AuthorisationRead:
    """撤销用印授权: from this moment nothing more is sealed under it."""
    given = await service.revoke(session, seal_id, authorisation_id, caller=caller, at=at)
    return AuthorisationRead.model_validate(given)


@router.get("/api/v1/seals/{seal_id}/uses", responses=problems(SealNotFound, CursorInvalid))
async def list_uses(
    seal_id: UUID, session: Session, _caller: Overseer, paging: PageQuery
) -> Page[SealUseRead]:
    """用印记录: every use of a seal, newest first."""
    rows, cursor = await service.uses(session, seal_id, paging)
    items = [SealUseRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=cursor)
