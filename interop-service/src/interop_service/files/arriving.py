"""Files that partners send: announced by a message, taken chunk by chunk, proven at the end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import TooManyMessages
from interop_service.files import store
from interop_service.files.errors import (
    FileDigestMismatch,
    FileOffsetWrong,
    FileTooLarge,
    FileUnknown,
    FileUnreadable,
)
from interop_service.files.rules import MEGABYTE, FileDirection, Piece
from interop_service.files.secrets import Announced, FileSecret, open_secret, seal_secret
from interop_service.files.tables import ExchangeFile
from interop_service.partners.tables import Partner
from tongban import writes
from tongban.context import Context
from tongban.objects import FILES, FilePiece, LeftFile, ObjectStore
from tongban.objects.files import SEALED_AS
from tongban.sealed_stream import opened
from tongban.vault import SealBroken

__all__ = ["add", "announce", "file_of", "left_files"]

LACKING_AT_MOST: Final = 200


async def announce(
    session: AsyncSession,
    context: Context,
    partner: Partner,
    announced: Sequence[Announced],
    *,
    at: datetime,
) -> Sequence[ExchangeFile]:
    """Expect the files that a partner's message names; return them all, here already or not.

    Raises:
        FileTooLarge: 413.
        FileUnreadable: 422, another message told another key, or another content, of the same.
        TooManyMessages: 429, more is on its way than this district keeps for one partner.
    """
    limit = partner.largest_file_megabytes * MEGABYTE
    if any(one.size > limit for one in announced):
        raise FileTooLarge(limit=limit)
    by_digest = {one.reference.digest: one for one in announced}
    rows = await store.announce(
        session,
        [
            {
                "direction": FileDirection.IN,
                "partner": partner.district,
                "digest": digest,
                "size": one.reference.size,
                "reached": 0,
                "sealed_secret": seal_secret(context.vault, one.secret, digest=digest),
                "used_at": at,
            }
            for digest, one in by_digest.items()
        ],
    )
    for one in announced:
        row = rows[one.reference.digest]
        told = open_secret(context.vault, row.sealed_secret, digest=row.digest)
        if told != one.secret or row.size != one.reference.size:
            raise FileUnreadable(reason=f"{row.digest}: told otherwise before")
    most = context.settings.files_on_their_way_megabytes
    unfinished = await store.unfinished_bytes(session, partner=partner.district)
    if any(row.whole_at is None for row in rows.values()) and unfinished > most * MEGABYTE:
        raise TooManyMessages(limit=f"{most} MiB", headers={"Retry-After": "60"})
    return list(rows.values())


async def left_files(
    session: AsyncSession, context: Context, files: Sequence[ExchangeFile]
) -> Mapping[str, LeftFile]:
    """Return files that are here as they are handed on to another service, by their digest."""
    if not files:
        return {}
    pieces = await store.pieces_of(session, [row.id for row in files])
    return {
        row.digest: LeftFile(
            pieces=tuple(FilePiece(key=one.object_key, size=one.size) for one in pieces[row.id]),
            size=row.size,
            sha256=row.digest,
            secret=open_secret(context.vault, row.sealed_secret, digest=row.digest).key,
        )
        for row in files
    }


async def file_of(session: AsyncSession, sender: str, digest: str) -> ExchangeFile:
    """Return a file to the one who sends it, and to nobody else.

    Raises:
        FileUnknown: 404.
    """
    row = await store.file(session, FileDirection.IN, partner=sender, digest=digest)
    if row is None:
        raise FileUnknown
    return row


async def add(
    session: AsyncSession,
    context: Context,
    sender: str,
    digest: str,
    chunk: bytes,
    *,
    offset: int,
    at: datetime,
) -> ExchangeFile:
    """Take the next chunk; with the last one the whole is proven.

    Raises:
        FileUnknown: 404.
        FileOffsetWrong: 409.
        FileTooLarge: 413.
        FileDigestMismatch, FileUnreadable: 422.
    """
    row = await file_of(session, sender, digest)
    if row.whole_at is not None or offset != row.reached:
        raise _elsewhere(row.reached)
    reached = offset + len(chunk)
    if reached > row.size:
        raise FileTooLarge(limit=row.size)
    if not chunk:
        return row
    area = context.objects.within(FILES)
    before = (await store.pieces_of(session, [row.id]))[row.id]
    if reached == row.size:
        await _require_good(session, context, row, before, chunk)
    stored = await area.put(chunk)
    locked = await store.lock(session, row.id)
    now = (await store.pieces_of(session, [row.id]))[row.id] if locked is not None else None
    if locked is None or now != before:  # the same chunk came twice at once, or all began anew
        await area.delete(stored.key)
        raise _elsewhere(locked.reached if locked is not None else 0)
    await store.add_piece(session, locked, Piece(offset, len(chunk), stored.key), at=at)
    locked.last_fault = None
    if reached == row.size:
        locked.whole_at = at
        await session.flush()
    return locked


async def _require_good(
    session: AsyncSession,
    context: Context,
    row: ExchangeFile,
    before: Sequence[Piece],
    last: bytes,
) -> None:
    """Read the whole once: it is what was announced, it opens, and has inside what was told.

    Raises:
        FileDigestMismatch, FileUnreadable: what came of it is gone.
    """
    secret = open_secret(context.vault, row.sealed_secret, digest=row.digest)
    area = context.objects.within(FILES)
    inside, size, fault = hashlib.sha256(), 0, None
    whole = _Watched(area, before, last)
    try:
        async for piece in opened(whole.pieces(), _key(secret), context=SEALED_AS):
            await asyncio.to_thread(inside.update, piece)
            size += len(piece)
        if (size, inside.hexdigest()) != (secret.size, secret.sha256):
            fault = "size or digest of what is inside"
    except SealBroken:
        fault = "decryption"
    file_id, announced, found = row.id, row.digest, await whole.digest()
    if found == announced and fault is None:
        return
    async with writes.staying(session):
        gone = await store.begin_anew(session, file_id, fault=fault or "digest")
        if found == announced:
            await store.drop(session, [file_id])
    for key in gone:
        await area.delete(key)
    if found != announced:
        raise FileDigestMismatch(found=found)
    raise FileUnreadable(reason=f"{announced}: {fault}")


class _Watched:
    """The bytes of a file with a chunk that is not kept yet, digested as they are read."""

    def __init__(self, area: ObjectStore, before: Sequence[Piece], last: bytes) -> None:
        self._area, self._before, self._last = area, before, last
        self._digest, self._read = hashlib.sha256(), 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """Tell them all, or what is left of them."""
        for number in range(self._read, len(self._before) + 1):
            is_last = number == len(self._before)
            piece = self._last if is_last else await self._area.get(self._before[number].object_key)
            await asyncio.to_thread(self._digest.update, piece)
            self._read = number + 1
            yield piece

    async def digest(self) -> str:
        """Return the digest of the whole, whoever stopped reading before its end."""
        async for _ in self.pieces():
            pass
        return self._digest.hexdigest()


def _elsewhere(offset: int) -> FileOffsetWrong:
    return FileOffsetWrong(offset=offset, headers={"Upload-Offset": str(offset)})


def _key(secret: FileSecret) -> bytes:
    return LeftFile.key_of(secret.key)
