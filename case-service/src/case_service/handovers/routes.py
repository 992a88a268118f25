"""HTTP of handovers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from case_service.handovers import service
from case_service.handovers.errors import HandoverAcknowledged, HandoverNotFound
from case_service.handovers.rules import HandoverState
from case_service.handovers.schemas import AcknowledgeIn, HandoverRead
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, etag
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Line

__all__ = ["router"]

router = new_router("handovers")

Supervising = Annotated[
    Caller, allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN)
]


@router.get("/api/v1/handovers", responses=problems(CursorInvalid))
async def list_handovers(
    session: Session,
    caller: Supervising,
    paging: PageQuery,
    department: Annotated[Line | None, Query(description="监管部门 / department")] = None,
    state: Annotated[HandoverState | None, Query(description="状态 / state")] = None,
    is_open: Annotated[bool | None, Query(description="尚未签收 / not acknowledged yet")] = None,
) -> Page[HandoverRead]:
    """审管联动移交单: the licence decisions handed over to the caller's department."""
    rows = await service.listed(
        session, caller, paging, department=department, state=state, is_open=is_open
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[HandoverRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/handovers/{handover_id}/acknowledge",
    responses=problems(HandoverNotFound, HandoverAcknowledged, StaleVersion),
)
async def acknowledge_handover(
    handover_id: UUID,
    body: AcknowledgeIn,
    response: Response,
    session: Session,
    caller: Supervising,
    at: Now,
    if_match: IfMatch,
) -> HandoverRead:
    """签收移交单: the supervising department takes the decision over."""
    handover = await service.acknowledge(
        session, handover_id, measure=body.measure, caller=caller, at=at, if_match=if_match
    )
    response.headers["ETag"] = etag(handover.version)
    return HandoverRead.model_validate(handover)
