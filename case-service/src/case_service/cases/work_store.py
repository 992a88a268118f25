"""The SQL of work lists: each condition is one index's own order, so that a page costs the same
however many cases there are, finished or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.store import visible_to
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

Conditions = Sequence[ColumnElement[bool]]


async def page(
    session: AsyncSession, caller: Caller, orders: Sequence[Conditions], paging: Paging
) -> Sequence[RowMapping]:
    """Return the most urgent unfinished cases that meet one of `orders`, of those he may see.

    No case meets two of them. One row more than the page tells of a next.
    """
    pages = [
        after(
            select(CASES.c.id).where(CASES.c.closed_at.is_(None), visible, *conditions),
            paging,
            CASES.c.work_due_on,
            CASES.c.id,
        )
        for conditions in orders
        for visible in visible_to(caller)
    ]
    if not pages:
        return []
    found = union_all(*(one.subquery().select() for one in pages))
    lines = (
        LINES.where(CASES.c.id.in_(found))
        .order_by(CASES.c.work_due_on, CASES.c.id)
        .limit(paging.limit + 1)
    )
    rows: Sequence[RowMapping] = (await session.execute(lines)).mappings().all()
    return rows


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
    """Return the cases that are called so, of those he may see; each way has its index."""
    ways: list[ColumnElement[bool]] = []
    if number is not None:
        ways += [CASES.c.number == number, CASES.c.near_number == number]
    if names:
        ways.append(CASES.c.name_index.in_(names))
    if phones:
        ways.append(CASES.c.phone_index.in_(phones))
    wanted: list[Any] = [or_(*ways), or_(*visible_to(caller))]
    if is_open:
        wanted.append(CASES.c.closed_at.is_(None))
    lines = after(LINES.where(*wanted), paging, CASES.c.work_due_on, CASES.c.id)
    rows: Sequence[RowMapping] = (await session.execute(lines)).mappings().all()
    return rows
