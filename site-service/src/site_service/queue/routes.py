"""HTTP of the queue."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request, Response

from site_service.errors import (
    MatterNotHere,
    NoWindowForMatter,
    SiteClosed,
    SiteNotFound,
    TicketActionNotAllowed,
    TicketNotFound,
    WindowBusy,
    WindowClosed,
    WindowNotFound,
)
from site_service.queue import service
from site_service.queue.rules import Visitor
from site_service.queue.schemas import (
    CallAnswer,
    QueueRead,
    TicketAtWindow,
    TicketIn,
    TicketRead,
    TicketTaken,
)
from site_service.queue.tables import Ticket
from site_service.sites.schemas import SiteId
from tongban import app, etags
from tongban.clock import Now
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = app.router("queue")

Taker = Annotated[
    Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
]
AtWindow = Annotated[Caller, allow(Role.CLERK, Role.SITE_MANAGER)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]

ACTION_PROBLEMS = problems(TicketNotFound, TicketActionNotAllowed, StaleVersion, ForeignSite)


@router.post(
    "/api/v1/sites/{site_id}/tickets",
    status_code=201,
    responses=problems(SiteNotFound, SiteClosed, MatterNotHere, NoWindowForMatter, ForeignSite),
)
async def take_ticket(
    site_id: SiteIdPath,
    body: TicketIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Taker,
    at: Now,
) -> TicketTaken:
    """取号: take a ticket for a matter; aged 60 or in need, one goes through the green channel."""
    if caller.is_staff:
        caller.require_site(site_id)
    holder = body.holder
    taken = await service.take(
        session,
        site_id,
        service.Request(
            matter_code=body.matter_code,
            area=body.area,
            channel=body.channel,
            visitor=Visitor(
                identity_number=holder.identity_number if holder else None,
                birth_year=body.birth_year,
                needs=frozenset(body.needs),
            ),
            name=holder.name if holder else None,
        ),
        vault=context.vault,
        caller=caller,
        at=at,
    )
    etags.offer(request, response, taken.ticket.version)
    response.headers["Location"] = f"/api/v1/tickets/{taken.ticket.id}"
    return TicketTaken(
        **TicketRead.model_validate(taken.ticket).model_dump(),
        ticket_id=taken.ticket.id,
        people_ahead=taken.people_ahead,
        expected_wait_minutes=taken.expected_wait_minutes,
        is_helper_offered=taken.is_helper_offered,
    )


@router.get("/api/v1/sites/{site_id}/queue", responses=problems(SiteNotFound))
async def read_queue(
    site_id: SiteIdPath, session: Session, at: Now, _caller: MaybeCaller
) -> QueueRead:
    """排队情况: how many wait, and the number that each window serves."""
    return await service.overview(session, site_id, at=at)


@router.post(
    "/api/v1/windows/{window_id}/call-next",
    responses=problems(WindowNotFound, WindowClosed, WindowBusy, ForeignSite),
)
async def call_next(
    window_id: UUID, session: Session, context: InContext, caller: AtWindow, at: Now
) -> CallAnswer:
    """叫号: call the next ticket to a window; `ticket` is null where none waits for it."""
    ticket = await service.call_next(session, window_id, caller=caller, at=at)
    return CallAnswer(ticket=None if ticket is None else _for_staff(ticket, context))


@router.get(
    "/api/v1/tickets/{ticket_id}",
    responses={**problems(TicketNotFound), 304: {"description": "未变更 / not modified"}},
)
async def read_ticket(
    ticket_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
) -> TicketAtWindow:
    """号票: one's own ticket, or one of the site that one works for."""
    ticket = await service.get(session, ticket_id, caller=caller)
    etags.offer(request, response, ticket.version)
    if service.is_staff_of(caller, ticket):
        return _for_staff(ticket, context)
    return TicketAtWindow.model_validate(ticket)


@router.post(
    "/api/v1/tickets/{ticket_id}/recall",
    responses={**ACTION_PROBLEMS, **problems(TicketActionNotAllowed, WindowBusy)},
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
    return _answer(await service.recall(session, ticket, at=at), context, response)


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
    return _answer(await service.miss(session, ticket, at=at), context, response)


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
    return _answer(await service.serve(session, ticket, at=at), context, response)


@router.post("/api/v1/tickets/{ticket_id}/done", responses=ACTION_PROBLEMS)
async def finish_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: AtWindow,
    if_match: IfMatch,
    at: Now,
) -> TicketAtWindow:
    """办完: the visit is over and the window free."""
    ticket = await _matching(session, ticket_id, caller, if_match)
    return _answer(await service.finish(session, ticket, at=at), context, response)


async def _matching(
    session: Session, ticket_id: UUID, caller: Caller, if_match: str | None
) -> Ticket:
    ticket = await service.get_for_change(session, ticket_id, caller=caller)
    require_match(ticket.version, if_match)
    return ticket


def _answer(ticket: Ticket, context: Context, response: Response) -> TicketAtWindow:
    response.headers["ETag"] = etags.etag(ticket.version)
    return _for_staff(ticket, context)


def _for_staff(ticket: Ticket, context: Context) -> TicketAtWindow:
    read = TicketAtWindow.model_validate(ticket)
    return read.model_copy(update={"holder": service.holder_of(ticket, context.vault)})
