"""Files that do not fit in memory (随附文件): left in sealed pieces for whoever is told their key.

A file is one sealed stream (`tongban.sealed_stream`), cut into objects of a few megabytes. So it
can be read, sent on and begun anew at any piece, by a process that never holds more than one.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from tongban.objects.store import ObjectStore
from tongban.sealed_stream import new_stream_key, opened, sealed
from tongban.shapes import DIGEST

__all__ = ["FILES", "PIECE_BYTES", "SEALED_AS", "FilePiece", "LeftFile", "leave_file", "open_file"]

FILES: Final = "exchange-files"
"""The area of the store where they lie; interop-service knows all that is needed, and sweeps it."""
SEALED_AS: Final = "tongban file v1"
"""What a file's chunks are bound to (the associated data of AES-GCM)."""
PIECE_BYTES: Final = 4 * 1024 * 1024
"""A piece has at least so many bytes, but the last, and not many more."""


class FilePiece(BaseModel):
    """One of the objects of a file."""

    model_config = ConfigDict(frozen=True)

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    size: Annotated[int, Field(ge=1)]


class LeftFile(BaseModel):
    """A file that was left. It holds the key: let it travel only inside what is itself sealed."""

    model_config = ConfigDict(frozen=True)

    pieces: tuple[FilePiece, ...]
    size: Annotated[int, Field(ge=1)]
    """Of the sealed bytes, in all."""
    sha256: Annotated[str, Field(pattern=DIGEST)]
    """Of the sealed bytes."""
    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    """The 32 bytes of the key that opens it, base64url."""

    @property
    def key(self) -> bytes:
        return self.key_of(self.secret)

    @staticmethod
    def key_of(secret: str) -> bytes:
        """Return the key that is written as `secret`."""
        return base64.urlsafe_b64decode(f"{secret}=")


async def leave_file(store: ObjectStore, content: AsyncIterator[bytes]) -> LeftFile:
    """Seal a stream under a key of its own and store it in pieces.

    Raises:
        StoreUnavailable: what was stored of it is swept.
    """
    area, key, digest = store.within(FILES), new_stream_key(), hashlib.sha256()
    pieces: list[FilePiece] = []
    held = bytearray()

    async def store_piece() -> None:
        piece = bytes(held)
        await asyncio.to_thread(digest.update, piece)
        stored = await area.put(piece)
        pieces.append(FilePiece(key=stored.key, size=stored.size))
        held.clear()

    async for chunk in sealed(content, key, context=SEALED_AS):
        held += chunk
        if len(held) >= PIECE_BYTES:
            await store_piece()
    if held:
        await store_piece()
    return LeftFile(
        pieces=tuple(pieces),
        size=sum(piece.size for piece in pieces),
        sha256=digest.hexdigest(),
        secret=base64.urlsafe_b64encode(key).rstrip(b"=").decode(),
    )


def open_file(store: ObjectStore, left: LeftFile) -> AsyncIterator[bytes]:
    """Return what was left, piece by piece.

    Raises:
        ObjectNotFound, StoreUnavailable, SealBroken: while it is read.
    """
    return opened(_stored(store.within(FILES), left), left.key, context=SEALED_AS)


async def _stored(area: ObjectStore, left: LeftFile) -> AsyncIterator[bytes]:
    for piece in left.pieces:
        yield await area.get(piece.key)
