"""A bucket of objects, at whatever speaks the S3 protocol."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

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

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import S3Config

__all__ = ["S3Store"]

_PIECE_BYTES: Final = 256 * 1024
_PART_BYTES: Final = 8 * 1024 * 1024
_PARTS_AT_ONCE: Final = 2
_LISTED_AT_ONCE: Final = 1000


class S3Store(ObjectStore):
    """Each object one of the bucket; a large one is sent in parts and there when all are."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        endpoint: str | None = None,
        region: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
    ) -> None:
        given = {
            "endpoint": endpoint,
            "region": region or "us-east-1",
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
        }
        self._bucket = Bucket(
            bucket,
            config=cast("S3Config", {name: one for name, one in given.items() if one is not None}),
            client_options={"allow_http": (endpoint or "").startswith("http://")},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        )
        self._prefix = prefix

    async def put(self, content: bytes | AsyncIterator[bytes]) -> ObjectRef:
        key = new_id().hex
        if isinstance(content, AsyncIterator):
            return await self._put_in_parts(key, content)
        digest = await asyncio.to_thread(hashlib.sha256, content)
        with _faults(key):
            await obstore.put_async(self._bucket, self._path(key), content)
        return ObjectRef(key=key, size=len(content), sha256=digest.hexdigest())

    async def _put_in_parts(self, key: str, content: AsyncIterator[bytes]) -> ObjectRef:
        size, digest = 0, hashlib.sha256()

        async def measured() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in content:
                await asyncio.to_thread(digest.update, piece)
                size += len(piece)
                yield piece

        with _faults(key):
            await obstore.put_async(
                self._bucket,
                self._path(key),
                measured(),
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
        return ObjectRef(key=key, size=size, sha256=digest.hexdigest())

    async def get(self, key: str) -> bytes:
        with _faults(key):
            found = await obstore.get_async(self._bucket, self._path(key))
            return bytes(await found.bytes_async())

    async def open(self, key: str) -> AsyncIterator[bytes]:
        with _faults(key):
            found = await obstore.get_async(self._bucket, self._path(key))
        return _pieces(key, found)

    async def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            with _faults(key):
                await obstore.delete_async(self._bucket, path)
        except ObjectNotFound:
            return  # some servers say so, most do not

    async def keys(self, *, older_than: datetime) -> AsyncIterator[str]:
        listed = obstore.list(self._bucket, self._prefix or None, chunk_size=_LISTED_AT_ONCE)
        with _faults(self._prefix):
            async for page in listed:
                for found in page:
                    name = found["path"].rpartition("/")[2]
                    is_own = is_key(name) and found["path"] == self._path(name)
                    if is_own and found["last_modified"] < older_than:
                        yield name

    async def discard_unfinished(self, *, older_than: datetime) -> int:
        """Nothing to do: parts without their whole are no objects.

        The bucket's own lifecycle rule (AbortIncompleteMultipartUpload) removes what a killed
        process had sent of one.
        """
        return 0

    def within(self, area: str) -> Self:
        part = object.__new__(type(self))
        part._bucket, part._prefix = self._bucket, f"{self._prefix}{checked_area(area)}/"
        return part

    def _path(self, key: str) -> str:
        return f"{self._prefix}{path_of(key)}"


async def _pieces(key: str, found: "GetResult") -> AsyncIterator[bytes]:
    with _faults(key):
        async for piece in found.stream(min_chunk_size=_PIECE_BYTES):
            yield bytes(piece)


@contextmanager
def _faults(key: str) -> Iterator[None]:
    """Tell the library's faults in the store's own words."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectNotFound(key) from None
    except BaseError as fault:
        raise StoreUnavailable(str(fault).partition("\n")[0][:300]) from fault
