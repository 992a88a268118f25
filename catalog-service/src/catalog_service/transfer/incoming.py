"""An import on its way in, whatever its format: matters, a batch at a time, and their faults."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Place, unpublishable
from tongban.problems import FieldError

__all__ = ["BATCH", "Batch", "Incoming", "batches_of", "until_arrived"]

BATCH = 200
Row = TypeVar("Row")


@dataclass
class Batch:
    """Some rows: those that are well formed, with their numbers, and the others' faults."""

    rows: list[tuple[int, MatterContent]] = field(default_factory=list)
    faults: list[FieldError] = field(default_factory=list)
    received: int = 0

    def publishable(self, place: Place) -> "Batch":
        """Return the same without the rows that can't be put in force; they become faults."""
        refused = {
            number: [place(number, *fault) for fault in unpublishable(content)]
            for number, content in self.rows
        }
        return Batch(
            rows=[row for row in self.rows if not refused[row[0]]],
            faults=[*self.faults, *(fault for faults in refused.values() for fault in faults)],
            received=self.received,
        )


@dataclass(frozen=True)
class Incoming:
    """The rows of one import, read as they arrive."""

    batches: AsyncIterator[Batch]
    place: Place
    """Makes a fault of a place in one of the rows, as whoever filled it in sees it."""


async def until_arrived(
    chunks: AsyncIterator[bytes], arrived: asyncio.Event
) -> AsyncIterator[bytes]:
    """Yield what comes in, and tell when all of it is here."""
    async for chunk in chunks:
        yield chunk
    arrived.set()


async def batches_of(
    rows: AsyncIterator[Row], read: Callable[[Sequence[Row]], Batch]
) -> AsyncIterator[Batch]:
    """Yield the rows in batches; what is held at a time is one batch."""
    waiting: list[Row] = []
    async for row in rows:
        waiting.append(row)
        if len(waiting) == BATCH:
            # Reading a batch takes a moment, in which others are answered.
            yield await asyncio.to_thread(read, waiting)
            waiting = []
    if waiting:
        yield await asyncio.to_thread(read, waiting)
