"""What a kiosk gave out while it was off-line, and tells of later (离线取号补传).

Its tickets bear ids and numbers of the kiosk's making, so that telling twice does nothing twice;
each stands where its visitor came. A day that is over by then is on the record as lapsed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import KioskNotFound
from site_service.events import TicketIssued, TicketLapsed
from site_service.queue import notes, store
from site_service.queue.policy import QueuePolicy
from site_service.queue.rules import Outcome, TicketChannel, TicketState, Visitor
from site_service.queue.service import facts_of, note_of, policy_of, windows_for
from site_service.queue.tables import Ticket
from site_service.sites import service as sites
from site_service.sites.tables import Window
from tongban.clock import local_date
from tongban.identity import Caller
from tongban.messages import publish

OLDEST = timedelta(days=7)
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Printed:
    """A ticket as the kiosk printed it."""

    id: UUID
    number: str
    matter_code: str
    issued_at: datetime
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class Synced:
    """A ticket's outcome, and why it was refused."""

    id: UUID
    outcome: Outcome
    reason: str | None = None
    state: TicketState | None = None


async def sync(
    session: AsyncSession,
    site_id: str,
    kiosk_code: str,
    printed: Sequence[Printed],
    *,
    caller: Caller,
    at: datetime,
) -> list[Synced]:
    """Keep what the kiosk printed, in the order in which it did; each ticket by itself.

    Raises:
        SiteNotFound, KioskNotFound: 404.
    """
    await sites.get(session, site_id)
    if kiosk_code not in {kiosk.code for kiosk in await sites.kiosks(session, site_id)}:
        raise KioskNotFound(code=kiosk_code)
    await store.lock_teller(session, f"{site_id}/{kiosk_code}")
    policy = await policy_of(session, site_id)
    windows = await sites.windows(session, site_id)
    known = await store.known_ids(session, [one.id for one in printed])
    days = sorted({local_date(one.issued_at) for one in printed})
    taken = await store.known_numbers(session, site_id, [one.number for one in printed], days)
    outcomes: dict[UUID, Synced] = {}
    fresh: list[Ticket] = []
    for one in sorted(printed, key=lambda one: (one.issued_at, one.id)):
        if one.id in outcomes:
            continue
        if (there := known.get(one.id)) is not None:
            outcomes[one.id] = _known(one, there, site_id)
            continue
        reason = _refusal(one, _prefixes(site_id, kiosk_code), taken, at)
        ticket = None
        if reason is None:
            ticket = await _ticket(session, site_id, kiosk_code, one, policy, windows, at)
            reason = None if ticket is not None else "matter_not_here"
        if ticket is None:
            outcomes[one.id] = Synced(one.id, Outcome.REFUSED, reason)
            continue
        taken.add((ticket.day, ticket.number))
        ticket.taken_by = caller.subject
        session.add(ticket)
        publish(session, TicketIssued(**facts_of(ticket, one.issued_at)), of=ticket)
        if ticket.state is TicketState.LAPSED:
            publish(session, TicketLapsed(**facts_of(ticket, at)), of=ticket)
        fresh.append(ticket)
        outcomes[one.id] = Synced(one.id, Outcome.KEPT, state=ticket.state)
    await session.flush()
    for ticket in fresh:
        await notes.write(session, site_id, "issued", note_of(ticket), at=at)
    return [outcomes[one.id] for one in printed]


def _known(one: Printed, there: Ticket, site_id: str) -> Synced:
    if (there.site_id, there.number) != (site_id, one.number):
        return Synced(one.id, Outcome.REFUSED, "id_taken")
    return Synced(one.id, Outcome.KNOWN, state=there.state)


def _prefixes(site_id: str, kiosk_code: str) -> tuple[str, ...]:
    """Return how a kiosk's numbers begin: with its code, as no other counter's do.

    Within its site the site's own part may be left out: `K1-007` of `hitech-hall-k1`.
    """
    codes = (kiosk_code, kiosk_code.removeprefix(f"{site_id}-"))
    return tuple(f"{code.upper()}-" for code in codes)


def _refusal(
    one: Printed, prefixes: tuple[str, ...], taken: set[tuple[date, str]], at: datetime
) -> str | None:
    if not one.number.startswith(prefixes):
        return "number_not_the_kiosks"
    if one.issued_at > at + CLOCKS_DIFFER:
        return "issued_in_the_future"
    if one.issued_at < at - OLDEST:
        return "issued_too_long_ago"
    if (local_date(one.issued_at), one.number) in taken:
        return "number_taken"
    return None


async def _ticket(
    session: AsyncSession,
    site_id: str,
    kiosk_code: str,
    one: Printed,
    policy: QueuePolicy,
    windows: Sequence[Window],
    at: datetime,
) -> Ticket | None:
    """Return the row; None where the matter is not done here."""
    there = await sites.matter_there(session, site_id, one.matter_code)
    if not there.is_handled or there.area is None:
        return None
    issued_at = min(one.issued_at, at)
    day = local_date(issued_at)
    call_class = policy.class_of(one.visitor.facts(day))
    ticket = Ticket(
        id=one.id,
        site_id=site_id,
        day=day,
        number=one.number,
        matter_code=one.matter_code,
        area=there.area,
        is_partner=there.is_partner,
        is_green=call_class.is_green,
        call_class=call_class.code,
        needs=sorted(one.visitor.needs),
        channel=TicketChannel.KIOSK,
        kiosk_code=kiosk_code,
        issued_at=issued_at,
        placed_at=issued_at,
        state=TicketState.WAITING if day == local_date(at) else TicketState.LAPSED,
    )
    return ticket if windows_for(ticket, windows) else None
