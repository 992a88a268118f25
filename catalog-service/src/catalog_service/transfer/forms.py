"""Filled forms on their way in: a table row by row, a workbook once it is whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from catalog_service.matters.faults import Path
from catalog_service.transfer.errors import FileTooLarge
from catalog_service.transfer.files import FLAT, MOST_BYTES, CsvRows, read_xlsx
from catalog_service.transfer.filled import Cells, Filled, heading_of
from catalog_service.transfer.incoming import BATCH, Batch, Incoming, batches_of
from catalog_service.transfer.lines import MOST_BYTES_A_ROW
from tongban.problems import FieldError, Text, Where

__all__ = ["table", "whole", "workbook"]

TableRow = tuple[int, Cells]


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    """Read a form whole, but no more than a form can have.

    Raises:
        FileTooLarge: 413.
    """
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise FileTooLarge(most_megabytes=MOST_BYTES // 1024**2)
    return bytes(content)


def table(chunks: AsyncIterator[bytes]) -> Incoming:
    """Read a table of any length, a matter a row; faults are told by row and column."""
    return Incoming(_table(chunks), _in_table)


async def _table(chunks: AsyncIterator[bytes]) -> AsyncIterator[Batch]:
    rows = _rows(chunks)
    first = await anext(rows, None)
    headings = first[1] if first is not None else ()
    told = Filled()
    told.take(FLAT, headings, (), title=None)
    if told.faults:
        # With a column missing every row would be faulty.
        yield Batch(faults=told.faults, received=1)
        return

    def read(some: Sequence[TableRow]) -> Batch:
        filled = Filled()
        filled.take(FLAT, headings, some, title=None)
        matters, faults = filled.checked(range(len(filled.contents)))
        return Batch(
            rows=[(filled.row_of(at), content) for at, content in matters],
            faults=[*filled.faults, *faults],
            received=len(some),
        )

    async for batch in batches_of(rows, read):
        yield batch


async def _rows(chunks: AsyncIterator[bytes]) -> AsyncIterator[TableRow]:
    rows = CsvRows(most_bytes=MOST_BYTES_A_ROW)
    async for chunk in chunks:
        for row in rows.feed(chunk):
            yield row
    for row in rows.end():
        yield row


def _in_table(row: int, path: Path, said: Text, code: str) -> FieldError:
    return Where.cell(None, row, heading_of(FLAT, path), said, code)


def workbook(chunks: AsyncIterator[bytes]) -> Incoming:
    """Read a workbook, whose sheets tell of a matter here and there; faults by sheet, row, column.

    What is held is the whole form, which has a size that a form can have.
    """
    book = _Workbook(chunks)
    return Incoming(book.batches(), book.place)


class _Workbook:
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._filled = Filled()

    async def batches(self) -> AsyncIterator[Batch]:
        self._filled = filled = await asyncio.to_thread(read_xlsx, await whole(self._chunks))
        yield Batch(faults=filled.faults)
        for start in range(0, len(filled.contents), BATCH):
            some = range(start, min(start + BATCH, len(filled.contents)))
            matters, faults = await asyncio.to_thread(filled.checked, some)
            yield Batch(matters, faults, received=len(some))

    def place(self, at: int, path: Path, said: Text, code: str) -> FieldError:
        return self._filled.place(at, path, said, code)
