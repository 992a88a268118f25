"""The SQL of work lists: each condition is one index's own order, so that a page costs the same
however many cases there are, finished or not."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    RowMapping,
    Select,
    Table,
    bindparam,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.listing import Sight, seen_by, sight_of, visible_by_parameters
from case_service.cases.tables import Case
from tongban.identity import Caller
from tongban.paging import Paging, after, page_values, paged

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

Order = Mapping[str, Any]
"""Values of columns by their names; None where a column holds nothing."""


async def page(
    session: AsyncSession, caller: Caller, orders: Sequence[Order], paging: Paging
) -> Sequence[RowMapping]:
    """Return the most urgent unfinished cases that meet one of `orders`, of those he may see.

    No case meets two of them. One row more than the page tells of a next.
    """
    if not orders:
        return []
    statement = _worklist(
        sight_of(caller),
        tuple(tuple((name, told is None) for name, told in order.items()) for order in orders),
        has_cursor=paging.cursor is not None,
    )
    values = {
        "own_subject": caller.subject,
        "own_site": caller.site_id,
        **{
            f"order{place}_{name}": told
            for place, order in enumerate(orders)
            for name, told in order.items()
        },
        **page_values(paging, *PLACE),
    }
    rows: Sequence[RowMapping] = (await session.execute(statement, values)).mappings().all()
    return rows


@lru_cache(maxsize=500)
def _worklist(
    sight: Sight, orders: tuple[tuple[tuple[str, bool], ...], ...], *, has_cursor: bool
) -> Select[*tuple[Any, ...]]:
    """Return the statement of a work list, put together once for each way of asking.

    An order is the columns that it is by, each with whether it holds nothing.
    """
    pages = [
        paged(
            PLACES.where(
                CASES.c.closed_at.is_(None),
                visible,
                *(
                    CASES.c[name].is_(None)
                    if is_none
                    else CASES.c[name] == bindparam(f"order{place}_{name}")
                    for name, is_none in order
                ),
            ),
            *PLACE,
            has_cursor=has_cursor,
        )
        for place, order in enumerate(orders)
        for visible in visible_by_parameters(sight)
    ]
    rows = bindparam("page_rows", type_=Integer)
    return _lines(union_all(*(one.subquery().select() for one in pages)), rows)


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
    lines = _lines(union(*(one.subquery().select() for one in pages)), paging.limit + 1)
    rows: Sequence[RowMapping] = (await session.execute(lines)).mappings().all()
    return rows


def _lines(found: CompoundSelect[Any], rows: Any) -> Select[*tuple[Any, ...]]:
    places = found.subquery()
    # Cut before the lines are read: of a dozen full pages one is left.
    cut = select(places.c.id).order_by(places.c.work_due_on, places.c.id).limit(rows)
    return LINES.where(CASES.c.id.in_(cut)).order_by(*PLACE)
