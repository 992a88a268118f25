"""Every SQL statement about appointments."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments.rules import QUARTER, AppointmentState
from site_service.appointments.tables import (
    Appointment,
    AppointmentRules,
    BookedQuarter,
    Visit,
)
from tongban.paging import Paging, after


async def rules_of(session: AsyncSession, site_id: str) -> AppointmentRules | None:
    """Return the site's own numbers."""
    return await session.get(AppointmentRules, site_id)


async def rules_for_update(session: AsyncSession, site_id: str) -> AppointmentRules | None:
    """Return the site's own numbers, locked."""
    return await session.get(AppointmentRules, site_id, with_for_update=True)


async def lock_day(session: AsyncSession, site_id: str, day: date) -> None:
    """Let nobody else place appointments at the site on that day until the commit."""
    key = func.hashtextextended(f"appointments:{site_id}:{day.isoformat()}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def taken(
    session: AsyncSession, window_ids: Iterable[UUID], begins: datetime, ends: datetime
) -> set[tuple[UUID, datetime]]:
    """Return the windows' quarter hours that are taken."""
    rows = await session.execute(
        select(BookedQuarter.window_id, BookedQuarter.starts_at).where(
            BookedQuarter.window_id.in_(list(window_ids)),
            BookedQuarter.starts_at >= begins,
            BookedQuarter.starts_at < ends,
        )
    )
    return {(window_id, starts_at) for window_id, starts_at in rows}


async def booked(
    session: AsyncSession, window_ids: Collection[UUID], first: datetime, last: datetime
) -> list[tuple[Visit, UUID, datetime]]:
    """Return the booked visits, with each of their windows' quarter hours from first to last."""
    ends_at = Visit.starts_at + Visit.quarters * QUARTER
    rows = await session.execute(
        select(Visit, BookedQuarter.window_id, BookedQuarter.starts_at)
        .join(BookedQuarter, BookedQuarter.appointment_id == Visit.appointment_id)
        .join(Appointment, Appointment.id == Visit.appointment_id)
        .where(
            BookedQuarter.window_id.in_(window_ids),
            BookedQuarter.starts_at.between(first, last),
            BookedQuarter.window_id == Visit.window_id,
            BookedQuarter.starts_at >= Visit.starts_at,
            BookedQuarter.starts_at < ends_at,
            Appointment.state == AppointmentState.BOOKED,
        )
    )
    return [(visit, window_id, at) for visit, window_id, at in rows]


async def take(
    session: AsyncSession, appointment_id: UUID, cells: Sequence[tuple[UUID, datetime]]
) -> None:
    """Take quarter hours; the key refuses what is taken."""
    rows = [
        {"window_id": window_id, "starts_at": at, "appointment_id": appointment_id}
        for window_id, at in cells
    ]
    await session.execute(insert(BookedQuarter).values(rows))


async def free(session: AsyncSession, appointment_id: UUID) -> None:
    """Give an appointment's quarter hours back."""
    await session.execute(
        delete(BookedQuarter).where(BookedQuarter.appointment_id == appointment_id),
        execution_options={"synchronize_session": False},
    )


async def get(session: AsyncSession, appointment_id: UUID) -> Appointment | None:
    return await session.get(Appointment, appointment_id)


async def get_for_update(session: AsyncSession, appointment_id: UUID) -> Appointment | None:
    return await session.get(Appointment, appointment_id, with_for_update=True)


async def visits_of(
    session: AsyncSession, appointment_ids: Sequence[UUID]
) -> dict[UUID, list[Visit]]:
    """Return the appointments' visits, in order."""
    found = await session.scalars(
        select(Visit)
        .where(Visit.appointment_id.in_(appointment_ids))
        .order_by(Visit.appointment_id, Visit.nth)
    )
    visits: dict[UUID, list[Visit]] = {key: [] for key in appointment_ids}
    for visit in found:
        visits[visit.appointment_id].append(visit)
    return visits


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    booked_by: str | None,
    site_id: str | None,
    day: date | None,
) -> Sequence[Appointment]:
    """Return a page of appointments: somebody's own, or a site's."""
    statement = select(Appointment)
    if booked_by is not None:
        statement = statement.where(Appointment.booked_by == booked_by)
    if site_id is not None:
        statement = statement.where(Appointment.site_id == site_id)
    if day is not None:
        statement = statement.where(Appointment.day == day)
    return (await session.scalars(after(statement, paging, Appointment.id))).all()


async def count_ahead(session: AsyncSession, booked_by: str, at: datetime) -> int:
    """Return how many appointments, or places on waiting lists, somebody has ahead."""
    count: int | None = await session.scalar(
        select(func.count())
        .select_from(Appointment)
        .where(
            Appointment.booked_by == booked_by,
            Appointment.state.in_((AppointmentState.BOOKED, AppointmentState.WAITING)),
            or_(Appointment.starts_at >= at, Appointment.wanted_until >= at),
        )
    )
    return count or 0


async def no_shows(
    session: AsyncSession, booked_by: str, *, since: date, most: int
) -> Sequence[datetime]:
    """Return the times to which somebody did not come, newest first."""
    found = await session.scalars(
        select(Appointment.starts_at)
        .where(
            Appointment.booked_by == booked_by,
            Appointment.state == AppointmentState.NO_SHOW,
            Appointment.day >= since,
        )
        .order_by(Appointment.starts_at.desc())
        .limit(most)
    )
    return [one for one in found if one is not None]


async def waiting_list(session: AsyncSession, site_id: str, day: date) -> Sequence[Appointment]:
    """Return who waits for that day, first come first; locked, passing over what is locked."""
    found = await session.scalars(
        select(Appointment)
        .where(
            Appointment.site_id == site_id,
            Appointment.day == day,
            Appointment.state == AppointmentState.WAITING,
        )
        .order_by(Appointment.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def due(session: AsyncSession, at: datetime, *, limit: int) -> Sequence[Appointment]:
    """Return the appointments whose moment has come, locked."""
    found = await session.scalars(
        select(Appointment)
        .where(Appointment.next_due_at <= at)
        .order_by(Appointment.next_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()
