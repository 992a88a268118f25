"""Every SQL statement that reads or marks cases; those that write one are in `writing`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Table,
    bindparam,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import (
    CASE_NUMBERS,
    Case,
    Material,
    ProgressMiss,
    Review,
    TimelineEntry,
)
from tongban.clock import start_of

__all__ = [
    "by_exchange",
    "count_misses",
    "draw_numbers",
    "files_of",
    "find",
    "find_by_number",
    "get_for_update",
    "get_with_files",
    "keep_dates",
    "note_miss",
    "reviews_of",
    "reviews_of_many",
    "timeline_of",
    "with_open_clocks",
]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table


async def draw_numbers(session: AsyncSession, count: int) -> list[int]:
    """Draw `count` running numbers at once; those that are not used are gaps."""
    drawn = await session.scalars(
        select(CASE_NUMBERS.next_value()).select_from(func.generate_series(1, count).alias())
    )
    return list(drawn)


async def find(session: AsyncSession, case_id: UUID) -> Case | None:
    return await session.get(Case, case_id)


async def get_for_update(session: AsyncSession, case_id: UUID) -> Case | None:
    """Return the case, locked until the transaction ends."""
    return await session.scalar(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


# A case's files come as one JSON column, so that a read is one statement.
_FILES: Any = (
    select(
        func.coalesce(
            func.json_agg(
                func.json_build_object(
                    "id", Material.id,
                    "key", Material.key,
                    "file_name", Material.file_name,
                    "media_type", Material.media_type,
                    "size", Material.size,
                    "sha256", Material.sha256,
                    "uploaded_at", Material.uploaded_at,
                    "origin", Material.origin,
                )
            ),
            func.json_build_array(),
        )
    )
    .where(Material.case_id == Case.id)
    .scalar_subquery()
)  # fmt: skip
_WITH_FILES: Any = select(Case, _FILES).where(Case.id == bindparam("case_id"))
_LOCKED_WITH_FILES: Any = _WITH_FILES.with_for_update(of=Case).execution_options(
    populate_existing=True
)


async def get_with_files(
    session: AsyncSession, case_id: UUID, *, is_locked: bool
) -> tuple[Case, list[dict[str, Any]]] | None:
    """Return the case and its files, oldest first, in one statement."""
    statement = _LOCKED_WITH_FILES if is_locked else _WITH_FILES
    found = (await session.execute(statement, {"case_id": case_id})).one_or_none()
    if found is None:
        return None
    case, files = found
    return case, sorted(files, key=lambda file: file["id"])


async def find_by_number(session: AsyncSession, number: str) -> Case | None:
    return await session.scalar(select(Case).where(Case.number == number))


async def by_exchange(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return the case of an exchange, locked."""
    return await session.scalar(
        select(Case)
        .where(Case.exchange_id == exchange_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def timeline_of(session: AsyncSession, case_id: UUID) -> Sequence[TimelineEntry]:
    """Return the case's steps, oldest first."""
    rows = await session.scalars(
        select(TimelineEntry).where(TimelineEntry.case_id == case_id).order_by(TimelineEntry.id)
    )
    return rows.all()


async def files_of(session: AsyncSession, case_id: UUID) -> Sequence[Material]:
    rows = await session.scalars(
        select(Material).where(Material.case_id == case_id).order_by(Material.id)
    )
    return rows.all()


async def reviews_of_many(session: AsyncSession, case_ids: Sequence[UUID]) -> Sequence[Review]:
    """Return what departments were asked about these cases, in every round."""
    rows = await session.scalars(select(Review).where(Review.case_id.in_(case_ids)))
    return rows.all()


async def reviews_of(session: AsyncSession, case_id: UUID, review_round: int) -> list[Review]:
    """Return what the departments were asked in this round, the lead first."""
    rows = await session.scalars(
        select(Review)
        .where(Review.case_id == case_id, Review.round == review_round)
        .order_by(Review.is_lead.desc(), Review.id)
    )
    return list(rows)


async def count_misses(
    session: AsyncSession, number: str, *, since: datetime
) -> tuple[int, datetime | None]:
    """Return how many progress queries missed since then, and when the first of them did."""
    count, first = (
        await session.execute(
            select(func.count(), func.min(ProgressMiss.at)).where(
                ProgressMiss.number == number, ProgressMiss.at > since
            )
        )
    ).one()
    return count, first


async def note_miss(session: AsyncSession, number: str, *, at: datetime) -> None:
    session.add(ProgressMiss(number=number, at=at))
    await session.flush()


async def with_open_clocks(
    session: AsyncSession, year: int, *, behind: UUID | None, most: int
) -> Sequence[Case]:
    """Return, locked, the next cases with a date to come that the calendar of `year` may move.

    These are unfinished ones, and finished ones of which something is still checked. In the order
    of their ids, so that nobody who locks several waits for one who waits for him.
    """
    # The notice for a year may move the last days of the year before.
    reach = date(year, 1, 1) - timedelta(days=3)
    dates = (
        Case.notice_due_on,
        Case.correction_due_on,
        Case.statutory_due_on,
        Case.promised_due_on,
        Case.issue_due_on,
        Case.forward_due_on,
        Case.step_due_on,
        Case.supply_due_on,
    )
    may_move = or_(Case.is_provisional, *(due >= reach for due in dates))
    unfinished = select(Case.id).where(Case.closed_at.is_(None), may_move)
    # Found by what is to come, and as a whole: in the order of ids they would be sought among all.
    checked_later = select(Case.id).where(
        Case.closed_at.is_not(None), Case.next_due_at >= start_of(reach)
    )
    if behind is not None:
        unfinished = unfinished.where(Case.id > behind)
        checked_later = checked_later.where(Case.id > behind)
    finished = checked_later.cte("checked_later").prefix_with("MATERIALIZED")
    found = union_all(
        select(unfinished.order_by(Case.id).limit(most).subquery().c.id), select(finished.c.id)
    ).subquery()
    ids = select(found.c.id).order_by(found.c.id).limit(most)
    rows = await session.scalars(
        select(Case).where(Case.id.in_(ids)).order_by(Case.id).with_for_update(of=Case)
    )
    return rows.all()


async def keep_dates(session: AsyncSession, changed: Sequence[dict[str, Any]]) -> None:
    """Store what moved for locked cases: `id` and the columns that differ, in one go a shape."""
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for values in changed:
        shapes.setdefault(tuple(sorted(values)), []).append(values)
    connection = await session.connection()
    for names, rows in shapes.items():
        columns = [name for name in names if name != "id"]
        await connection.execute(
            update(CASES)
            .where(CASES.c.id == bindparam("known_id"))
            .values(
                {name: bindparam(f"new_{name}") for name in columns}
                | {"version": CASES.c.version + 1}
            ),
            [
                {"known_id": row["id"]} | {f"new_{name}": row[name] for name in columns}
                for row in rows
            ],
        )
