"""The SQL that writes a case: one statement for the row and all that tells of it.

Timeline, ledger, outbox and whatever waits in the session ride along as CTEs. A statement's shape
(which columns of which tables) is put together once; after that only its parameters change.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    CTE,
    ColumnDefault,
    Table,
    and_,
    bindparam,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from case_service.cases.tables import Case, TimelineEntry
from case_service.events import CaseEvent
from tongban.ids import new_id
from tongban.kernel import LedgerRow, OutboxRow
from tongban.ledger import entry_values
from tongban.messages import outbox_values

__all__ = ["advance", "submit"]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
TIMELINE: Table = TimelineEntry.__table__  # type: ignore[assignment]  # as above
LEDGER: Table = LedgerRow.__table__  # type: ignore[assignment]  # as above
OUTBOX: Table = OutboxRow.__table__  # type: ignore[assignment]  # as above

Row = Mapping[str, Any]
Rider = tuple[Table, Row]
Shape = tuple[tuple[Table, tuple[str, ...]], ...]


async def submit(
    session: AsyncSession,
    values: Row,
    *,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
) -> None:
    """Insert a case with its first timeline entry, its events and its ledger entry."""
    row = _complete(CASES, {**values, "sequence": len(events), "version": 1})
    riders = _riders(session, entry, events, ledger, already_told=0)
    await _execute(session, "insert", row, riders)


async def advance(
    session: AsyncSession,
    case: Case,
    changes: Row,
    *,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
) -> None:
    """Store a step of a locked case, with all that tells of it.

    Raises:
        StaleDataError: the row is not what was read.
    """
    after_it = {
        **changes,
        "version": case.version + 1,
        "sequence": case.sequence + len(events),
        "updated_at": entry["at"],
    }
    riders = _riders(session, entry, events, ledger, already_told=case.sequence)
    known = {"known_id": case.id, "known_version": case.version}
    if await _execute(session, "update", after_it, riders, **known) is None:
        raise StaleDataError
    for name, value in after_it.items():
        set_committed_value(case, name, value)


def _riders(
    session: AsyncSession,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
    *,
    already_told: int,
) -> list[Rider]:
    return [
        *_taken_along(session),
        (TIMELINE, {"id": new_id(), "facts": {}, **_nothing_left_out(entry)}),
        (LEDGER, entry_values(**ledger)),
        *(
            (OUTBOX, outbox_values(event, sequence=already_told + place))
            for place, event in enumerate(events, start=1)
        ),
    ]


def _nothing_left_out(entry: Row) -> dict[str, Any]:
    return {"actor_role": None, "site_id": None, "comment": None, **entry}


def _taken_along(session: AsyncSession) -> list[Rider]:
    """Take the new rows out of the session, to be inserted by the one statement.

    A document, the use of its seal and their ledger entries cost no statements of their own.
    """
    riders: list[Rider] = []
    for row in list(session.new):
        state = inspect(row)
        columns = {attr.key: attr.columns[0].name for attr in state.mapper.column_attrs}
        values = {columns[key]: value for key, value in state.dict.items() if key in columns}
        if state.mapper.version_id_col is not None:
            values.setdefault(state.mapper.version_id_col.name, 1)
        table = state.mapper.local_table
        session.expunge(row)
        riders.append((table, _complete(table, values)))
    return riders


def _complete(table: Table, values: Row) -> dict[str, Any]:
    """Add the columns' own defaults, which an insert with others beside it does not fill in."""
    filled = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in table.columns
        if isinstance(column.default, ColumnDefault) and column.name not in values
    }
    return {**filled, **values}


async def _execute(
    session: AsyncSession,
    verb: Literal["insert", "update"],
    values: Row,
    riders: Sequence[Rider],
    **known: Any,
) -> Any:
    shape: Shape = tuple((table, tuple(row)) for table, row in riders)
    parameters = {f"case_{name}": value for name, value in values.items()}
    for place, (_, row) in enumerate(riders):
        parameters |= {f"r{place}_{name}": value for name, value in row.items()}
    connection = await session.connection()
    statement = _statement(verb, tuple(values), shape)
    return await connection.scalar(statement, {**parameters, **known})


@lru_cache(maxsize=500)
def _statement(verb: Literal["insert", "update"], names: tuple[str, ...], shape: Shape) -> Any:
    """Return the statement of this shape, with a place for each value."""
    values: dict[Any, Any] = {CASES.c[name]: bindparam(f"case_{name}") for name in names}
    main: Any = insert(CASES) if verb == "insert" else update(CASES).where(_is_as_known())
    inserts: list[CTE] = []
    told: CTE | None = None
    for place, (table, columns) in enumerate(shape):
        rider = _insert(table, columns, f"r{place}", after=told if table is OUTBOX else None)
        inserts.append(rider)
        told = rider if table is OUTBOX else told
    return main.values(values).returning(CASES.c.id).add_cte(*inserts)


def _insert(table: Table, columns: tuple[str, ...], prefix: str, *, after: CTE | None) -> CTE:
    """Return the insert of one row, done after the insert `after` where there is one.

    CTEs beside one another run in any order; the relay sends events by the order of their rows.
    """
    values: list[Any] = [
        bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in columns
    ]
    statement = (
        insert(table).from_select(list(columns), select(*values).select_from(after))
        if after is not None
        else insert(table).values(dict(zip(columns, values, strict=True)))
    )
    return statement.returning(*table.primary_key).cte(prefix)


def _is_as_known() -> Any:
    return and_(CASES.c.id == bindparam("known_id"), CASES.c.version == bindparam("known_version"))
