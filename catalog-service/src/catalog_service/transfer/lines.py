"""Reads JSON Lines as they arrive, a batch of matters at a time. Pure, but for the waiting."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from catalog_service.errors import NoOfflineChannel
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_by_path
from tongban.problems import FieldError, Text, pointer_to, sentences_of

__all__ = ["BATCH", "Batch", "Reader", "batches_of", "fault_in"]

BATCH = 200
MOST_BYTES_A_LINE = 1024 * 1024


@dataclass
class Batch:
    """Some rows: those that are well formed, with their numbers, and the others' faults."""

    rows: list[tuple[int, MatterContent]] = field(default_factory=list)
    faults: list[FieldError] = field(default_factory=list)
    received: int = 0

    @property
    def contents(self) -> list[MatterContent]:
        return [content for _, content in self.rows]

    def place(self, at: int, path: tuple[str | int, ...], said: Text, code: str) -> FieldError:
        """Make a fault of a place in one of the contents."""
        return fault_in(self.rows[at][0], path, said, code)


class Reader:
    """Checks one row after the other; of the rows before it knows the codes alone."""

    def __init__(self, *, publish: bool) -> None:
        self._publish = publish
        self._rows: dict[str, int] = {}

    def read(self, lines: list[tuple[int, bytes]]) -> Batch:
        """Return what these lines tell."""
        batch = Batch()
        for number, line in lines:
            batch.received += 1
            try:
                content = MatterContent.model_validate_json(line)
            except ValidationError as fault:
                batch.faults += [
                    fault_in(number, one["loc"], sentences_of(dict(one)), one["type"])
                    for one in fault.errors(include_input=False, include_url=False)
                ]
                continue
            faults = [*self._faults_among_others(number, content)]
            batch.faults += faults
            if not faults:
                batch.rows.append((number, content))
        return batch

    def _faults_among_others(self, number: int, content: MatterContent) -> Iterator[FieldError]:
        before = self._rows.setdefault(content.code, number)
        if before != number:
            said = {
                "zh-CN": f"编码与第 {before} 行重复",
                "en": f"the same code as in row {before}",
            }
            yield fault_in(number, ("code",), said, "code_repeated")
        if self._publish and not content.has_offline_channel:
            yield fault_in(number, ("channels",), NoOfflineChannel.detail, NoOfflineChannel.type)
        if self._publish:
            for path, detail, fault in faults_by_path(content):
                yield fault_in(number, path, detail, fault)


async def batches_of(chunks: AsyncIterator[bytes], reader: Reader) -> AsyncIterator[Batch]:
    """Yield the rows in batches; what is held at a time is one batch."""
    waiting: list[tuple[int, bytes]] = []
    number = 0
    async for line in _lines_of(chunks):
        number += 1
        if len(line) > MOST_BYTES_A_LINE:
            said = {"zh-CN": "该行超过 1 MB", "en": "the row is longer than 1 MB"}
            yield Batch(faults=[fault_in(number, (), said, "line_too_long")], received=1)
        elif line.strip():
            waiting.append((number, line))
        if len(waiting) == BATCH:
            # Checking a batch takes a moment, in which others are answered.
            yield await asyncio.to_thread(reader.read, waiting)
            waiting = []
    if waiting:
        yield await asyncio.to_thread(reader.read, waiting)


async def _lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines; of one that is too long just enough to tell that it is."""
    begun = bytearray()
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            yield bytes(begun + part)
            begun.clear()
        if len(begun) <= MOST_BYTES_A_LINE:
            begun += rest
    if begun:
        yield bytes(begun)


def fault_in(row: int, path: tuple[int | str, ...], said: Text, code: str) -> FieldError:
    """Tell a fault by the row it is in."""
    return FieldError(detail=said, pointer=pointer_to(path), row=row, code=code)
