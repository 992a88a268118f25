"""HTTP of windows: call, serve, finish, transfer, pause; a site's day and its rule."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from site_service.errors import (
    NoWindowForMatter,
    SiteClosed,
    SiteNotFound,
    TicketActionNotAllowed,
    TicketNotFound,
    WindowBusy,
    WindowClosed,
    WindowNotFound,
)
from site_service.queue import calling, days, service
from site_service.queue.errors import WindowPaused
from site_service.queue.overview import overview
from site_service.queue.policy import QueuePolicy
from site_service.queue.routes import SiteIdPath, for_staff
from site_service.queue.schemas import (
    CallAnswer,
    PauseIn,
    QueueRead,
    TicketAtWindow,
    TicketDone,
    TicketRead,
    TransferIn,
)
from site_service.queue.tables import Ticket
from tongban import app, etags
from tongban.clock import Now
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, MaybeCaller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router: APIRouter = app.router("queue")

AtWindow = Annotated[Caller, allow(Role.CLERK, Role.SITE_MANAGER)]
InCharge = Annotated[Caller, allow(Role.SITE_MANAGER, Role.ADMIN)]

ACTION_PROBLEMS = problems(TicketNotFound, TicketActionNotAllowed, StaleVersion, ForeignSite)


@router.post(
    "/api/v1/windows/{window_id}/call-next",
    responses={
        **problems(WindowNotFound, SiteNotFound, ForeignSite),
        **problems(WindowClosed, WindowBusy, WindowPaused, SiteClosed),
    },
)
async def call_next(
    window_id: UUID, session: Session, context: InContext, caller: AtWindow, at: Now
) -> CallAnswer:
    """叫号: call the next ticket to a window; `ticket` is null where none waits for it."""
    ticket = await calling.call_next(session, window_id, caller=caller, at=at)
    return CallAnswer(ticket=None if ticket is None else for_staff(ticket, context))


@router.post(
    "/api/v1/windows/{window_id}/pause",
    status_code=204,
    responses=problems(WindowNotFound, ForeignSite),
)
async def pause_window(
    window_id: UUID, body: PauseIn, session: Session, caller: AtWindow, at: Now
) -> None:
    """暂停服务: the window calls nobody for a while; whom it has is served."""
    await days.pause(session, window_id, reason=body.reason, caller=caller, at=at)


@router.post(
    "/api/v1/windows/{window_id}/resume",
    status_code=204,
    responses=problems(WindowNotFound, ForeignSite),
)
async def resume_window(window_id: UUID, session: Session, caller: AtWindow, at: Now) -> None:
    """恢复服务: the window calls again."""
    await days.resume(session, window_id, caller=caller, at=at)


@router.post(
    "/api/v1/tickets/{ticket_id}/recall",
    responses={
        **ACTION_PROBLEMS,
        **problems(TicketActionNotAllowed, WindowBusy, WindowPaused),
    },
)
async def recall_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketAtWindow:
    """重呼: call a ticket again at its window, also after it was missed."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    return _answer(await calling.recall(session, ticket, at=at), context, response)


@router.post("/api/v1/tickets/{ticket_id}/miss", responses=ACTION_PROBLEMS)
async def miss_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketAtWindow:
    """过号: nobody came when the ticket was called."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    return _answer(await calling.miss(session, ticket, at=at), context, response)


@router.post("/api/v1/tickets/{ticket_id}/serve", responses=ACTION_PROBLEMS)
async def serve_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketAtWindow:
    """开始办理: the visitor came to the window."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    return _answer(await calling.serve(session, ticket, at=at), context, response)


@router.post("/api/v1/tickets/{ticket_id}/done", responses=ACTION_PROBLEMS)
async def finish_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketDone:
    """办完: the visit is over and the window free; `next_ticket` is for the next window."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    finished = await calling.finish(session, ticket, at=at)
    following = finished.following and TicketRead.model_validate(finished.following)
    read = _answer(finished.ticket, context, response)
    return TicketDone(**read.model_dump(), next_ticket=following)


@router.post(
    "/api/v1/tickets/{ticket_id}/transfer",
    responses={**ACTION_PROBLEMS, **problems(TicketActionNotAllowed, NoWindowForMatter)},
)
async def transfer_ticket(
    ticket_id: UUID,
    body: TransferIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketAtWindow:
    """转窗: send the visitor to another window or area; the place in the queue is kept."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    moved = await calling.transfer(session, ticket, area=body.area, window_id=body.window_id, at=at)
    return _answer(moved, context, response)


@router.get("/api/v1/sites/{site_id}/queue/policy", responses=problems(SiteNotFound))
async def read_policy(site_id: SiteIdPath, session: Session, _caller: MaybeCaller) -> QueuePolicy:
    """叫号规则: the site's classes and who is called before whom."""
    return await days.policy(session, site_id)


@router.put("/api/v1/sites/{site_id}/queue/policy", responses=problems(SiteNotFound, ForeignSite))
async def keep_policy(
    site_id: SiteIdPath, body: QueuePolicy, session: Session, caller: InCharge
) -> QueuePolicy:
    """设置叫号规则: give the site a rule of its own, from the next call on."""
    caller.require_site(site_id)
    return await days.keep_policy(session, site_id, body, caller=caller)


@router.post("/api/v1/sites/{site_id}/queue/close", responses=problems(SiteNotFound, ForeignSite))
async def close_day(site_id: SiteIdPath, session: Session, caller: InCharge, at: Now) -> QueueRead:
    """停止取号: no more tickets today; those who wait are still called."""
    caller.require_site(site_id)
    await days.close(session, site_id, caller=caller, at=at)
    return await overview(session, site_id, at=at)


@router.post("/api/v1/sites/{site_id}/queue/reopen", responses=problems(SiteNotFound, ForeignSite))
async def reopen_day(site_id: SiteIdPath, session: Session, caller: InCharge, at: Now) -> QueueRead:
    """恢复取号: tickets are given again today."""
    caller.require_site(site_id)
    await days.reopen(session, site_id, caller=caller, at=at)
    return await overview(session, site_id, at=at)


async def _matching(
    session: Session, ticket_id: UUID, caller: Caller, if_match: str | None
) -> Ticket:
    ticket = await service.get_for_change(session, ticket_id, caller=caller)
    require_match(ticket.version, if_match)
    return ticket


def _answer(ticket: Ticket, context: Context, response: Response) -> TicketAtWindow:
    response.headers["ETag"] = etags.etag(ticket.version)
    return for_staff(ticket, context)
