"""The SQL of work lists: each condition is one index's own order, so that a page costs the same
however many cases there are, finished or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    RowMapping,
    Table,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.listing import seen_by, visible_to
from case_service.cases.tables import Case
from tongban.identity import Caller
from tongban.paging import Paging, after

__all__ = ["find", "page"]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
# What is sealed, and what no line of a list shows.
LEFT_OUT = frozenset(
    {"sealed_party", "situation_answers", "received_notice", "documents", "missing"}
)
LINES = select(*(column for column in CASES.c if column.name not in LEFT_OUT))

# A case's place in the order of work; each order's index holds both.
PLACE = (CASES.c.work_due_on, CASES.c.id)
PLACES = select(*PLACE)

Conditions = Sequence[ColumnElement[bool]]


async def page(
    session: AsyncSession, caller: Caller, orders: Sequence[Conditions], paging: Paging
) -> Sequence[RowMapping]:
    """Return the most urgent unfinished cases that meet one of `orders`, of those he may see.

    No case meets two of them. One row more than the page tells of a next.
    """
    pages = [
        after(
            PLACES.where(CASES.c.closed_at.is_(None), visible, *conditions),
            paging,
            *PLACE,
        )
        for conditions in orders
        for visible in visible_to(caller)
    ]
    if not pages:
        return []
    return await _lines(session, union_all(*(one.subquery().select() for one in pages)), paging)


async def find(
    session: AsyncSession,
    caller: Caller,
    *,
    number: str | None,
    names: Sequence[bytes],
    phones: Sequence[bytes],
    is_open: bool,
    paging: Paging,
) -> Sequence[RowMapping]:
    """Return the cases that are called so, of those he may see; each way has its index's order."""
    ways: list[ColumnElement[bool]] = []
    if number is not None:
        ways += [CASES.c.number == number, CASES.c.near_number == number]
    ways += [CASES.c.name_index == name for name in names]
    ways += [CASES.c.phone_index == phone for phone in phones]
    wanted = [seen_by(caller)]
    if is_open:
        wanted.append(CASES.c.closed_at.is_(None))
    pages = [after(PLACES.where(way, *wanted), paging, *PLACE) for way in ways]
    return await _lines(session, union(*(one.subquery().select() for one in pages)), paging)


async def _lines(
    session: AsyncSession, found: CompoundSelect[Any], paging: Paging
) -> Sequence[RowMapping]:
    places = found.subquery()
    # Cut before the lines are read: of a dozen full pages one is left.
    cut = select(places.c.id).order_by(places.c.work_due_on, places.c.id).limit(paging.limit + 1)
    lines = LINES.where(CASES.c.id.in_(cut)).order_by(*PLACE)
    rows: Sequence[RowMapping] = (await session.execute(lines)).mappings().all()
    return rows
