"""Every SQL statement of supervision."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.clock import Clock
from case_service.cases.moves import Light
from case_service.cases.tables import Case
from case_service.supervision.tables import Digest, MovedDeadline, Order, Recomputation
from tongban.paging import Paging, after

__all__ = [
    "digests",
    "get_order",
    "get_order_for_update",
    "get_recomputation",
    "has_digest",
    "has_order",
    "is_behind",
    "keep_digests",
    "lights",
    "moved",
    "open_orders",
    "orders",
    "overdue",
    "recomputations",
    "start_recomputation",
]


async def has_order(session: AsyncSession, case_id: UUID, clock: Clock) -> bool:
    found = select(Order.id).where(Order.case_id == case_id, Order.clock == clock)
    return await session.scalar(found) is not None


async def get_order(session: AsyncSession, order_id: UUID) -> Order | None:
    return await session.get(Order, order_id)


async def get_order_for_update(session: AsyncSession, order_id: UUID) -> Order | None:
    return await session.get(Order, order_id, with_for_update=True, populate_existing=True)


async def orders(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str | None,
    is_open: bool | None,
    post: str | None,
    clock: Clock | None,
) -> Sequence[Order]:
    """Return a page of orders, newest first."""
    statement = select(Order)
    if site_id is not None:
        statement = statement.where(Order.site_id == site_id)
    if is_open is not None:
        answered = Order.answered_at
        statement = statement.where(answered.is_(None) if is_open else answered.is_not(None))
    if post is not None:
        statement = statement.where(Order.post == post)
    if clock is not None:
        statement = statement.where(Order.clock == clock)
    rows = await session.scalars(after(statement, paging, Order.id, descending=True))
    return rows.all()


def _lit(site_id: str | None) -> Select[Any]:
    keys = (Case.site_id, Case.matter_code, Case.department)
    whole = func.grouping_sets(tuple_(Case.light), *(tuple_(Case.light, key) for key in keys))
    statement = select(
        Case.light,
        *keys,
        # Which of the keys a row is about: a bit is set where it is summed over.
        func.grouping(*keys).label("summed"),
        func.count().label("cases"),
    ).where(Case.light.is_not(None))
    if site_id is not None:
        statement = statement.where(Case.site_id == site_id)
    return statement.group_by(whole)


async def lights(session: AsyncSession, *, site_id: str | None = None) -> Sequence[RowMapping]:
    """Count the open cases by light; as a whole and by site, matter and department.

    One pass over the index of the lit ones: finished cases cost nothing, however many there are.
    """
    rows: Sequence[RowMapping] = (await session.execute(_lit(site_id))).mappings().all()
    return rows


async def overdue(session: AsyncSession, *, most: int) -> Sequence[Case]:
    """Return the red ones."""
    rows = await session.scalars(select(Case).where(Case.light == Light.RED).limit(most))
    return rows.all()


async def open_orders(session: AsyncSession) -> dict[str | None, int]:
    """Count the orders without an answer, by department."""
    counted = await session.execute(
        select(Order.department, func.count())
        .where(Order.answered_at.is_(None))
        .group_by(Order.department)
    )
    return {department: count for department, count in counted}


async def is_behind(session: AsyncSession, at: datetime) -> bool:
    """Tell whether a case waits for what fell due by then."""
    late = select(Case.id).where(Case.next_due_at <= at).limit(1)
    return await session.scalar(late) is not None


async def has_digest(session: AsyncSession, day: date) -> bool:
    return await session.scalar(select(Digest.day).where(Digest.day == day).limit(1)) is not None


async def keep_digests(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store a day's digests; one that is there stays as it is."""
    await session.execute(insert(Digest).values(list(rows)).on_conflict_do_nothing())


async def digests(
    session: AsyncSession, paging: Paging, *, day: date | None, department: str | None
) -> Sequence[Digest]:
    """Return a page of digests, newest day first."""
    statement = select(Digest)
    if day is not None:
        statement = statement.where(Digest.day == day)
    if department is not None:
        statement = statement.where(Digest.department == department)
    rows = await session.scalars(
        after(statement, paging, Digest.day, Digest.department, descending=True)
    )
    return rows.all()


async def start_recomputation(session: AsyncSession, *, values: dict[str, Any]) -> None:
    """Note that the open deadlines are to be reckoned anew; once for each state of a year."""
    await session.execute(insert(Recomputation).values(**values).on_conflict_do_nothing())


async def get_recomputation(session: AsyncSession, recomputation_id: UUID) -> Recomputation | None:
    return await session.get(Recomputation, recomputation_id)


async def recomputations(
    session: AsyncSession, paging: Paging, *, year: int | None
) -> Sequence[Recomputation]:
    """Return a page of recomputations, newest first."""
    statement = select(Recomputation)
    if year is not None:
        statement = statement.where(Recomputation.year == year)
    rows = await session.scalars(after(statement, paging, Recomputation.id, descending=True))
    return rows.all()


async def moved(
    session: AsyncSession, recomputation_id: UUID, paging: Paging
) -> Sequence[MovedDeadline]:
    """Return a page of the cases that a recomputation moved, oldest case first."""
    statement = select(MovedDeadline).where(MovedDeadline.recomputation_id == recomputation_id)
    return (await session.scalars(after(statement, paging, MovedDeadline.case_id))).all()
