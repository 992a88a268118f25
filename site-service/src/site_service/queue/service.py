"""Use cases of the queue: take a ticket, call the next, serve, finish; tie a ticket to its case."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import (
    MatterNotHere,
    NoWindowForMatter,
    SiteClosed,
    TicketNotFound,
    WindowBusy,
    WindowClosed,
)
from site_service.events import TicketCalled, TicketIssued, TicketMissed, TicketServed
from site_service.queue import rules, store
from site_service.queue.rules import Duty, TicketAction, TicketChannel, Visitor
from site_service.queue.schemas import HolderRead, QueueRead, QueueWindow
from site_service.queue.tables import Ticket
from site_service.sites import service as sites
from site_service.sites.rules import MatterThere, SiteState, WindowKind, WindowState
from site_service.sites.tables import Window
from tongban.clock import local_date
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
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
    name: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket, and what the visitor wants to know of it."""

    ticket: Ticket
    people_ahead: int
    expected_wait_minutes: int
    is_helper_offered: bool


async def take(
    session: AsyncSession,
    site_id: str,
    request: Request,
    *,
    vault: Vault,
    caller: Caller,
    at: datetime,
) -> Taken:
    """Give out the next number of the day.

    Raises:
        SiteClosed: 409, the site gives no tickets now.
        MatterNotHere: 409, with the nearest sites that handle the matter.
        NoWindowForMatter: 409, no window here could call the ticket.
    """
    there = await sites.matter_there(session, site_id, request.matter_code)
    await _refuse_closed(session, site_id, request.matter_code, there)
    area = request.area or there.area
    if not there.is_handled or area is None:
        others = await _other_sites(session, site_id, request.matter_code, there)
        names = [other["name"] for other in others]
        raise MatterNotHere(names=names, other_sites=others)
    today = local_date(at)
    ticket = Ticket(
        id=new_id(),
        site_id=site_id,
        day=today,
        matter_code=request.matter_code,
        area=area,
        is_partner=there.is_partner,
        is_green=request.visitor.is_green(today),
        needs=sorted(request.visitor.needs),
        channel=request.channel,
        taken_by=caller.subject,
        issued_at=at,
        holder_name=_sealed(vault, request.name, NAME_SEALED_FOR),
        identity_number=_sealed(vault, request.visitor.identity_number, NUMBER_SEALED_FOR),
    )
    windows = _windows_for(ticket, await sites.windows(session, site_id))
    if not windows:
        others = await _other_sites(session, site_id, request.matter_code, there)
        names = [other["name"] for other in others]
        raise NoWindowForMatter(names=names, other_sites=others)
    ahead = await store.ahead_of(session, ticket)
    # Last: the counter's row is locked from here until the commit.
    count = await store.next_count(session, site_id, today, is_green=ticket.is_green)
    ticket.number = rules.number_of(is_green=ticket.is_green, count=count)
    session.add(ticket)
    publish(session, TicketIssued(**_facts(ticket, at)), of=ticket)
    await session.flush()
    wait = rules.expected_wait(ahead=ahead.people, windows=len(windows), service=ahead.service)
    return Taken(
        ticket=ticket,
        people_ahead=ahead.people,
        expected_wait_minutes=math.ceil(wait.total_seconds() / 60),
        is_helper_offered=request.visitor.is_elderly(today),
    )


async def _refuse_closed(
    session: AsyncSession, site_id: str, matter_code: str, there: MatterThere
) -> None:
    if there.state is SiteState.CLOSED:
        others = await _other_sites(session, site_id, matter_code, there)
        raise SiteClosed(reason=there.closed_reason, other_sites=others)


async def _other_sites(
    session: AsyncSession, site_id: str, matter_code: str, there: MatterThere
) -> list[dict[str, object]]:
    kinds = [kind for kind in WindowKind if rules.duty_of(kind, ()) is not None]
    return await sites.other_sites(
        session, matter_code, there.area, kinds=kinds, besides=site_id, near=there.point
    )


def _windows_for(ticket: Ticket, windows: Sequence[Window]) -> list[Window]:
    return [
        window
        for window in windows
        if window.state is WindowState.OPEN
        and (duty := rules.duty_of(window.kind, window.areas)) is not None
        and duty.covers(ticket)
    ]


def _sealed(vault: Vault, secret: str | None, context: str) -> bytes | None:
    return None if secret is None else vault.seal(secret, context=context)


def _facts(ticket: Ticket, at: datetime) -> dict[str, object]:
    return {
        "ticket_id": ticket.id,
        "site_id": ticket.site_id,
        "number": ticket.number,
        "is_green": ticket.is_green,
        "window_id": ticket.window_id,
        "case_id": ticket.case_id,
        "at": at,
    }


async def call_next(
    session: AsyncSession, window_id: UUID, *, caller: Caller, at: datetime
) -> Ticket | None:
    """Call the next ticket to the window; None where none waits for it.

    Raises:
        WindowClosed: 409.
        WindowBusy: 409, the ticket called before is not finished.
    """
    window = await sites.lock_window(session, window_id)
    caller.require_site(window.site_id)
    if window.state is WindowState.CLOSED:
        raise WindowClosed
    await _refuse_busy(session, window_id)
    duty = rules.duty_of(window.kind, window.areas)
    ticket = None if duty is None else await _pick(session, window, duty, at)
    if ticket is None:
        return None
    ticket.state = rules.advance(ticket.state, TicketAction.CALL)
    ticket.window_id, ticket.called_at = window.id, at
    publish(session, TicketCalled(**_facts(ticket, at)), of=ticket)
    await session.flush()
    return ticket


async def _pick(session: AsyncSession, window: Window, duty: Duty, at: datetime) -> Ticket | None:
    """Choose by the rule, then lock; a ticket that another window is calling is passed over."""
    day = local_date(at)
    history = await store.latest_calls(session, window.id, day)
    heads = await store.heads(session, window.site_id, day, duty)
    while heads:
        head = rules.next_ticket(heads, now=at, duty=duty, history=history)
        if head is None:
            break
        ticket = await store.take_first(session, window.site_id, day, duty, is_green=head.is_green)
        if ticket is not None:
            return ticket
        heads = [one for one in heads if one.is_green != head.is_green]
    return None


async def _refuse_busy(session: AsyncSession, window_id: UUID) -> None:
    present = await store.at_window(session, window_id)
    if present is not None:
        raise WindowBusy(number=present.number, ticket_id=present.id)


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


async def recall(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Call the ticket again at its window, also after it was missed.

    Raises:
        TicketActionNotAllowed: 409.
        WindowBusy: 409, the window has another ticket by now.
    """
    state = rules.advance(ticket.state, TicketAction.RECALL)
    if ticket.state not in rules.AT_THE_WINDOW and ticket.window_id is not None:
        await sites.lock_window(session, ticket.window_id)
        await _refuse_busy(session, ticket.window_id)
    ticket.state, ticket.called_at = state, at
    publish(session, TicketCalled(**_facts(ticket, at)), of=ticket)
    await session.flush()
    return ticket


async def miss(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Note that nobody came; the window is free again.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.MISS)
    ticket.missed_at = at
    publish(session, TicketMissed(**_facts(ticket, at)), of=ticket)
    await session.flush()
    return ticket


async def serve(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Begin to serve the visitor who came.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.SERVE)
    ticket.serving_at = at
    await session.flush()
    return ticket


async def finish(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """End the visit; told with the case that came of it, if any.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.DONE)
    ticket.done_at = at
    publish(session, TicketServed(**_facts(ticket, at)), of=ticket)
    await session.flush()
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


async def overview(session: AsyncSession, site_id: str, *, at: datetime) -> QueueRead:
    """Return who waits and which number each window serves."""
    await sites.get(session, site_id)
    waiting = await store.count_waiting(session, site_id, local_date(at))
    windows = await sites.windows(session, site_id)
    present = await store.at_windows(session, [window.id for window in windows])
    return QueueRead(
        site_id=site_id,
        waiting=sum(waiting.values()),
        waiting_green=waiting.get(True, 0),
        waiting_ordinary=waiting.get(False, 0),
        windows=[_shown(window, present.get(window.id)) for window in windows],
    )


def _shown(window: Window, ticket: Ticket | None) -> QueueWindow:
    return QueueWindow(
        id=window.id,
        number=window.number,
        name=window.name,
        kind=window.kind,
        state=window.state,
        ticket_number=None if ticket is None else ticket.number,
        ticket_state=None if ticket is None else ticket.state,
    )


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
