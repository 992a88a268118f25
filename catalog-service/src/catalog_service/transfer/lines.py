"""JSON Lines as they arrive: a matter a line."""

from collections.abc import AsyncIterator, Sequence

from pydantic import ValidationError

from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Path
from catalog_service.transfer.incoming import Batch, Incoming, batches_of
from tongban.problems import FieldError, Text, pointer_to, sentences_of

__all__ = ["MOST_BYTES_A_ROW", "json_lines", "too_long"]

MOST_BYTES_A_ROW = 1024 * 1024


def json_lines(chunks: AsyncIterator[bytes]) -> Incoming:
    """Read a matter a line; faults are told by row and JSON pointer."""
    return Incoming(batches_of(_lines_of(chunks), _read), _fault)


def _read(lines: Sequence[tuple[int, bytes]]) -> Batch:
    batch = Batch(received=len(lines))
    for number, line in lines:
        if len(line) > MOST_BYTES_A_ROW:
            batch.faults.append(_fault(number, (), *too_long()))
            continue
        try:
            batch.rows.append((number, MatterContent.model_validate_json(line)))
        except ValidationError as fault:
            batch.faults += [
                _fault(number, one["loc"], sentences_of(dict(one)), one["type"])
                for one in fault.errors(include_input=False, include_url=False)
            ]
    return batch


async def _lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Yield whole lines by their numbers; of one that is too long enough to tell that it is."""
    begun, number = bytearray(), 0
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            number += 1
            begun += part
            if begun.strip():
                yield number, bytes(begun)
            begun.clear()
        if len(begun) <= MOST_BYTES_A_ROW:
            begun += rest
    if begun.strip():
        yield number + 1, bytes(begun)


def too_long() -> tuple[Text, str]:
    """Say that a row is longer than a matter can be."""
    return {"zh-CN": "该行超过 1 MB", "en": "the row is longer than 1 MB"}, "line_too_long"


def _fault(row: int, path: Path, said: Text, code: str) -> FieldError:
    return FieldError(detail=said, pointer=pointer_to(path), row=row, code=code)
