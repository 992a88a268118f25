"""What falls due by itself (到期事务): rows that carry the moment of their next duty, done on time.

A table with a timed duty mixes in `Due` and lists `due_index(...)`. Whoever changes a row sets its
`next_due_at` in the same transaction; the worker's loop takes the rows whose moment has come, each
in a transaction of its own, and does what is due. Several workers share the rows out by SKIP
LOCKED; one that dies leaves its row as it was, for the next; after downtime all that is past is
done at once, oldest first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import (
    DateTime,
    Index,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from tongban.context import Context
from tongban.service import Loop

__all__ = ["Due", "Duty", "DutyFailure", "due_index", "duties", "run_due"]

ROUND = 100
"""So many rows of one duty are done before the next duty has its turn."""
PAUSE_SECONDS = 1.0
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(hours=1)

log = structlog.get_logger(__name__)


class Due:
    """A row with a duty: when it falls due next; null where nothing is to come."""

    next_due_at: Mapped[datetime | None] = mapped_column()


def due_index(table: str) -> Index:
    """Return the index that keeps finding what is due as cheap as what is due."""
    is_due = text("next_due_at IS NOT NULL")
    return Index(f"ix_{table}_next_due_at", "next_due_at", postgresql_where=is_due)


class DutyFailure(CaseTables):
    """A duty that failed and is tried again later; gone once it is done."""

    __tablename__ = "duty_failures"

    duty: Mapped[str] = mapped_column(primary_key=True)
    row_key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    reason: Mapped[str]
    failed_at: Mapped[datetime]


class DueRow(Protocol):
    """What a duty's table must have: it mixes in `Due` and `Record`."""

    id: Any
    next_due_at: Any


R = TypeVar("R", bound=DueRow)
Perform = Callable[[AsyncSession, Context, R, datetime], Awaitable[None]]


@dataclass(frozen=True)
class Duty(Generic[R]):
    """What is done to a table's rows when their moment has come.

    `perform` gets the locked row and does what is due at that moment; it sets the row's
    `next_due_at` anew, to a later moment or to None.
    """

    name: str
    table: type[R]
    perform: Perform[R]


def duties(*known: Duty[Any]) -> Loop:
    """Return the loop that does these duties for as long as the worker runs."""

    look = union_all(*(_is_any_due(duty) for duty in known))

    async def do_what_is_due(context: Context) -> None:
        while True:
            due = await context.look(look, at=context.clock())
            done = [await run_due(context, duty) for duty in known if duty.name in due]
            if max(done, default=0) < ROUND:
                await asyncio.sleep(PAUSE_SECONDS)

    return do_what_is_due


def _is_any_due(duty: Duty[Any]) -> Select[str]:
    """Return a select of the duty's name where a row is due; one look serves all duties."""
    at = bindparam("at", type_=DateTime(timezone=True))
    return select(literal(duty.name)).where(select(1).where(duty.table.next_due_at <= at).exists())


async def run_due(context: Context, duty: Duty[Any], *, most: int = ROUND) -> int:
    """Do the duty on at most `most` rows; return how many were taken up."""
    for count in range(most):
        if not await _do_next(context, duty):
            return count
    return most


async def _do_next(context: Context, duty: Duty[Any]) -> bool:
    """Claim the row that is due longest and do its duty; False where none is due."""
    at = context.clock()
    claimed: tuple[Any, datetime] | None = None
    try:
        async with context.sessions.begin() as session:
            found = (await session.execute(_next_due(duty, at))).one_or_none()
            if found is None:
                return False
            row, failures = found
            claimed = row.id, row.next_due_at
            await duty.perform(session, context, row, at)
            await session.flush()
            _require_moved_on(duty, row, claimed[1])
            if failures is not None:
                await session.execute(_forgotten(duty, row.id))
    except Exception as fault:
        if claimed is None or _is_outage(fault):
            raise  # the worker starts its loop again; the row is as it was
        await _put_back(context, duty, *claimed, fault=fault, at=at)
    return True


def _require_moved_on(duty: Duty[Any], row: DueRow, was_due_at: datetime) -> None:
    """Refuse a duty that leaves its row as due as it was: it would be done for ever."""
    if row.next_due_at is not None and row.next_due_at <= was_due_at:
        raise AssertionError(f"{duty.name} left its row due at {row.next_due_at}")


def _is_outage(fault: Exception) -> bool:
    """Whether the database, not the row, is at fault."""
    if isinstance(fault, DBAPIError):
        return fault.connection_invalidated or isinstance(fault, InterfaceError)
    return isinstance(fault, OSError)


def _next_due(duty: Duty[Any], at: datetime) -> Any:
    table = duty.table
    return (
        select(table, DutyFailure.failures)
        .outerjoin(
            DutyFailure,
            and_(
                DutyFailure.duty == duty.name,
                DutyFailure.row_key == cast(table.id, Text),
            ),
        )
        .where(table.next_due_at <= at)
        .order_by(table.next_due_at)
        .limit(1)
        .with_for_update(of=table, skip_locked=True)
    )


async def _put_back(
    context: Context, duty: Duty[Any], key: Any, was_due_at: datetime, *, fault: Exception, at: Any
) -> None:
    """Let the row wait, longer each time, so that it stands in nobody's way."""
    table, reason = duty.table, f"{type(fault).__name__}: {fault}"[:2000]
    async with context.sessions.begin() as session:
        noted = insert(DutyFailure).values(
            duty=duty.name, row_key=str(key), failures=1, reason=reason, failed_at=at
        )
        failures = await session.scalar(
            noted.on_conflict_do_update(
                index_elements=["duty", "row_key"],
                set_={
                    "failures": DutyFailure.failures + 1,
                    "reason": reason,
                    "failed_at": at,
                },
            ).returning(DutyFailure.failures)
        )
        wait = min(FIRST_RETRY * 2 ** min(int(failures or 1) - 1, 12), LONGEST_RETRY)
        await session.execute(
            update(table)
            # Where somebody changed the row meanwhile, its new moment stands.
            .where(table.id == key, table.next_due_at == was_due_at)
            .values(next_due_at=at + wait)
            .execution_options(synchronize_session=False)
        )
    log.error(
        "duty.failed",
        duty=duty.name,
        row=str(key),
        failures=failures,
        retry_in=wait.total_seconds(),
        exc_info=fault,
    )


def _forgotten(duty: Duty[Any], key: Any) -> Any:
    return delete(DutyFailure).where(DutyFailure.duty == duty.name, DutyFailure.row_key == str(key))
