"""How large files and their chunks may be, and where a sender goes on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

__all__ = [
    "LARGEST_CHUNK",
    "MEGABYTE",
    "UNFINISHED_KEPT",
    "FileDirection",
    "Piece",
    "chunk_at",
    "is_quiet",
]

MEGABYTE: Final = 1024 * 1024
LARGEST_CHUNK: Final = 8 * MEGABYTE
"""A chunk is proven as a whole before it is kept: so much of it is in memory at a time."""
UNFINISHED_KEPT: Final = timedelta(days=7)
"""So long a file of which nothing more comes is kept, and the message that waits for it."""


class FileDirection(StrEnum):
    """Which way a file goes."""

    IN = "in"  # 接收
    OUT = "out"  # 发送


@dataclass(frozen=True)
class Piece:
    """Where an object of a file begins, and how long it is."""

    start: int
    size: int
    object_key: str


def chunk_at(pieces: Sequence[Piece], offset: int) -> tuple[Piece, int] | None:
    """Return the piece in which `offset` lies and how much of it to leave out; None at the end.

    The pieces are in their order and without gaps. A receiver may have stopped anywhere.
    """
    for piece in pieces:
        if piece.start <= offset < piece.start + piece.size:
            return piece, offset - piece.start
    return None


def is_quiet(reached: Sequence[int]) -> bool:
    """Tell whether a sender gets nowhere: the same offset three times in a row."""
    return len(reached) >= 3 and len(set(reached[-3:])) == 1
