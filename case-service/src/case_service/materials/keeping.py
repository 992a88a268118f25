"""Bytes at rest (文件保管): inspected in one pass, stored once whoever hands them in, read back.

Contents are found again by a blind index of their SHA-256. Each is a sealed stream with a key of
its own, which lies beside it sealed by the service's vault.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.materials import scanning, store
from case_service.materials.content import Look
from case_service.materials.errors import MaterialInfected, MaterialNotScanned
from case_service.materials.rules import ScanState
from case_service.materials.scanning import Verdict
from case_service.materials.tables import Material, StoredContent
from tongban.context import Context
from tongban.ids import new_id
from tongban.objects import ObjectStore
from tongban.sealed_stream import new_stream_key, opened, sealed

__all__ = [
    "Inspected",
    "Source",
    "area",
    "inspect",
    "keep",
    "open_bytes",
    "read",
    "require_readable",
]

AREA: Final = "case-materials"
"""Where in the object store this service keeps its own; nobody else stores or sweeps here."""

Source = Callable[[], AsyncIterator[bytes]]
"""Gives a file's bytes from the beginning, each time it is called."""


@dataclass(frozen=True)
class Inspected:
    """What a file is, and whether a scanner let it pass."""

    look: Look
    verdict: Verdict


def area(context: Context) -> ObjectStore:
    """Return this service's own part of the object store."""
    return context.objects.within(AREA)


async def inspect(context: Context, source: Source) -> Inspected:
    """Look at a file before anything is kept of it.

    Raises:
        MaterialInfected: a virus was found.
    """
    look, is_whole = Look(), False

    async def watched() -> AsyncIterator[bytes]:
        nonlocal is_whole
        async for piece in source():
            await asyncio.to_thread(look.at, piece)
            yield piece
        is_whole = True

    verdict = await scanning.use(context).scan(watched())
    if verdict.state is ScanState.INFECTED:
        raise MaterialInfected(signature=verdict.signature)
    if not is_whole:  # the scanner did not read to the end, or nothing at all
        look = Look()
        async for _ in watched():
            pass
    return Inspected(look, verdict)


async def keep(
    session: AsyncSession, context: Context, source: Source, inspected: Inspected, *, at: datetime
) -> StoredContent:
    """Return the content with these bytes; they are stored where they are not yet.

    Raises:
        MaterialInfected: the same bytes were found infected before.
    """
    vault, look, verdict = context.vault, inspected.look, inspected.verdict
    known = await store.use_content(session, vault.blind_indexes(_indexed(look)), at=at)
    if known is None:
        content_id, key = new_id(), new_stream_key()
        objects = area(context)
        stored = await objects.put(sealed(source(), key, context=_bytes_of(content_id)))
        known = await store.keep_content(
            session,
            {
                "id": content_id,
                "digest_index": vault.blind_index(_indexed(look)),
                "size": look.size,
                "object_key": stored.key,
                "sealed_key": vault.seal(key, context=_key_of(content_id)),
                "scan_state": verdict.state,
                "scan_engine": verdict.engine,
                "scanned_at": at if verdict.engine else None,
                "used_at": at,
            },
        )
        if known.object_key != stored.key:  # a rival kept the same bytes meanwhile
            await objects.delete(stored.key)
    if known.scan_state is ScanState.INFECTED:
        raise MaterialInfected(signature=known.scan_signature)
    if verdict.state is ScanState.CLEAN and known.scan_state is not ScanState.CLEAN:
        known.scan_state, known.scan_engine, known.scanned_at = verdict.state, verdict.engine, at
    return known


def require_readable(content: StoredContent) -> None:
    """Refuse to hand out what may harm its reader.

    Raises:
        MaterialInfected, MaterialNotScanned
    """
    if content.scan_state is ScanState.INFECTED:
        raise MaterialInfected(signature=content.scan_signature)
    if content.scan_state is ScanState.FAILED:
        raise MaterialNotScanned(headers={"Retry-After": "60"})


async def open_bytes(context: Context, content: StoredContent) -> AsyncIterator[bytes]:
    """Return a content's bytes in pieces; that they are there is known before the first.

    Raises:
        ObjectNotFound, StoreUnavailable
    """
    key = context.vault.open(content.sealed_key, context=_key_of(content.id))
    pieces = await area(context).open(content.object_key)
    return opened(pieces, key, context=_bytes_of(content.id))


async def read(
    context: Context, material: Material, content: StoredContent | None
) -> AsyncIterator[bytes]:
    """Return a material's bytes in pieces.

    Raises:
        MaterialInfected, MaterialNotScanned, ObjectNotFound, StoreUnavailable
    """
    if content is not None:
        require_readable(content)
        return await open_bytes(context, content)
    if material.object_key is None:
        raise AssertionError("a material has a content or an object: its table says so")
    whole = await context.objects.get(material.object_key)
    return _one(context.vault.open(whole, context=f"materials.content:{material.id}"))


async def _one(whole: bytes) -> AsyncIterator[bytes]:
    yield whole


def _indexed(look: Look) -> str:
    return f"contents:{look.sha256}"


def _bytes_of(content_id: UUID) -> str:
    return f"contents.bytes:{content_id}"


def _key_of(content_id: UUID) -> str:
    return f"contents.key:{content_id}"
