"""Use cases at the window: call, recall, miss, serve, finish, transfer; come back and give up."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import NoWindowForMatter, SiteClosed, WindowBusy, WindowClosed
from site_service.events import (
    TicketCalled,
    TicketIssued,
    TicketMissed,
    TicketReturned,
    TicketServed,
    TicketTransferred,
    TicketWithdrawn,
)
from site_service.queue import notes, rules, store
from site_service.queue.errors import WindowPaused
from site_service.queue.policy import QueuePolicy
from site_service.queue.rules import Duty, TicketAction
from site_service.queue.service import facts_of, note_of, other_sites, policy_of, windows_for
from site_service.queue.tables import Ticket
from site_service.sites import registry
from site_service.sites import service as sites
from site_service.sites.rules import SiteState, WindowState
from site_service.sites.tables import Window
from site_service.speech import service as speech
from tongban.clock import local_date
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish


@dataclass(frozen=True, slots=True)
class Finished:
    """A visit that ended, and the ticket for the next one of the same person."""

    ticket: Ticket
    following: Ticket | None


async def call_next(
    session: AsyncSession, window_id: UUID, *, caller: Caller, at: datetime
) -> Ticket | None:
    """Call the next ticket to the window; None where none waits for it.

    Raises:
        WindowClosed, WindowPaused, SiteClosed: 409.
        WindowBusy: 409, the ticket called before is not finished.
    """
    window = await sites.lock_window(session, window_id)
    caller.require_site(window.site_id)
    if window.state is WindowState.CLOSED:
        raise WindowClosed
    await _refuse_closed_site(session, window.site_id)
    if await store.pause_of(session, window_id) is not None:
        raise WindowPaused(number=window.number)
    await _refuse_busy(session, window_id)
    duty = rules.duty_of(window.kind, window.areas, window.id)
    policy = await policy_of(session, window.site_id)
    ticket = None if duty is None else await _pick(session, window, duty, policy, at)
    if ticket is None:
        return None
    ticket.called_as = rules.class_now(ticket, at, policy)
    ticket.state = rules.advance(ticket.state, TicketAction.CALL)
    ticket.window_id, ticket.called_at = window.id, at
    publish(session, TicketCalled(**facts_of(ticket, at)), of=ticket)
    await _tell_called(session, ticket, window, at)
    return ticket


async def _refuse_closed_site(session: AsyncSession, site_id: str) -> None:
    """Call nobody where the site is closed: where to go instead is told."""
    site = await sites.get(session, site_id)
    if site.state is not SiteState.OPEN:
        others = await registry.alternatives(session, site)
        raise SiteClosed(
            reason=site.closed_reason,
            reopens_at=site.closed_until,
            names=[one["name"] for one in others],
            other_sites=others,
        )


async def _tell_called(
    session: AsyncSession, ticket: Ticket, window: Window | None, at: datetime
) -> None:
    """Tell displays the number, the window, and what to say aloud."""
    number = None if window is None else window.number
    spoken = await speech.called(session, ticket.site_id, ticket.number, number)
    facts = {**note_of(ticket, window), "spoken": spoken}
    await notes.write(session, ticket.site_id, "called", facts, at=at)


async def _pick(
    session: AsyncSession, window: Window, duty: Duty, policy: QueuePolicy, at: datetime
) -> Ticket | None:
    """Choose by the rule, then lock; a ticket that another window is calling is passed over."""
    day = local_date(at)
    history = await store.latest_calls(session, window.id, day, most=policy.preferred_in_a_row)
    moment = store.Moment(at, policy)
    heads = await store.heads(session, window.site_id, day, duty, moment)
    while heads:
        head = rules.next_ticket(heads, now=at, duty=duty, history=history, policy=policy)
        if head is None:
            break
        chosen = rules.class_now(head, at, policy)
        ticket = await store.take_first(session, window.site_id, day, duty, moment, chosen)
        if ticket is not None:
            return ticket
        heads = [one for one in heads if rules.class_now(one, at, policy) != chosen]
    return None


async def _refuse_busy(session: AsyncSession, window_id: UUID) -> None:
    present = await store.at_window(session, window_id)
    if present is not None:
        raise WindowBusy(number=present.number, ticket_id=present.id)


async def recall(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Call the ticket again at its window, also after it was missed.

    Raises:
        TicketActionNotAllowed: 409.
        WindowBusy, WindowPaused: 409, the window has another ticket by now, or pauses.
    """
    state = rules.advance(ticket.state, TicketAction.RECALL)
    window = None
    if ticket.window_id is not None:
        if ticket.state in rules.AT_THE_WINDOW:
            window = await sites.get_window(session, ticket.window_id)
        else:
            window = await sites.lock_window(session, ticket.window_id)
            if await store.pause_of(session, window.id) is not None:
                raise WindowPaused(number=window.number)
            await _refuse_busy(session, window.id)
    ticket.state, ticket.called_at = state, at
    publish(session, TicketCalled(**facts_of(ticket, at)), of=ticket)
    await _tell_called(session, ticket, window, at)
    return ticket


async def miss(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Note that nobody came; the window is free again.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.MISS)
    ticket.missed_at = at
    publish(session, TicketMissed(**facts_of(ticket, at)), of=ticket)
    await notes.write(session, ticket.site_id, "missed", note_of(ticket), at=at)
    return ticket


async def serve(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Begin to serve the visitor who came.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.SERVE)
    ticket.serving_at = at
    await notes.write(session, ticket.site_id, "serving", note_of(ticket), at=at)
    return ticket


async def finish(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Finished:
    """End the visit; told with the case that came of it, if any. The next visit has its turn.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.DONE)
    ticket.done_at = at
    publish(session, TicketServed(**facts_of(ticket, at)), of=ticket)
    following = await _follow(session, ticket, at) if ticket.itinerary else None
    await notes.write(session, ticket.site_id, "served", note_of(ticket), at=at)
    if following is not None:
        await notes.write(session, ticket.site_id, "issued", note_of(following), at=at)
    return Finished(ticket, following)


async def _follow(session: AsyncSession, ticket: Ticket, at: datetime) -> Ticket:
    """Give out the ticket for the next window of the same person's appointment."""
    visit, *rest = ticket.itinerary
    policy = await policy_of(session, ticket.site_id)
    prefix = policy.prefix_of(ticket.call_class)
    following = Ticket(
        id=new_id(),
        site_id=ticket.site_id,
        day=local_date(at),
        matter_code=visit["matter_code"],
        area=visit["area"],
        is_partner=visit["is_partner"],
        is_green=ticket.is_green,
        call_class=ticket.call_class,
        needs=ticket.needs,
        channel=ticket.channel,
        taken_by=ticket.taken_by,
        issued_at=at,
        placed_at=at,
        due_at=datetime.fromisoformat(visit["due_at"]),
        appointment_id=ticket.appointment_id,
        itinerary=rest,
        holder_name=ticket.holder_name,
        identity_number=ticket.identity_number,
    )
    count = await store.next_count(session, ticket.site_id, following.day, prefix)
    following.number = rules.number_of(prefix, count)
    session.add(following)
    publish(session, TicketIssued(**facts_of(following, at)), of=following)
    return following


async def transfer(
    session: AsyncSession,
    ticket: Ticket,
    *,
    area: str | None,
    window_id: UUID | None,
    at: datetime,
) -> Ticket:
    """Send the visitor to another window, or to those of another area; the place is kept.

    Raises:
        TicketActionNotAllowed: 409.
        NoWindowForMatter: 409, no window here could call it then.
        WindowNotFound: 404, no such window at this site.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.TRANSFER)
    ticket.area = area or ticket.area
    ticket.for_window_id = window_id
    if not windows_for(ticket, await sites.windows(session, ticket.site_id)):
        there = await sites.matter_there(session, ticket.site_id, ticket.matter_code)
        asked_for = replace(there, area=ticket.area)
        others = await other_sites(session, ticket.site_id, ticket.matter_code, asked_for)
        raise NoWindowForMatter(names=[one["name"] for one in others], other_sites=others)
    ticket.window_id = ticket.called_at = ticket.serving_at = None
    publish(session, TicketTransferred(**facts_of(ticket, at)), of=ticket)
    await notes.write(session, ticket.site_id, "transferred", note_of(ticket), at=at)
    return ticket


async def come_back(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Let a missed visitor wait again: once, within the rule's time.

    Raises:
        TicketActionNotAllowed, TicketReturnOver: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.RETURN)
    ticket.placed_at = rules.place_on_return(
        placed_at=ticket.placed_at,
        missed_at=ticket.missed_at or at,
        returned_at=ticket.returned_at,
        at=at,
        policy=await policy_of(session, ticket.site_id),
    )
    ticket.returned_at, ticket.window_id, ticket.for_window_id = at, None, None
    publish(session, TicketReturned(**facts_of(ticket, at)), of=ticket)
    await notes.write(session, ticket.site_id, "returned", note_of(ticket), at=at)
    return ticket


async def withdraw(session: AsyncSession, ticket: Ticket, *, at: datetime) -> Ticket:
    """Note that the visitor gave the turn up.

    Raises:
        TicketActionNotAllowed: 409.
    """
    ticket.state = rules.advance(ticket.state, TicketAction.WITHDRAW)
    publish(session, TicketWithdrawn(**facts_of(ticket, at)), of=ticket)
    await notes.write(session, ticket.site_id, "withdrawn", note_of(ticket), at=at)
    return ticket
