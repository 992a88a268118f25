"""One statement for a change and all that tells of it (一条语句写全).

A row is inserted or updated, and its history, ledger entry and events ride along as CTEs. Within a
request the statement waits until the answer is made, so that the key of a safe retry rides along
too; where the request asked the database for nothing before, that one statement is its own
transaction, without BEGIN and COMMIT. Whatever the session is asked meanwhile comes after it.

A statement's shape (which columns of which tables) is put together once; after that only its
parameters change.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnDefault,
    Executable,
    Table,
    and_,
    bindparam,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.schema import sort_tables

__all__ = [
    "DeferringSession",
    "Rider",
    "Write",
    "complete",
    "defer",
    "explained",
    "finish",
    "refuse_as",
    "staying",
    "taken_along",
    "write",
    "write_all",
]

_WAITING: Final = "tongban.write"
_IS_DEFERRING: Final = "tongban.is_deferring"
_HAS_BEGUN: Final = "tongban.has_begun"
_REFUSALS: Final = "tongban.refusals"

Row = Mapping[str, Any]
Rider = tuple[Table, Row]
Shape = tuple[tuple[Table, tuple[str, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Write:
    """The row to write, and the rows inserted beside it.

    With `known` (the primary key's values and, by its name, the version that was read) the row is
    updated, else inserted.
    """

    table: Table
    values: Row
    riders: Sequence[Rider] = ()
    known: Row = field(default_factory=dict)

    def with_rider(self, table: Table, values: Row) -> "Write":
        """Return the same with one more row beside it."""
        return replace(self, riders=(*self.riders, (table, values)))

    def statement(self) -> tuple[Executable, dict[str, Any]]:
        """Return the statement of this shape, and its parameters."""
        shape: Shape = tuple((table, tuple(row)) for table, row in self.riders)
        parameters = {f"row_{name}": value for name, value in self.values.items()}
        parameters |= {f"known_{name}": value for name, value in self.known.items()}
        for place, (_, row) in enumerate(self.riders):
            parameters |= {f"r{place}_{name}": value for name, value in row.items()}
        return _statement(self.table, tuple(self.values), tuple(self.known), shape), parameters


class DeferringSession(Session):
    """A session that lets its last write wait for the answer, and nothing overtake it."""


async def write(session: AsyncSession, what: Write) -> None:
    """Write now, or, within a request, when its answer is made.

    Raises:
        StaleDataError: the row to update is not what was read.
    """
    if _WAITING in session.info:
        await session.run_sync(_write_waiting)
    if session.info.get(_IS_DEFERRING):
        session.info[_WAITING] = what
    else:
        await session.run_sync(_write, what)


def defer(session: AsyncSession) -> None:
    """Let the session's last write wait for `finish`."""
    session.info[_IS_DEFERRING] = True


def refuse_as(
    session: AsyncSession, constraint: str, explain: Callable[[], Awaitable[Exception | None]]
) -> None:
    """Have `explain` say what it means if this constraint refuses the session's write.

    So a rule that the database keeps costs no look beforehand, and no rival slips past it.
    """
    session.info.setdefault(_REFUSALS, []).append((constraint, explain))


async def explained(session: AsyncSession, fault: IntegrityError) -> Exception | None:
    """Return what a constraint's refusal means; None where nobody can say."""
    for constraint, explain in session.info.get(_REFUSALS, ()):
        if constraint not in str(fault.orig):
            continue
        meaning: Exception | None = await explain()
        if meaning is not None:
            return meaning
    return None


@asynccontextmanager
async def staying(session: AsyncSession) -> AsyncIterator[None]:
    """Let what is asked of a request's session in here stay, whatever becomes of the request.

    What it asked before is undone first, so before it may only have read, or must be about to be
    refused; rows that were read then are read again by whoever goes on. Afterwards the request
    begins anew, and its key of a safe retry comes with what is written from then on.

    A session of its own would wait for a second connection while the request holds one: as many
    at once as there are connections would all wait, and none would ever give one back.
    """
    is_deferring = session.info.get(_IS_DEFERRING, False)
    await _begin_anew(session, is_deferring=False)
    try:
        yield
        await session.commit()
    finally:
        await _begin_anew(session, is_deferring=is_deferring)


async def _begin_anew(session: AsyncSession, *, is_deferring: bool) -> None:
    await session.rollback()
    for name in (_WAITING, _HAS_BEGUN, _REFUSALS):
        session.info.pop(name, None)
    session.info[_IS_DEFERRING] = is_deferring


async def finish(session: AsyncSession, rider: Rider | None) -> None:
    """Do the write that waits, with `rider` beside it, and commit.

    An insert that is all the session ever asked is a transaction by itself. An update never is:
    where it finds its row changed, what rode along has to be undone.

    Raises:
        StaleDataError: the row to update is not what was read.
        IntegrityError: a row is there already.
    """
    session.info[_IS_DEFERRING] = False
    if session.new or session.dirty or session.deleted:
        await session.flush()
    waiting: Write | None = session.info.pop(_WAITING, None)
    if waiting is not None:
        if not waiting.known and not session.info.get(_HAS_BEGUN):
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await session.run_sync(_write, waiting.with_rider(*rider) if rider else waiting)
    elif rider is not None:
        table, values = rider
        await (await session.connection()).execute(_insert(table), values)
    await session.commit()


def complete(table: Table, values: Row) -> dict[str, Any]:
    """Add the columns' own defaults, which an insert with others beside it does not fill in."""
    filled = {
        name: default.arg(None) if default.is_callable else default.arg
        for name, default in _defaults(table)
        if name not in values
    }
    return {**filled, **values}


@lru_cache(maxsize=200)
def _defaults(table: Table) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (column.name, column.default)
        for column in table.columns
        if isinstance(column.default, ColumnDefault)
    )


def taken_along(session: AsyncSession) -> list[Rider]:
    """Take the new rows out of the session, to ride in one statement.

    A document, the use of its seal and their ledger entries then cost no statements of their own.
    """
    riders: list[Rider] = []
    for row in list(session.new):
        state = inspect(row)
        columns = _columns(state.mapper)
        values = {columns[key]: value for key, value in state.dict.items() if key in columns}
        if state.mapper.version_id_col is not None:
            values.setdefault(state.mapper.version_id_col.name, 1)
        table = state.mapper.local_table
        session.expunge(row)
        riders.append((table, complete(table, values)))
    return riders


async def write_all(session: AsyncSession) -> None:
    """Write what the session has new and changed, all rows of a kind by one statement.

    For a batch of aggregates whose rows are locked: their versions move on unasked. Afterwards the
    session knows the rows no longer.
    """
    kinds: dict[tuple[Table, tuple[str, ...], bool], list[Row]] = {}
    for table, values in taken_along(session):
        kinds.setdefault((table, tuple(values), True), []).append(values)
    for table, key, values in _changes_taken(session):
        names = tuple(values)
        row = {f"known_{name}": value for name, value in key.items()}
        row |= {f"row_{name}": value for name, value in values.items()}
        kinds.setdefault((table, names, False), []).append(row)
    places = _places(frozenset(table for table, _, _ in kinds))
    connection = await session.connection()
    for (table, names, is_new), rows in sorted(kinds.items(), key=lambda kind: places[kind[0][0]]):
        await connection.execute(_insert(table) if is_new else _change(table, names), rows)


def _changes_taken(session: AsyncSession) -> list[tuple[Table, Row, Row]]:
    """Take the changed rows out of the session: of each its table, key and what changed."""
    taken: list[tuple[Table, Row, Row]] = []
    for row in list(session.dirty):
        state = inspect(row)
        columns = _columns(state.mapper)
        values = {
            columns[key]: state.dict[key]
            for key in sorted(state.committed_state)
            if key in columns and get_history(row, key).has_changes()
        }
        table: Table = state.mapper.local_table
        key = dict(zip(table.primary_key.columns.keys(), state.identity or (), strict=True))
        session.expunge(row)
        if values:
            taken.append((table, key, values))
    return taken


@lru_cache(maxsize=200)
def _columns(mapper: Mapper[Any]) -> Mapping[str, str]:
    """Return which attribute is which column."""
    return {attr.key: attr.columns[0].name for attr in mapper.column_attrs}


@lru_cache(maxsize=100)
def _places(tables: frozenset[Table]) -> Mapping[Table, int]:
    """Return in which order these tables are written: what is referred to first."""
    return {table: place for place, table in enumerate(sort_tables(tables))}


@lru_cache(maxsize=200)
def _change(table: Table, names: tuple[str, ...]) -> Any:
    values: dict[Any, Any] = {table.c[name]: bindparam(f"row_{name}") for name in names}
    if "version" in table.c:
        values[table.c.version] = table.c.version + 1
    key = (column == bindparam(f"known_{column.name}") for column in table.primary_key.columns)
    return update(table).where(and_(*key)).values(values)


def _write_waiting(session: Session) -> None:
    waiting = session.info.pop(_WAITING, None)
    if waiting is not None:
        _write(session, waiting)


def _write(session: Session, what: Write) -> None:
    statement, parameters = what.statement()
    if session.connection().execute(statement, parameters).first() is None:
        raise StaleDataError


@event.listens_for(DeferringSession, "do_orm_execute")
def _before_statement(state: ORMExecuteState) -> None:
    _write_waiting(state.session)


@event.listens_for(DeferringSession, "before_flush")
def _before_flush(session: Session, *_: Any) -> None:
    _write_waiting(session)


@event.listens_for(DeferringSession, "after_begin")
def _note_begun(session: Session, *_: Any) -> None:
    session.info[_HAS_BEGUN] = True


@lru_cache(maxsize=1000)
def _statement(table: Table, names: tuple[str, ...], known: tuple[str, ...], shape: Shape) -> Any:
    """Return the statement of this shape, with a place for each value."""
    values: dict[Any, Any] = {table.c[name]: bindparam(f"row_{name}") for name in names}
    main: Any = insert(table)
    if known:
        main = update(table).where(
            and_(*(table.c[name] == bindparam(f"known_{name}") for name in known))
        )
    inserts: list[CTE] = []
    last: dict[Table, CTE] = {}
    for place, (rider, columns) in enumerate(shape):
        last[rider] = _rider(rider, columns, f"r{place}", after=last.get(rider))
        inserts.append(last[rider])
    return main.values(values).returning(*table.primary_key).add_cte(*inserts)


def _rider(table: Table, columns: tuple[str, ...], prefix: str, *, after: CTE | None) -> CTE:
    """Return the insert of one row, done after the insert `after` where there is one.

    CTEs beside one another run in any order; rows of one table, such as events, keep theirs.
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


@lru_cache(maxsize=100)
def _insert(table: Table) -> Any:
    return insert(table)
