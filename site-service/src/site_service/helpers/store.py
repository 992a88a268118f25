"""Every SQL statement about helpers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from site_service.helpers.rules import UNDER_WAY, AccompanimentState, HomeVisitState
from site_service.helpers.tables import (
    AccompaniedTicket,
    Accompaniment,
    AccompanimentStep,
    HandOver,
    HomeVisit,
)
from tongban.clock import local_date
from tongban.paging import Paging, after


async def lock_helpers(session: AsyncSession, site_id: str) -> None:
    """Let nobody else assign the site's helpers until the commit."""
    key = func.hashtextextended(f"helpers:{site_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def going(session: AsyncSession, helper_ids: Collection[UUID]) -> set[UUID]:
    """Return who goes along with somebody now."""
    found = await session.scalars(
        select(Accompaniment.helper_id).where(
            Accompaniment.helper_id.in_(helper_ids),
            Accompaniment.state == AccompanimentState.GOING,
        )
    )
    return set(found)


async def planned_then(
    session: AsyncSession, helper_ids: Collection[UUID], begins_at: datetime, ends_at: datetime
) -> set[UUID]:
    """Return who is planned to go along with somebody at that time."""
    found = await session.scalars(
        select(Accompaniment.helper_id).where(
            Accompaniment.helper_id.in_(helper_ids),
            Accompaniment.state == AccompanimentState.PLANNED,
            Accompaniment.begun_at < ends_at,
            Accompaniment.ends_at > begins_at,
        )
    )
    return set(found)


async def accompanying(
    session: AsyncSession, helper_id: UUID, begins_at: datetime, ends_at: datetime
) -> Sequence[Accompaniment]:
    """Return with whom the helper is to go along at that time, or goes along on that day."""
    is_then = or_(
        (Accompaniment.state == AccompanimentState.PLANNED)
        & (Accompaniment.begun_at < ends_at)
        & (Accompaniment.ends_at > begins_at),
        (Accompaniment.state == AccompanimentState.GOING)
        & (Accompaniment.begun_at < ends_at)
        & (Accompaniment.day >= local_date(begins_at)),
    )
    statement = select(Accompaniment).where(Accompaniment.helper_id == helper_id, is_then)
    return (await session.scalars(statement)).all()


async def expected_at_homes(
    session: AsyncSession, helper_id: UUID, begins_at: datetime, ends_at: datetime
) -> Sequence[HomeVisit]:
    """Return the scheduled home visits of the helper that touch the time."""
    statement = select(HomeVisit).where(
        HomeVisit.helper_id == helper_id,
        HomeVisit.state == HomeVisitState.SCHEDULED,
        HomeVisit.starts_at < ends_at,
        HomeVisit.starts_at + HomeVisit.minutes * timedelta(minutes=1) > begins_at,
    )
    return (await session.scalars(statement)).all()


async def helped_on(
    session: AsyncSession, helper_ids: Collection[UUID], day: date
) -> dict[UUID, int]:
    """Return with how many visits each went along on that day."""
    rows = await session.execute(
        select(Accompaniment.helper_id, func.count())
        .where(Accompaniment.helper_id.in_(helper_ids), Accompaniment.day == day)
        .group_by(Accompaniment.helper_id)
    )
    return {helper_id: count for helper_id, count in rows}


async def under_way(
    session: AsyncSession, *, ticket_id: UUID | None, appointment_id: UUID | None
) -> Accompaniment | None:
    """Return what goes on, or is planned, of the ticket's or the appointment's visit."""
    of_ticket = select(AccompaniedTicket.accompaniment_id).where(
        AccompaniedTicket.ticket_id == ticket_id, AccompaniedTicket.is_going
    )
    is_theirs: ColumnElement[bool] = Accompaniment.id.in_(of_ticket)
    if appointment_id is not None:
        is_theirs = or_(is_theirs, Accompaniment.appointment_id == appointment_id)
    return await session.scalar(
        select(Accompaniment).where(Accompaniment.state.in_(UNDER_WAY), is_theirs)
    )


async def get(session: AsyncSession, accompaniment_id: UUID) -> Accompaniment | None:
    return await session.get(Accompaniment, accompaniment_id)


async def get_for_update(session: AsyncSession, accompaniment_id: UUID) -> Accompaniment | None:
    return await session.get(Accompaniment, accompaniment_id, with_for_update=True)


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str,
    state: AccompanimentState | None,
    helper_id: UUID | None,
) -> Sequence[Accompaniment]:
    """Return a page of the site's, newest first."""
    statement = select(Accompaniment).where(Accompaniment.site_id == site_id)
    if state is not None:
        statement = statement.where(Accompaniment.state == state)
    if helper_id is not None:
        statement = statement.where(Accompaniment.helper_id == helper_id)
    return (
        await session.scalars(after(statement, paging, Accompaniment.id, descending=True))
    ).all()


async def ticket_ids_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    rows = await session.execute(
        select(AccompaniedTicket.accompaniment_id, AccompaniedTicket.ticket_id).where(
            AccompaniedTicket.accompaniment_id.in_(ids)
        )
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for accompaniment_id, ticket_id in rows:
        found[accompaniment_id].append(ticket_id)
    return found


async def steps_of(
    session: AsyncSession, ids: Collection[UUID]
) -> dict[UUID, list[AccompanimentStep]]:
    rows = await session.scalars(
        select(AccompanimentStep)
        .where(AccompanimentStep.accompaniment_id.in_(ids))
        .order_by(AccompanimentStep.done_at, AccompanimentStep.step)
    )
    found: dict[UUID, list[AccompanimentStep]] = defaultdict(list)
    for row in rows:
        found[row.accompaniment_id].append(row)
    return found


async def hand_overs_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[HandOver]]:
    rows = await session.scalars(
        select(HandOver).where(HandOver.accompaniment_id.in_(ids)).order_by(HandOver.id)
    )
    found: dict[UUID, list[HandOver]] = defaultdict(list)
    for row in rows:
        found[row.accompaniment_id].append(row)
    return found


async def tick(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Tick a step; who ticked it first stays."""
    await session.execute(
        upsert(AccompanimentStep)
        .values(row)
        .on_conflict_do_nothing(index_elements=["accompaniment_id", "step"])
    )


async def release_tickets(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Note that nobody goes along with these visits' tickets any more."""
    await session.execute(
        update(AccompaniedTicket)
        .where(AccompaniedTicket.accompaniment_id.in_(ids))
        .values(is_going=False)
        .execution_options(synchronize_session="fetch")
    )


async def left_over(session: AsyncSession, before: date, *, limit: int) -> Sequence[Accompaniment]:
    """Return what nobody ended on its day, locked."""
    statement = (
        select(Accompaniment)
        .where(Accompaniment.state.in_(UNDER_WAY), Accompaniment.day < before)
        .order_by(Accompaniment.day, Accompaniment.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).all()


async def home(session: AsyncSession, visit_id: UUID) -> HomeVisit | None:
    return await session.get(HomeVisit, visit_id)


async def home_for_update(session: AsyncSession, visit_id: UUID) -> HomeVisit | None:
    return await session.get(HomeVisit, visit_id, with_for_update=True)


async def homes(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str | None,
    requested_by: str | None,
    state: HomeVisitState | None,
) -> Sequence[HomeVisit]:
    """Return a page of a site's, or of somebody's own, newest first."""
    statement = select(HomeVisit)
    if site_id is not None:
        statement = statement.where(HomeVisit.site_id == site_id)
    if requested_by is not None:
        statement = statement.where(HomeVisit.requested_by == requested_by)
    if state is not None:
        statement = statement.where(HomeVisit.state == state)
    return (await session.scalars(after(statement, paging, HomeVisit.id, descending=True))).all()


async def homes_of(
    session: AsyncSession,
    helper_ids: Collection[UUID],
    begins_at: datetime,
    ends_at: datetime,
    *,
    besides: UUID,
) -> Sequence[HomeVisit]:
    """Return the helpers' scheduled home visits that begin within the time."""
    return (
        await session.scalars(
            select(HomeVisit).where(
                HomeVisit.helper_id.in_(helper_ids),
                HomeVisit.state == HomeVisitState.SCHEDULED,
                HomeVisit.starts_at >= begins_at,
                HomeVisit.starts_at < ends_at,
                HomeVisit.id != besides,
            )
        )
    ).all()
