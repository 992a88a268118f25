"""Every SQL statement about tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from site_service.queue.rules import (
    AT_THE_WINDOW,
    GREEN_CALLS_IN_A_ROW,
    Duty,
    TicketState,
)
from site_service.queue.tables import Ticket, TicketCounter


async def next_count(session: AsyncSession, site_id: str, day: date, *, is_green: bool) -> int:
    """Return the next number: the counter's row serialises those who take a ticket at once."""
    statement = insert(TicketCounter).values(site_id=site_id, day=day, is_green=is_green, last=1)
    count: int | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["site_id", "day", "is_green"], set_={"last": TicketCounter.last + 1}
        ).returning(TicketCounter.last)
    )
    assert count is not None  # noqa: S101  # an upsert returns its row
    return count


@dataclass(frozen=True, slots=True)
class Ahead:
    """How busy the queue is for one ticket."""

    people: int
    service: timedelta | None
    """The mean time that today's visitors in this area took; None before the first."""


async def ahead_of(session: AsyncSession, ticket: Ticket) -> Ahead:
    """Count who is called before `ticket`: the green ones before all others."""
    today = Ticket.site_id == ticket.site_id, Ticket.day == ticket.day, Ticket.area == ticket.area
    is_ahead = (Ticket.state == TicketState.WAITING) & (Ticket.id != ticket.id)
    if ticket.is_green:
        is_ahead &= Ticket.is_green
    row = (
        await session.execute(
            select(
                func.count().filter(is_ahead),
                func.avg(Ticket.done_at - Ticket.called_at),
            ).where(*today)
        )
    ).one()
    return Ahead(people=row[0], service=row[1])


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


async def latest_calls(session: AsyncSession, window_id: UUID, day: date) -> Sequence[bool]:
    """Return whether the window's latest calls today were green, newest first."""
    return (
        await session.scalars(
            select(Ticket.is_green)
            .where(Ticket.window_id == window_id, Ticket.day == day)
            .order_by(Ticket.called_at.desc())
            .limit(GREEN_CALLS_IN_A_ROW)
        )
    ).all()


@dataclass(frozen=True, slots=True)
class Head:
    """The first of a class in the queue, as the rule looks at it."""

    id: UUID
    area: str
    is_green: bool
    is_partner: bool
    issued_at: datetime


async def heads(session: AsyncSession, site_id: str, day: date, duty: Duty) -> list[Head]:
    """Return the first waiting ticket of each class that the window takes."""
    statement = (
        select(Ticket.id, Ticket.area, Ticket.is_green, Ticket.is_partner, Ticket.issued_at)
        .where(*_waiting(site_id, day, duty))
        .ext(distinct_on(Ticket.is_green))
        .order_by(Ticket.is_green, Ticket.issued_at, Ticket.id)
    )
    return [Head(*row) for row in await session.execute(statement)]


async def take_first(
    session: AsyncSession, site_id: str, day: date, duty: Duty, *, is_green: bool
) -> Ticket | None:
    """Lock the first waiting ticket of a class, passing over those another window is calling."""
    taken: Ticket | None = await session.scalar(
        select(Ticket)
        .where(*_waiting(site_id, day, duty), Ticket.is_green == is_green)
        .order_by(Ticket.issued_at, Ticket.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return taken


def _waiting(site_id: str, day: date, duty: Duty) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Ticket.site_id == site_id,
        Ticket.day == day,
        Ticket.state == TicketState.WAITING,
    ]
    if duty.areas:
        conditions.append(Ticket.area.in_(duty.areas))
    if duty.is_partner is not None:
        conditions.append(Ticket.is_partner == duty.is_partner)
    if duty.is_green is not None:
        conditions.append(Ticket.is_green == duty.is_green)
    return conditions


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
