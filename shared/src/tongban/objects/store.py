"""What a store of objects does, wherever it lies; and the sweep of what nobody refers to."""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from tongban.shapes import DIGEST

__all__ = [
    "InvalidObjectKey",
    "ObjectNotFound",
    "ObjectRef",
    "ObjectStore",
    "StoreUnavailable",
    "checked_area",
    "is_key",
    "path_of",
    "sweep",
]

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_AREA: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_SWEPT_AT_ONCE: Final = 500


class ObjectNotFound(LookupError):
    """There is no object of this key."""


class InvalidObjectKey(ValueError):
    """Not a key that a store has given out; a path, perhaps."""


class StoreUnavailable(ConnectionError):
    """The store can't be reached, or takes nothing more."""


class ObjectRef(BaseModel):
    """What was stored: its key, and what its bytes must measure."""

    model_config = ConfigDict(frozen=True)

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=DIGEST)]


class ObjectStore(ABC):
    """Objects by key. One is there as a whole, or not at all; none is ever changed."""

    @abstractmethod
    async def put(self, content: bytes | AsyncIterator[bytes]) -> ObjectRef:
        """Store the bytes under a new key; a stream is never held in memory as a whole.

        Raises:
            StoreUnavailable: nothing was stored.
        """

    @abstractmethod
    async def get(self, key: str) -> bytes:
        """Return an object's bytes, for one that fits in memory.

        Raises:
            ObjectNotFound, InvalidObjectKey, StoreUnavailable
        """

    @abstractmethod
    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Return its bytes in pieces; that it exists is known before the first is asked for.

        Raises:
            ObjectNotFound, InvalidObjectKey, StoreUnavailable
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no fault."""

    @abstractmethod
    def keys(self, *, older_than: datetime) -> AsyncIterator[str]:
        """Tell the keys of what was stored before then."""

    @abstractmethod
    async def discard_unfinished(self, *, older_than: datetime) -> int:
        """Remove what a killed process was still writing; return how many."""

    @abstractmethod
    def within(self, area: str) -> Self:
        """Return a part of the store with keys of its own, which its one owner may sweep."""


async def sweep(
    store: ObjectStore,
    *,
    older_than: datetime,
    referenced: Callable[[Sequence[str]], Awaitable[Collection[str]]],
) -> int:
    """Remove the objects that nobody refers to; return how many.

    `older_than` leaves time for what was stored for a transaction that has not committed yet.
    `referenced` tells which of these keys somebody still holds. It answers for everybody who
    stores in this area: only its one owner may sweep it.
    """
    removed = await store.discard_unfinished(older_than=older_than)
    batch: list[str] = []
    async for key in store.keys(older_than=older_than):
        batch.append(key)
        if len(batch) == _SWEPT_AT_ONCE:
            removed += await _remove_unreferenced(store, batch, referenced)
            batch = []
    return removed + await _remove_unreferenced(store, batch, referenced)


async def _remove_unreferenced(
    store: ObjectStore,
    keys: Sequence[str],
    referenced: Callable[[Sequence[str]], Awaitable[Collection[str]]],
) -> int:
    held = await referenced(keys) if keys else ()
    unheld = [key for key in keys if key not in held]
    for key in unheld:
        await store.delete(key)
    return len(unheld)


def path_of(key: str) -> str:
    """Return where an object lies below its store's root.

    Raises:
        InvalidObjectKey: it is not a key.
    """
    if not _KEY.fullmatch(key):
        raise InvalidObjectKey(key[:80])
    # A UUIDv7 begins with its time and ends in chance: the end spreads evenly.
    return f"{key[-2:]}/{key}"


def is_key(name: str) -> bool:
    """Tell whether a file's name is a key: what else lies in a folder is not ours."""
    return _KEY.fullmatch(name) is not None


def checked_area(area: str) -> str:
    """Return the area's name, which is part of a path.

    Raises:
        ValueError: it could lead elsewhere.
    """
    if not _AREA.fullmatch(area) or len(area) < 3:
        raise ValueError(f"an area is named like case-materials, not {area!r}")
    return area
