"""HTTP of destruction: proposals, their approval by another, the register of what is gone."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from case_service.archive import destructions
from case_service.archive.errors import (
    ApproverProposed,
    DestructionDecided,
    DestructionNotFound,
    NotDestroyable,
)
from case_service.archive.routes import Archiving, Looking
from case_service.archive.schemas import (
    DestructionIn,
    DestructionRead,
    RegisterRead,
    RejectionIn,
)
from case_service.archive.tables import Destruction
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, etag
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = new_router("archive")

Deciding = Annotated[Caller, allow(Role.APPROVER, Role.SUPERVISOR, Role.ADMIN)]


@router.post("/api/v1/archive/destructions", status_code=201, responses=problems(NotDestroyable))
async def propose_destruction(
    body: DestructionIn, response: Response, session: Session, caller: Archiving, at: Now
) -> DestructionRead:
    """提出销毁: files whose term is over, with the appraisal's opinion; all of them or none."""
    proposal = await destructions.propose(
        session, body.files, appraisal=body.appraisal, caller=caller, at=at
    )
    return _told(response, proposal)


@router.get("/api/v1/archive/destructions", responses=problems(CursorInvalid))
async def list_destructions(
    session: Session, _caller: Looking, paging: PageQuery
) -> Page[DestructionRead]:
    """销毁清册: proposals, newest first."""
    rows = await destructions.listed(session, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[DestructionRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/archive/destructions/{destruction_id}/approve",
    responses=problems(
        DestructionNotFound, DestructionDecided, ApproverProposed, NotDestroyable, StaleVersion
    ),
)
async def approve_destruction(
    destruction_id: UUID,
    response: Response,
    session: Session,
    caller: Deciding,
    at: Now,
    if_match: IfMatch,
) -> DestructionRead:
    """批准销毁: by somebody else than who proposed it; the worker then destroys the files."""
    proposal = await destructions.approve(
        session, destruction_id, caller=caller, at=at, if_match=if_match
    )
    return _told(response, proposal)


@router.post(
    "/api/v1/archive/destructions/{destruction_id}/reject",
    responses=problems(DestructionNotFound, DestructionDecided, ApproverProposed, StaleVersion),
)
async def reject_destruction(
    destruction_id: UUID,
    body: RejectionIn,
    response: Response,
    session: Session,
    caller: Deciding,
    at: Now,
    if_match: IfMatch,
) -> DestructionRead:
    """不批准销毁: the files stay."""
    proposal = await destructions.reject(
        session, destruction_id, reason=body.reason, caller=caller, at=at, if_match=if_match
    )
    return _told(response, proposal)


@router.get("/api/v1/archive/register", responses=problems(CursorInvalid))
async def list_destroyed(
    session: Session,
    _caller: Looking,
    paging: PageQuery,
    destruction_id: Annotated[UUID | None, Query(description="销毁清册 / of one proposal")] = None,
) -> Page[RegisterRead]:
    """销毁登记: number, class and date of what was destroyed, for ever; no personal data."""
    rows = await destructions.registered(session, paging, destruction_id=destruction_id)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[RegisterRead.model_validate(row) for row in page], next_cursor=cursor)


def _told(response: Response, proposal: Destruction) -> DestructionRead:
    response.headers["ETag"] = etag(proposal.version)
    return DestructionRead.model_validate(proposal)
