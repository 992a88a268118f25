"""Use cases of the queue: take a ticket, look at it, tie it to its case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import MatterNotHere, NoWindowForMatter, SiteClosed, TicketNotFound
from site_service.events import TicketIssued
from site_service.queue import attendance, notes, rules, store
from site_service.queue.errors import DayClosed, NotOpenThen, TicketIdTaken
from site_service.queue.estimate import Measured, Wait
from site_service.queue.policy import USUAL, CallClass, QueuePolicy
from site_service.queue.rules import TicketChannel, Visitor
from site_service.queue.schemas import HolderRead
from site_service.queue.tables import Ticket
from site_service.queue.waits import Waits
from site_service.sites import service as sites
from site_service.sites.rules import MatterThere, SiteState, WindowKind, WindowState
from site_service.sites.tables import Window
from tongban.clock import local_date, start_of
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
from tongban.problems import Where
from tongban.vault import Vault

log = structlog.get_logger(__name__)

NAME_SEALED_FOR = "tickets.holder_name"
NUMBER_SEALED_FOR = "tickets.identity_number"
TAIL = 4

SITE_STAFF = (Role.CLERK, Role.HELPER, Role.SITE_MANAGER, Role.SUPERVISOR, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Request:
    """What a visitor asks for when taking a ticket."""

    matter_code: str
    area: str | None
    channel: TicketChannel
    visitor: Visitor
    name: str | None = None
    id: UUID | None = None
    """Made by who asks, so that asking again asks for the same."""
    expected_at: datetime | None = None
    due_at: datetime | None = None
    appointment_id: UUID | None = None
    itinerary: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket, and what the visitor wants to know of it."""

    ticket: Ticket
    people_ahead: int
    wait: Wait | None
    is_helper_offered: bool


async def policy_of(session: AsyncSession, site_id: str) -> QueuePolicy:
    """Return the site's rule of calls."""
    row = await store.rules_of(session, site_id)
    return USUAL if row is None else QueuePolicy.model_validate(row.policy)


async def take(
    session: AsyncSession,
    site_id: str,
    request: Request,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Taken:
    """Give out the next number of the day; the same id again gives the same ticket.

    Raises:
        SiteClosed, DayClosed: 409, the site gives no tickets now.
        NotOpenThen: 409, with the next opening, and the nearest sites that are open then.
        MatterNotHere: 409, with the nearest sites that handle the matter.
        NoWindowForMatter: 409, no window here could call the ticket.
        TicketIdTaken: 409, the id is of another ticket.
    """
    today = local_date(at)
    is_helper_offered = request.visitor.is_elderly(today)
    policy = await policy_of(session, site_id)
    if request.id is not None:
        await store.lock_teller(session, str(request.id))
        if (known := await store.get(session, request.id)) is not None:
            _require_same(known, site_id, request, caller)
            ahead, wait = await Waits.of(context).of_ticket(session, known, policy, at=at)
            return Taken(known, ahead, wait, is_helper_offered)
    there = await sites.matter_there(session, site_id, request.matter_code)
    windows = await sites.windows(session, site_id)
    await _refuse_closed(session, site_id, request, there, at)
    call_class = policy.class_of(request.visitor.facts(today))
    ticket = await _made(session, site_id, request, there, windows, call_class, at)
    await _refuse_when_shut(session, ticket, there, windows, context=context, caller=caller, at=at)
    ticket.taken_by = caller.subject
    _seal(ticket, request, context.vault)
    ahead, wait = await Waits.of(context).of_newcomer(session, ticket, policy, at=at)
    ticket.foreseen = (
        None if wait is None else {"low": wait.low, "middle": wait.middle, "high": wait.high}
    )
    # Last: the counter's row is locked from here until the commit.
    count = await store.next_count(session, site_id, today, call_class.prefix)
    ticket.number = rules.number_of(call_class.prefix, count)
    session.add(ticket)
    publish(session, TicketIssued(**facts_of(ticket, at)), of=ticket)
    await notes.write(session, site_id, "issued", note_of(ticket), at=at)
    return Taken(ticket, ahead, wait, is_helper_offered)


def _require_same(known: Ticket, site_id: str, request: Request, caller: Caller) -> None:
    asked = (site_id, request.matter_code, caller.subject)
    if (known.site_id, known.matter_code, known.taken_by) != asked:
        raise TicketIdTaken


async def _made(
    session: AsyncSession,
    site_id: str,
    request: Request,
    there: MatterThere,
    windows: Sequence[Window],
    call_class: CallClass,
    at: datetime,
) -> Ticket:
    """Return the ticket without its number, where some window here can call it."""
    area = request.area or there.area
    if not there.is_handled or area is None:
        others = await other_sites(session, site_id, request.matter_code, there)
        raise MatterNotHere(names=[other["name"] for other in others], other_sites=others)
    ticket = Ticket(
        id=request.id or new_id(),
        site_id=site_id,
        day=local_date(at),
        matter_code=request.matter_code,
        area=area,
        is_partner=there.is_partner,
        is_green=call_class.is_green,
        call_class=call_class.code,
        needs=sorted(request.visitor.needs),
        channel=request.channel,
        issued_at=at,
        expected_at=request.expected_at,
        placed_at=rules.place_of(issued_at=at, expected_at=request.expected_at),
        due_at=request.due_at,
        appointment_id=request.appointment_id,
        itinerary=list(request.itinerary),
    )
    if not windows_for(ticket, windows):
        others = await other_sites(session, site_id, request.matter_code, there)
        raise NoWindowForMatter(names=[other["name"] for other in others], other_sites=others)
    return ticket


async def _refuse_closed(
    session: AsyncSession, site_id: str, request: Request, there: MatterThere, at: datetime
) -> None:
    until, arrives_at = there.closed_until, request.expected_at or at
    if there.state is not SiteState.OPEN and (until is None or until > arrives_at):
        others = await other_sites(session, site_id, request.matter_code, there)
        raise SiteClosed(
            reason=there.closed_reason,
            reopens_at=until,
            names=[one["name"] for one in others],
            other_sites=others,
        )
    if (closed := await store.closed_day(session, site_id, local_date(at))) is not None:
        raise DayClosed(closed_at=closed.closed_at)


async def _refuse_when_shut(
    session: AsyncSession,
    ticket: Ticket,
    there: MatterThere,
    windows: Sequence[Window],
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> None:
    """Give no number for a time at which nobody is there to call it.

    Who comes ahead of the opening waits for it. Who has an appointment has a time that was
    offered. Who is given a number by a clerk at a window stands before somebody who serves.
    """
    is_at_the_window = ticket.channel is TicketChannel.WINDOW and caller.is_staff
    if ticket.due_at is not None or (is_at_the_window and ticket.expected_at is None):
        return
    arrives_at = ticket.expected_at or at
    today = await attendance.of_today(session, ticket.site_id, context=context, at=at)
    ids = [window.id for window in windows_for(ticket, windows)]
    calls_from = today.calls_from(ids, arrives_at)
    if calls_from is not None and (ticket.expected_at is None or calls_from == arrives_at):
        return
    here, code = ticket.site_id, ticket.matter_code
    others = await other_sites(session, here, code, there, open_then=arrives_at)
    field = Where.pointer("/expected_at", NotOpenThen.title, NotOpenThen.type)
    raise NotOpenThen(
        arrives_at=arrives_at,
        opens_at=calls_from or today.hours.next_opening(start_of(ticket.day + timedelta(days=1))),
        names=[other["name"] for other in others],
        other_sites=others,
        errors=[] if ticket.expected_at is None else [field],
    )


async def other_sites(
    session: AsyncSession,
    site_id: str,
    matter_code: str,
    there: MatterThere,
    *,
    open_then: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return the nearest other sites that have a window for the matter; open at that time."""
    kinds = [kind for kind in WindowKind if rules.duty_of(kind, ()) is not None]
    return await sites.other_sites(
        session,
        matter_code,
        there.area,
        kinds=kinds,
        besides=site_id,
        near=there.point,
        open_then=open_then,
    )


def windows_for(ticket: rules.Waiting, windows: Sequence[Window]) -> list[Window]:
    """Return the windows in use that could call the ticket."""
    return [
        window
        for window in windows
        if window.state is WindowState.OPEN
        and (duty := rules.duty_of(window.kind, window.areas, window.id)) is not None
        and duty.covers(ticket)
    ]


def _seal(ticket: Ticket, request: Request, vault: Vault) -> None:
    number = request.visitor.identity_number
    if request.name is not None:
        ticket.holder_name = vault.seal(request.name, context=NAME_SEALED_FOR)
    if number is not None:
        ticket.identity_number = vault.seal(number, context=NUMBER_SEALED_FOR)


def facts_of(ticket: Ticket, at: datetime) -> dict[str, Any]:
    """Return what each event of a ticket tells."""
    return {
        "ticket_id": ticket.id,
        "site_id": ticket.site_id,
        "number": ticket.number,
        "is_green": ticket.is_green,
        "window_id": ticket.window_id,
        "case_id": ticket.case_id,
        "at": at,
    }


def note_of(ticket: Ticket, window: Window | None = None) -> dict[str, Any]:
    """Return what a display may show of a ticket: numbers, never a person."""
    return {
        "ticket_number": ticket.number,
        "ticket_state": ticket.state or rules.TicketState.WAITING,
        "area": ticket.area,
        "is_green": ticket.is_green,
        "window_id": ticket.window_id and str(ticket.window_id),
        "window_number": window and window.number,
        "window_name": window and window.name,
    }


async def get_for_change(session: AsyncSession, ticket_id: UUID, *, caller: Caller) -> Ticket:
    """Return a ticket of the caller's site, locked.

    Raises:
        TicketNotFound: 404.
    """
    ticket = await store.get_for_update(session, ticket_id)
    if ticket is None:
        raise TicketNotFound
    caller.require_site(ticket.site_id)
    return ticket


async def get_own_for_change(session: AsyncSession, ticket_id: UUID, *, caller: Caller) -> Ticket:
    """Return one's own ticket, or one of the site that one works for, locked.

    Raises:
        TicketNotFound: 404.
    """
    ticket = await store.get_for_update(session, ticket_id)
    if ticket is None or not _may_see(caller, ticket):
        raise TicketNotFound
    return ticket


async def get(session: AsyncSession, ticket_id: UUID, *, caller: Caller) -> Ticket:
    """Return a ticket: one's own, or one of the site that one works for.

    Raises:
        TicketNotFound: 404.
    """
    ticket = await store.get(session, ticket_id)
    if ticket is None or not _may_see(caller, ticket):
        raise TicketNotFound
    return ticket


async def of_visits(
    session: AsyncSession, ticket_ids: Collection[UUID], appointment_ids: Collection[UUID]
) -> Sequence[Ticket]:
    """Return these tickets and those of these appointments, as they were given out."""
    return await store.of_visits(session, ticket_ids, appointment_ids)


async def wait_of(
    session: AsyncSession, ticket: Ticket, *, context: Context, at: datetime
) -> tuple[int, Wait | None]:
    """Return how many are before the ticket, and how long it will wait."""
    policy = await policy_of(session, ticket.site_id)
    return await Waits.of(context).of_ticket(session, ticket, policy, at=at)


async def waits_at(
    session: AsyncSession, site_id: str, *, context: Context, at: datetime
) -> list[tuple[str, bool, Wait | None]]:
    """Return how long one would wait who comes now: by business area, green or not.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    policy = await policy_of(session, site_id)
    return await Waits.of(context).of_areas(session, site_id, policy, at=at)


def _may_see(caller: Caller, ticket: Ticket) -> bool:
    return caller.subject == ticket.taken_by or is_staff_of(caller, ticket)


def is_staff_of(caller: Caller, ticket: Ticket) -> bool:
    """Whether the caller works where the ticket was given out."""
    return caller.has(*SITE_STAFF) and caller.site_id in (None, ticket.site_id)


def holder_of(ticket: Ticket, vault: Vault) -> HolderRead | None:
    """Return whom to call: the name, and only the end of the number."""
    if ticket.holder_name is None and ticket.identity_number is None:
        return None
    name = ticket.holder_name and vault.open_text(ticket.holder_name, context=NAME_SEALED_FOR)
    number = ticket.identity_number and vault.open_text(
        ticket.identity_number, context=NUMBER_SEALED_FOR
    )
    return HolderRead(name=name or None, identity_tail=number[-TAIL:] if number else None)


async def tie_case(
    session: AsyncSession, ticket_id: UUID, *, case_id: UUID, site_id: str | None
) -> None:
    """Note which case came of a ticket.

    The case's word for its ticket is unproven: only a ticket of the same site is tied.
    """
    ticket = await store.get_for_update(session, ticket_id)
    if ticket is None:
        log.warning("ticket.unknown", ticket_id=str(ticket_id), case_id=str(case_id))
        return
    if ticket.site_id != site_id:
        log.warning(
            "ticket.of_another_site",
            ticket_id=str(ticket_id),
            case_id=str(case_id),
            site_id=site_id,
        )
        return
    if ticket.case_id is None:
        ticket.case_id = case_id
        await session.flush()
    elif ticket.case_id != case_id:
        log.info("ticket.has_a_case", ticket_id=str(ticket_id), case_id=str(case_id))


async def visit_seconds(
    session: AsyncSession, site_id: str, *, context: Context, at: datetime
) -> Measured:
    """Return how long visits took at the site, as measured."""
    return await Waits.of(context).measured_at(session, site_id, at)
