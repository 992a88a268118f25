"""HTTP of tickets: take one, look at it, come back, give up; the queue and its waits."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Request, Response

from site_service.errors import (
    KioskNotFound,
    MatterNotHere,
    NoWindowForMatter,
    SiteClosed,
    SiteNotFound,
    TicketActionNotAllowed,
    TicketNotFound,
)
from site_service.queue import calling, offline, service
from site_service.queue.errors import (
    ArrivalImpossible,
    DayClosed,
    NotOpenThen,
    TicketIdTaken,
    TicketReturnOver,
)
from site_service.queue.overview import overview
from site_service.queue.rules import Visitor
from site_service.queue.schemas import (
    AreaWait,
    QueueRead,
    SyncedTicket,
    SyncIn,
    SyncRead,
    TicketAtWindow,
    TicketIn,
    TicketRead,
    TicketTaken,
    TicketWait,
    WaitRead,
    WaitsRead,
)
from site_service.queue.tables import Ticket
from site_service.sites.schemas import SiteId
from tongban import app, etags
from tongban.clock import Now, local_date
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.problems import Where, problems

__all__ = ["SiteIdPath", "for_staff", "router"]

router = app.router("queue")

Taker = Annotated[
    Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
]
OfSite = Annotated[Caller, allow(Role.CLERK, Role.HELPER, Role.SITE_MANAGER)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]


@router.post(
    "/api/v1/sites/{site_id}/tickets",
    status_code=201,
    responses={
        **problems(SiteNotFound, MatterNotHere, ForeignSite, ArrivalImpossible),
        **problems(SiteClosed, DayClosed, NotOpenThen, NoWindowForMatter, TicketIdTaken),
    },
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
    _require_today(body.expected_at, at)
    holder = body.holder
    taken = await service.take(
        session,
        site_id,
        service.Request(
            id=body.id,
            matter_code=body.matter_code,
            area=body.area,
            channel=body.channel,
            expected_at=body.expected_at,
            visitor=Visitor(
                identity_number=holder.identity_number if holder else None,
                birth_year=body.birth_year,
                needs=frozenset(body.needs),
            ),
            name=holder.name if holder else None,
        ),
        context=context,
        caller=caller,
        at=at,
    )
    etags.offer(request, response, taken.ticket.version)
    response.headers["Location"] = f"/api/v1/tickets/{taken.ticket.id}"
    return TicketTaken(
        **TicketRead.model_validate(taken.ticket).model_dump(),
        ticket_id=taken.ticket.id,
        people_ahead=taken.people_ahead,
        expected_wait_minutes=None if taken.wait is None else taken.wait.middle,
        expected_wait=taken.wait and WaitRead.model_validate(taken.wait),
        is_helper_offered=taken.is_helper_offered,
    )


def _require_today(expected_at: datetime | None, at: datetime) -> None:
    if expected_at is None:
        return
    if expected_at < at or local_date(expected_at) != local_date(at):
        place = Where.pointer("/expected_at", ArrivalImpossible.detail, "arrival_impossible")
        raise ArrivalImpossible(errors=[place])


@router.post(
    "/api/v1/sites/{site_id}/tickets/sync",
    responses=problems(SiteNotFound, KioskNotFound, ForeignSite),
)
async def sync_tickets(
    site_id: SiteIdPath, body: SyncIn, session: Session, caller: OfSite, at: Now
) -> SyncRead:
    """离线取号补传: what a kiosk printed while off-line; telling it twice does nothing twice."""
    caller.require_site(site_id)
    printed = [
        offline.Printed(
            id=one.id,
            number=one.number,
            matter_code=one.matter_code,
            issued_at=one.issued_at,
            visitor=Visitor(birth_year=one.birth_year, needs=frozenset(one.needs)),
        )
        for one in body.tickets
    ]
    synced = await offline.sync(session, site_id, body.kiosk_code, printed, caller=caller, at=at)
    return SyncRead(tickets=[SyncedTicket.model_validate(one) for one in synced])


@router.get("/api/v1/sites/{site_id}/queue", responses=problems(SiteNotFound))
async def read_queue(
    site_id: SiteIdPath, session: Session, at: Now, _caller: MaybeCaller
) -> QueueRead:
    """排队情况: how many wait, and the number that each window serves."""
    return await overview(session, site_id, at=at)


@router.get("/api/v1/sites/{site_id}/queue/waits", responses=problems(SiteNotFound))
async def read_waits(
    site_id: SiteIdPath, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> WaitsRead:
    """预计等候: how long one would wait who comes now, with the spread, by business area."""
    waits = await service.waits_at(session, site_id, context=context, at=at)
    return WaitsRead(
        site_id=site_id,
        at=at,
        waits=[
            AreaWait(
                area=area,
                is_green=is_green,
                expected_wait=wait and WaitRead.model_validate(wait),
            )
            for area, is_green, wait in waits
        ],
    )


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
        return for_staff(ticket, context)
    return TicketAtWindow.model_validate(ticket)


@router.get("/api/v1/tickets/{ticket_id}/wait", responses=problems(TicketNotFound))
async def read_wait(
    ticket_id: UUID, session: Session, context: InContext, caller: Identified, at: Now
) -> TicketWait:
    """还需等候: how many stand before one's ticket, and how long it still waits."""
    ticket = await service.get(session, ticket_id, caller=caller)
    ahead, wait = await service.wait_of(session, ticket, context=context, at=at)
    return TicketWait(
        ticket_id=ticket.id,
        state=ticket.state,
        people_ahead=ahead,
        expected_wait=wait and WaitRead.model_validate(wait),
    )


@router.post(
    "/api/v1/tickets/{ticket_id}/return",
    responses={
        **problems(TicketNotFound, StaleVersion),
        **problems(TicketActionNotAllowed, TicketReturnOver),
    },
)
async def return_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    caller: Identified,
    if_match: IfMatch,
    at: Now,
) -> TicketRead:
    """过号返回: a missed ticket waits again; once, soon, with part of its waiting."""
    ticket = await _own(session, ticket_id, caller, if_match)
    return _answer(await calling.come_back(session, ticket, at=at), response)


@router.post(
    "/api/v1/tickets/{ticket_id}/withdraw",
    responses=problems(TicketNotFound, TicketActionNotAllowed, StaleVersion),
)
async def withdraw_ticket(
    ticket_id: UUID,
    response: Response,
    session: Session,
    caller: Identified,
    if_match: IfMatch,
    at: Now,
) -> TicketRead:
    """放弃排队: give one's turn up, so that nobody waits for it."""
    ticket = await _own(session, ticket_id, caller, if_match)
    return _answer(await calling.withdraw(session, ticket, at=at), response)


async def _own(session: Session, ticket_id: UUID, caller: Caller, if_match: str | None) -> Ticket:
    ticket = await service.get_own_for_change(session, ticket_id, caller=caller)
    require_match(ticket.version, if_match)
    return ticket


def _answer(ticket: Ticket, response: Response) -> TicketRead:
    response.headers["ETag"] = etags.etag(ticket.version)
    return TicketRead.model_validate(ticket)


def for_staff(ticket: Ticket, context: Context) -> TicketAtWindow:
    """Return the ticket as the site's staff see it."""
    read = TicketAtWindow.model_validate(ticket)
    return read.model_copy(update={"holder": service.holder_of(ticket, context.vault)})
