"""Sealed streams: bytes of any length, sealed chunk by chunk with a key of their own.

AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is the
chunk's place and whether it is the last one. So no chunk can be moved, left out, repeated, or cut
off at the end; and neither side ever holds more than two chunks. A key seals one stream only.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tongban.vault import SealBroken

__all__ = ["CHUNK_BYTES", "TAG_BYTES", "new_stream_key", "opened", "sealed", "sealed_chunk"]

CHUNK_BYTES: Final = 256 * 1024
TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_COUNTER_BYTES: Final = 11


def new_stream_key() -> bytes:
    """Return a key for one stream, to be kept sealed by the vault."""
    return os.urandom(_KEY_BYTES)


def sealed_chunk(chunk: bytes, key: bytes, *, context: str, place: int, is_last: bool) -> bytes:
    """Seal one chunk of a stream, the `place`-th from 0; all but the last are of one size."""
    return AESGCM(key).encrypt(_nonce(place, is_last), chunk, context.encode())


async def sealed(
    content: AsyncIterator[bytes], key: bytes, *, context: str
) -> AsyncIterator[bytes]:
    """Seal a stream; `context` tells what it is, so that it opens as nothing else."""
    place = 0
    async for chunk, is_last in _rechunked(content, CHUNK_BYTES):
        yield await asyncio.to_thread(
            sealed_chunk, chunk, key, context=context, place=place, is_last=is_last
        )
        place += 1


async def opened(
    content: AsyncIterator[bytes], key: bytes, *, context: str
) -> AsyncIterator[bytes]:
    """Open a sealed stream; each piece was checked before it is told.

    Raises:
        SealBroken: changed, cut off, out of order, or sealed as something else.
    """
    aead, bound = AESGCM(key), context.encode()
    place = 0
    async for chunk, is_last in _rechunked(content, CHUNK_BYTES + TAG_BYTES):
        try:
            yield await asyncio.to_thread(aead.decrypt, _nonce(place, is_last), chunk, bound)
        except InvalidTag:
            raise SealBroken(context) from None
        place += 1


def _nonce(place: int, is_last: bool) -> bytes:
    return place.to_bytes(_COUNTER_BYTES) + bytes([is_last])


async def _rechunked(content: AsyncIterator[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Tell a stream in chunks of one size, and which is the last; there is always one."""
    held = bytearray()
    async for piece in content:
        held += piece
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True
