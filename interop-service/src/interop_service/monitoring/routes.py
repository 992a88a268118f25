"""HTTP of monitoring, for those who run and supervise the exchange."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query
from fastapi.responses import StreamingResponse

from interop_service.monitoring import service
from interop_service.monitoring.rules import Outcome
from interop_service.monitoring.schemas import MonitoringRead, OperationRead
from interop_service.partners.schemas import DistrictCode
from interop_service.refusals import PeriodUpsideDown
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.instants import Instant
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router"]

router = app.router("exchanges")
Operator = Annotated[Caller, allow(Role.SUPERVISOR, Role.ADMIN, Role.OPS)]
Partner = Annotated[DistrictCode | None, Query()]
LastEvent = Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)]


@router.get("/api/v1/exchanges/monitoring", responses=problems(PeriodUpsideDown))
async def read_monitoring(
    session: Session,
    at: Now,
    _caller: Operator,
    since: Annotated[Instant | None, Query(description="起 / from; a day ago")] = None,
    until: Annotated[Instant | None, Query(description="止 / before; now")] = None,
    partner: Partner = None,
    by_matter: Annotated[bool, Query(description="按事项分列 / a line for each matter")] = False,
) -> MonitoringRead:
    """运行监测: traffic, latency, failure origin and backlog, per partner and matter."""
    ends = until or at
    begins = since or ends - timedelta(days=1)
    if begins >= ends:
        raise PeriodUpsideDown(since=begins.isoformat(), until=ends.isoformat())
    return await service.summary(
        session, since=begins, until=ends, partner=partner, by_matter=by_matter
    )


@router.get("/api/v1/exchanges/operations", responses=problems(CursorInvalid))
async def list_operations(
    session: Session,
    paging: PageQuery,
    _caller: Operator,
    partner: Partner = None,
    outcome: Outcome | None = None,
) -> Page[OperationRead]:
    """运行记录: each attempt to bring a message to or from a partner, newest first."""
    rows = await service.operations_page(session, paging, partner=partner, outcome=outcome)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[OperationRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get(
    "/api/v1/exchanges/operations/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-Sent Events",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def stream_operations(
    context: InContext,
    _caller: Operator,
    partner: Partner = None,
    last_event_id: LastEvent = None,
) -> StreamingResponse:
    """运行动态: records as they come, with whose fault; resumes after `Last-Event-ID`."""
    return StreamingResponse(
        service.listen(context, _id_of(last_event_id), partner=partner),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _id_of(text: str | None) -> UUID | None:
    """Return the id to resume after; what is none of ours is no place to resume from."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
