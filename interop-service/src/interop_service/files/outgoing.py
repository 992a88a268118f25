"""Files that go with a message of ours: named in it, kept until the partner has them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.files import store
from interop_service.files.rules import FileDirection, Piece
from interop_service.files.secrets import (
    FileRef,
    FileSecret,
    open_secret,
    plain_indexes,
    seal_secret,
)
from interop_service.files.tables import ExchangeFile
from tongban.context import Context
from tongban.objects import LeftFile

__all__ = ["named"]


async def named(
    session: AsyncSession,
    context: Context,
    partner: str,
    materials: Sequence[dict[str, Any]],
    *,
    at: datetime,
) -> tuple[list[dict[str, Any]], list[UUID]]:
    """Return materials as this partner is told of them, and the files that go beside the message.

    A file whose bytes went to the partner before, or are going, is named again and not sent again.
    """
    told, files = [], []
    for material in materials:
        if material.get("file") is None:
            told.append(material)
            continue
        left = LeftFile.model_validate(material["file"])
        secret = FileSecret(key=left.secret, size=material["size"], sha256=material["sha256"])
        file_id, reference = await _kept(session, context, partner, left, secret, at=at)
        told.append({**material, "file": reference.model_dump()})
        files.append(file_id)
    return told, list(dict.fromkeys(files))


async def _kept(
    session: AsyncSession,
    context: Context,
    partner: str,
    left: LeftFile,
    secret: FileSecret,
    *,
    at: datetime,
) -> tuple[UUID, FileRef]:
    vault = context.vault
    indexes = plain_indexes(vault, secret.sha256)
    known = await store.outgoing(session, partner=partner, plain_indexes=indexes)
    if known is not None:
        known.used_at = at
        opened = open_secret(vault, known.sealed_secret, digest=known.digest)
        return known.id, FileRef(digest=known.digest, size=known.size, key=opened.key)
    values = {
        "direction": FileDirection.OUT,
        "partner": partner,
        "digest": left.sha256,
        "size": left.size,
        "reached": 0,
        "sealed_secret": seal_secret(vault, secret, digest=left.sha256),
        "plain_index": indexes[0],
        "used_at": at,
    }
    row = (await store.announce(session, [values]))[left.sha256]
    await _add_pieces(session, row, left, at=at)
    return row.id, FileRef(digest=row.digest, size=row.size, key=left.secret)


async def _add_pieces(
    session: AsyncSession, row: ExchangeFile, left: LeftFile, *, at: datetime
) -> None:
    start = 0
    for piece in left.pieces:
        await store.add_piece(session, row, Piece(start, piece.size, piece.key), at=at)
        start += piece.size
    row.reached = 0  # at the partner, not here
    await session.flush()
