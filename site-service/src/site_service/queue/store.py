"""Every SQL statement about tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from site_service.queue.policy import APPOINTMENT, QueuePolicy
from site_service.queue.rules import AT_THE_WINDOW, Duty, TicketState
from site_service.queue.tables import (
    ClosedDay,
    NumberCounter,
    QueueRules,
    Ticket,
    WindowPause,
)
from tongban.clock import local_date


async def next_count(session: AsyncSession, site_id: str, day: date, prefix: str) -> int:
    """Return the next number: the counter's row serialises those who take a ticket at once."""
    statement = insert(NumberCounter).values(site_id=site_id, day=day, prefix=prefix, last=1)
    count: int | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["site_id", "day", "prefix"], set_={"last": NumberCounter.last + 1}
        ).returning(NumberCounter.last)
    )
    assert count is not None  # noqa: S101  # an upsert returns its row
    return count


async def rules_of(session: AsyncSession, site_id: str) -> QueueRules | None:
    """Return the site's own rule of calls."""
    return await session.get(QueueRules, site_id)


async def rules_for_update(session: AsyncSession, site_id: str) -> QueueRules | None:
    """Return the site's own rule of calls, locked."""
    return await session.get(QueueRules, site_id, with_for_update=True)


async def closed_day(session: AsyncSession, site_id: str, day: date) -> ClosedDay | None:
    """Return whether, when and by whom the day was closed."""
    return await session.get(ClosedDay, (site_id, day))


async def close_day(
    session: AsyncSession, site_id: str, day: date, *, at: datetime, by: str
) -> bool:
    """Close the day; False where it was closed."""
    closed = await session.scalar(
        insert(ClosedDay)
        .values(site_id=site_id, day=day, closed_at=at, closed_by=by)
        .on_conflict_do_nothing()
        .returning(ClosedDay.day)
    )
    return closed is not None


async def pause_of(session: AsyncSession, window_id: UUID) -> WindowPause | None:
    """Return the window's pause."""
    return await session.get(WindowPause, window_id)


async def paused(session: AsyncSession, window_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the windows pause."""
    found = await session.scalars(
        select(WindowPause.window_id).where(WindowPause.window_id.in_(window_ids))
    )
    return set(found)


async def release_from(session: AsyncSession, window_id: UUID) -> None:
    """Let any window call what was meant for this one."""
    await session.execute(
        update(Ticket)
        .where(Ticket.for_window_id == window_id, Ticket.state == TicketState.WAITING)
        .values(for_window_id=None, version=Ticket.version + 1)
        .execution_options(synchronize_session=False)
    )


async def unfinished_before(session: AsyncSession, day: date, *, limit: int) -> Sequence[Ticket]:
    """Return tickets of earlier days that nobody was served with, locked."""
    found = await session.scalars(
        select(Ticket)
        .where(
            Ticket.day < day,
            Ticket.state.in_((TicketState.WAITING, TicketState.CALLED, TicketState.MISSED)),
        )
        .order_by(Ticket.site_id, Ticket.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def get(session: AsyncSession, ticket_id: UUID) -> Ticket | None:
    return await session.get(Ticket, ticket_id)


async def get_for_update(session: AsyncSession, ticket_id: UUID) -> Ticket | None:
    return await session.get(Ticket, ticket_id, with_for_update=True)


async def at_window(session: AsyncSession, window_id: UUID) -> Ticket | None:
    """Return the ticket that the window has now."""
    found: Ticket | None = await session.scalar(
        select(Ticket).where(Ticket.window_id == window_id, Ticket.state.in_(AT_THE_WINDOW))
    )
    return found


async def latest_calls(
    session: AsyncSession, window_id: UUID, day: date, *, most: int
) -> Sequence[str]:
    """Return as what the window's latest calls today were, newest first."""
    found = await session.scalars(
        select(func.coalesce(Ticket.called_as, Ticket.call_class))
        .where(Ticket.window_id == window_id, Ticket.day == day, Ticket.called_at.is_not(None))
        .order_by(Ticket.called_at.desc())
        .limit(most)
    )
    return found.all()


@dataclass(frozen=True, slots=True)
class Head:
    """The first of a class in the queue, as the rule looks at it."""

    id: UUID
    area: str
    is_green: bool
    is_partner: bool
    call_class: str
    placed_at: datetime
    due_at: datetime | None
    for_window_id: UUID | None


HEAD = (
    Ticket.id,
    Ticket.area,
    Ticket.is_green,
    Ticket.is_partner,
    Ticket.call_class,
    Ticket.placed_at,
    Ticket.due_at,
    Ticket.for_window_id,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a window calls, and by which rule: what decides a ticket's class and place."""

    at: datetime
    policy: QueuePolicy

    @property
    def is_near(self) -> ColumnElement[bool]:
        begins = self.at + timedelta(minutes=self.policy.near_minutes)
        ends = self.at - timedelta(minutes=self.policy.late_minutes)
        return Ticket.due_at.between(ends, begins)

    @property
    def call_class(self) -> ColumnElement[str]:
        return case((self.is_near, APPOINTMENT), else_=Ticket.call_class)

    @property
    def place(self) -> ColumnElement[datetime]:
        return case((self.is_near, Ticket.due_at), else_=Ticket.placed_at)


async def heads(
    session: AsyncSession, site_id: str, day: date, duty: Duty, moment: Moment
) -> list[Head]:
    """Return the first waiting ticket of each class that the window takes."""
    classed = (
        select(*HEAD, moment.call_class.label("class_now"), moment.place.label("place"))
        .where(*_waiting(site_id, day, duty, moment.at))
        .subquery()
    )
    statement = (
        select(*(classed.c[column.key] for column in HEAD))
        .ext(distinct_on(classed.c.class_now))
        .order_by(classed.c.class_now, classed.c.place, classed.c.id)
    )
    return [Head(*row) for row in await session.execute(statement)]


async def take_first(
    session: AsyncSession, site_id: str, day: date, duty: Duty, moment: Moment, call_class: str
) -> Ticket | None:
    """Lock the first waiting ticket of a class, passing over those another window is calling."""
    taken: Ticket | None = await session.scalar(
        select(Ticket)
        .where(*_waiting(site_id, day, duty, moment.at), moment.call_class == call_class)
        .order_by(moment.place, Ticket.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return taken


def _waiting(site_id: str, day: date, duty: Duty, at: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Ticket.site_id == site_id,
        Ticket.day == day,
        Ticket.state == TicketState.WAITING,
        Ticket.placed_at <= at,
        or_(Ticket.for_window_id.is_(None), Ticket.for_window_id == duty.window_id),
    ]
    if duty.areas:
        conditions.append(Ticket.area.in_(duty.areas))
    if duty.is_partner is not None:
        conditions.append(Ticket.is_partner == duty.is_partner)
    if duty.is_green is not None:
        conditions.append(Ticket.is_green == duty.is_green)
    return conditions


async def all_waiting(session: AsyncSession, site_id: str, day: date) -> list[Head]:
    """Return everybody who waits or is to come today."""
    rows = await session.execute(
        select(*HEAD).where(
            Ticket.site_id == site_id, Ticket.day == day, Ticket.state == TicketState.WAITING
        )
    )
    return [Head(*row) for row in rows]


async def served_times(
    session: AsyncSession, site_id: str, since: datetime, *, most: int
) -> list[tuple[str, float]]:
    """Return the latest visits' business area, and seconds from the call to the end."""
    rows = await session.execute(
        select(Ticket.area, func.extract("epoch", Ticket.done_at - Ticket.called_at))
        .where(
            Ticket.site_id == site_id,
            Ticket.state == TicketState.DONE,
            Ticket.done_at >= since,
            Ticket.done_at > Ticket.called_at,
        )
        .order_by(Ticket.done_at.desc())
        .limit(most)
    )
    return [(area, float(seconds)) for area, seconds in rows]


async def came(
    session: AsyncSession, site_id: str, *, since: datetime, until: datetime
) -> list[tuple[str, str, bool, bool, int]]:
    """Return who came in that time: area, class, whether green, whether a partner's; how many."""
    kind = (Ticket.area, Ticket.call_class, Ticket.is_green, Ticket.is_partner)
    rows = await session.execute(
        select(*kind, func.count())
        .where(
            Ticket.site_id == site_id,
            Ticket.day.in_({local_date(since), local_date(until)}),
            Ticket.placed_at > since,
            Ticket.placed_at <= until,
        )
        .group_by(*kind)
    )
    return [(area, code, green, partner, count) for area, code, green, partner, count in rows]


async def lock_teller(session: AsyncSession, teller: str) -> None:
    """Let who tells the same thing twice at once be heard one after the other."""
    key = func.hashtextextended(f"queue:{teller}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def known_ids(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Ticket]:
    """Return the tickets that are there of these."""
    found = await session.scalars(select(Ticket).where(Ticket.id.in_(ids)))
    return {ticket.id: ticket for ticket in found}


async def known_numbers(
    session: AsyncSession, site_id: str, numbers: Sequence[str], days: Sequence[date]
) -> set[tuple[date, str]]:
    """Return which of these numbers were given out on these days."""
    rows = await session.execute(
        select(Ticket.day, Ticket.number).where(
            Ticket.site_id == site_id, Ticket.day.in_(days), Ticket.number.in_(numbers)
        )
    )
    return {(day, number) for day, number in rows}


async def count_waiting(session: AsyncSession, site_id: str, day: date) -> dict[bool, int]:
    """Return how many wait today, by whether they are green."""
    rows = await session.execute(
        select(Ticket.is_green, func.count())
        .where(Ticket.site_id == site_id, Ticket.day == day, Ticket.state == TicketState.WAITING)
        .group_by(Ticket.is_green)
    )
    return {is_green: count for is_green, count in rows}


async def at_windows(session: AsyncSession, window_ids: Sequence[UUID]) -> dict[UUID, Ticket]:
    """Return the ticket that each of the windows has now."""
    rows = await session.scalars(
        select(Ticket).where(Ticket.window_id.in_(window_ids), Ticket.state.in_(AT_THE_WINDOW))
    )
    return {ticket.window_id: ticket for ticket in rows if ticket.window_id is not None}


async def of_visits(
    session: AsyncSession, ticket_ids: Collection[UUID], appointment_ids: Collection[UUID]
) -> Sequence[Ticket]:
    """Return these tickets and those of these appointments, as they were given out."""
    statement = (
        select(Ticket)
        .where(or_(Ticket.id.in_(ticket_ids), Ticket.appointment_id.in_(appointment_ids)))
        .order_by(Ticket.issued_at, Ticket.id)
    )
    return (await session.scalars(statement)).all()
