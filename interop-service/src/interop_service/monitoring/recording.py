"""Keeping what was observed, beside the traffic: a message never waits for its record.

Records are held in memory and written together, half a second later at most; a process that is
killed loses those. What must not be lost, the messages and receipts, is in log and ledger.
"""

import asyncio
from contextlib import suppress
from dataclasses import asdict
from typing import Final, Self

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import Table, insert
from sqlalchemy.exc import SQLAlchemyError

from interop_service.monitoring.rules import Operation
from interop_service.monitoring.tables import OperationRow
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["Recorder"]

RESOURCE: Final = "monitoring.recorder"
WRITTEN_AFTER_SECONDS: Final = 0.5
AT_MOST: Final = 10_000
"""More than that is not held while the database is away."""

# On the table itself: as rows of the ORM they cost as much as a statement of each message's own.
_OPERATIONS: Table = OperationRow.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
_INSERT: Final = insert(_OPERATIONS)

MESSAGES = Counter(
    "tongban_interop_messages",
    "Attempts to bring a message to or from a partner",
    ["partner", "direction", "outcome", "fault_of"],
)
SECONDS = Histogram(
    "tongban_interop_message_seconds",
    "From sending a message to its answer",
    ["direction"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45),
)

log = structlog.get_logger(__name__)


class Recorder:
    """One process's records that are not written yet."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held: list[Operation] = []
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the process's own; what it holds is written when the process ends."""
        found: Self | None = context.resources.get(RESOURCE)
        if found is None:
            found = context.resources[RESOURCE] = cls(context)
            context.closing.push_async_callback(found.close)
        return found

    async def close(self) -> None:
        """Write what is still held."""
        self._ending.set()
        if self._writing is not None:
            await self._writing
        await self.write()

    def note(self, operation: Operation) -> None:
        """Count an attempt, and keep its record soon."""
        MESSAGES.labels(
            operation.partner, operation.direction, operation.outcome, operation.fault_of or ""
        ).inc()
        SECONDS.labels(operation.direction).observe(operation.milliseconds / 1000)
        if len(self._held) >= AT_MOST:
            return
        self._held.append(operation)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITTEN_AFTER_SECONDS):
                await self._ending.wait()
        await self.write()

    async def write(self) -> None:
        """Write what is held."""
        while self._held:
            taken, self._held = self._held[:500], self._held[500:]
            try:
                async with self._context.engine.begin() as connection:
                    await connection.execute(
                        _INSERT, [{"id": new_id(), **asdict(one)} for one in taken]
                    )
            except SQLAlchemyError as fault:
                self._held = taken + self._held
                log.warning("monitoring.not_written", held=len(self._held), fault=str(fault))
                return
