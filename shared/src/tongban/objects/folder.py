"""A folder of objects, shared by the processes of one machine or over a shared volume."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

from tongban.ids import new_id
from tongban.objects.store import (
    ObjectNotFound,
    ObjectRef,
    ObjectStore,
    StoreUnavailable,
    checked_area,
    is_key,
    path_of,
)

__all__ = ["FolderStore"]

_PIECE_BYTES: Final = 256 * 1024


class FolderStore(ObjectStore):
    """Each object a file, written beside its place and moved there when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes | AsyncIterator[bytes]) -> ObjectRef:
        key = new_id().hex
        unfinished, place = self._folder / "unfinished" / key, self._path(key)
        if isinstance(content, bytes) and len(content) <= _PIECE_BYTES:
            with _outage_told():
                await asyncio.to_thread(_write, content, unfinished, place)
            return ObjectRef(key=key, size=len(content), sha256=_digest_of(content))
        size, digest = 0, hashlib.sha256()
        with _outage_told():
            file = await asyncio.to_thread(_create, unfinished)
        try:
            async for piece in _in_pieces(content):
                with _outage_told():
                    await asyncio.to_thread(_append, file, piece, digest.update)
                size += len(piece)
            with _outage_told():
                await asyncio.to_thread(_finish, file, unfinished, place)
        finally:
            await asyncio.to_thread(_clear, file, unfinished)
        return ObjectRef(key=key, size=size, sha256=digest.hexdigest())

    async def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise ObjectNotFound(key) from None

    async def open(self, key: str) -> AsyncIterator[bytes]:
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise ObjectNotFound(key) from None
        return _pieces(file)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def keys(self, *, older_than: datetime) -> AsyncIterator[str]:
        for shelf in await asyncio.to_thread(self._shelves):
            for key in await asyncio.to_thread(_older, shelf, older_than):
                yield key

    async def discard_unfinished(self, *, older_than: datetime) -> int:
        folder = self._folder / "unfinished"
        keys = await asyncio.to_thread(_older, folder, older_than)
        for key in keys:
            await asyncio.to_thread((folder / key).unlink, missing_ok=True)
        return len(keys)

    def within(self, area: str) -> Self:
        return type(self)(self._folder / checked_area(area))

    def _path(self, key: str) -> Path:
        return self._folder / path_of(key)

    def _shelves(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9a-f][0-9a-f]"))


async def _in_pieces(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for piece in content:
        yield piece


@contextmanager
def _outage_told() -> Iterator[None]:
    """Tell that the volume is full, or gone; what the content's own source raises is not ours."""
    try:
        yield
    except OSError as fault:
        raise StoreUnavailable(str(fault)) from fault


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
    finally:
        file.close()


def _older(folder: Path, limit: datetime) -> list[str]:
    found = []
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # removed meanwhile, by its owner
            written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if written_at < limit and is_key(path.name):
                found.append(path.name)
    return found


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(content: bytes, unfinished: Path, place: Path) -> None:
    """Keep what is small in one go: each step in a thread of its own costs more than the step."""
    file = _create(unfinished)
    try:
        file.write(content)
        _finish(file, unfinished, place)
    finally:
        _clear(file, unfinished)


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _append(file: BinaryIO, piece: bytes, update: Callable[[bytes], None]) -> None:
    file.write(piece)
    update(piece)


def _finish(file: BinaryIO, unfinished: Path, place: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished.rename(place)
    # The new name, and that of a folder just made for it, outlive a power cut as well.
    _sync_folder(place.parent)
    _sync_folder(place.parent.parent)


def _clear(file: BinaryIO, unfinished: Path) -> None:
    """Leave no unfinished file behind, however its writing ended; a whole one has moved on."""
    with suppress(OSError):  # a full volume complains again about what it could not keep
        file.close()
    unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
