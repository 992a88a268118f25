"""Objects (对象存储): bytes by key, and claim checks by which services hand bytes to one another.

Bytes and personal data never travel in an event. The sender leaves an object, encrypted for the
receiver, before its transaction commits; the event carries the claim: key, size and SHA-256.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field

from tongban.ids import new_id

_KEY = re.compile(r"[0-9a-f]{32}")
_CHUNK_BYTES: Final = 256 * 1024


class ObjectNotFound(LookupError):
    pass


class InvalidObjectKey(ValueError):
    """Not a key that a store has given out; a path, perhaps."""


class ObjectRef(BaseModel):
    """What was stored: its key, and what its bytes must measure."""

    model_config = ConfigDict(frozen=True)

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ObjectStore:
    """A folder of objects. One is there as a whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes | AsyncIterator[bytes]) -> ObjectRef:
        key, size, digest = new_id().hex, 0, hashlib.sha256()
        unfinished = self._folder / "unfinished" / key
        file = await asyncio.to_thread(_create, unfinished)
        try:
            async for chunk in _chunks(content):
                await asyncio.to_thread(_append, file, chunk, digest.update)
                size += len(chunk)
            await asyncio.to_thread(_finish, file, unfinished, self._path(key))
        except BaseException:
            await asyncio.to_thread(_abandon, file, unfinished)
            raise
        return ObjectRef(key=key, size=size, sha256=digest.hexdigest())

    async def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise ObjectNotFound(key) from None

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Its bytes in pieces; that it exists is known before the first piece is asked for."""
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise ObjectNotFound(key) from None
        return _pieces(file)

    async def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no fault."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def keys(self, *, older_than: datetime) -> list[str]:
        return await asyncio.to_thread(self._older, "[0-9a-f][0-9a-f]/*", older_than)

    async def discard_unfinished(self, *, older_than: datetime) -> int:
        """Remove what a killed process was still writing."""
        keys = await asyncio.to_thread(self._older, "unfinished/*", older_than)
        for key in keys:
            path = self._folder / "unfinished" / key
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(keys)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise InvalidObjectKey(key[:80])
        # A UUIDv7 begins with its time and ends in chance: the end spreads evenly.
        return self._folder / key[-2:] / key

    def _older(self, pattern: str, limit: datetime) -> list[str]:
        found = []
        for path in self._folder.glob(pattern):
            with suppress(FileNotFoundError):  # removed meanwhile, by its owner
                written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if written_at < limit and _KEY.fullmatch(path.name):
                    found.append(path.name)
        return found


async def sweep(
    store: ObjectStore, *, older_than: datetime, is_referenced: Callable[[str], Awaitable[bool]]
) -> int:
    """Remove the objects that nobody refers to; return how many.

    `older_than` leaves time for what was stored for a transaction that has not committed yet.
    `is_referenced` answers for everybody who stores in this folder: only their common collector,
    or the one owner of a folder, may sweep it.
    """
    removed = await store.discard_unfinished(older_than=older_than)
    for key in await store.keys(older_than=older_than):
        if not await is_referenced(key):
            await store.delete(key)
            removed += 1
    return removed


class ClaimCheck(ObjectRef):
    """凭据: what an event carries in place of bytes; it measures the encrypted object."""


class ClaimBroken(ValueError):
    """The object is not what its claim says, or was left for somebody else."""

    def __init__(self, reason: Literal["missing", "size", "sha256", "decryption"]) -> None:
        super().__init__(reason)
        self.reason = reason


# HPKE (RFC 9180), base mode: an ephemeral X25519 key before the ciphertext, all in one piece.
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PURPOSE: Final = b"tongban claim check v1"


async def leave(store: ObjectStore, recipient: OKPKey, payload: bytes) -> ClaimCheck:
    """Store `payload` so that only the holder of the recipient's X25519 key can read it."""
    public_key = recipient.public_key
    if not isinstance(public_key, X25519PublicKey):
        raise TypeError("a claim check is left for an X25519 key")
    encrypted = await asyncio.to_thread(_SUITE.encrypt, payload, public_key, _PURPOSE)
    stored = await store.put(encrypted)
    return ClaimCheck(key=stored.key, size=stored.size, sha256=stored.sha256)


async def collect(store: ObjectStore, own_key: OKPKey, claim: ClaimCheck) -> bytes:
    """Return what was left for us under `claim`; it stays until it is swept."""
    private_key = own_key.private_key
    if not isinstance(private_key, X25519PrivateKey):
        raise TypeError("a claim check is collected with an X25519 private key")
    try:
        encrypted = await store.get(claim.key)
    except ObjectNotFound:
        raise ClaimBroken("missing") from None
    if len(encrypted) != claim.size:
        raise ClaimBroken("size")
    digest = await asyncio.to_thread(hashlib.sha256, encrypted)
    if digest.hexdigest() != claim.sha256:
        raise ClaimBroken("sha256")
    try:
        return await asyncio.to_thread(_SUITE.decrypt, encrypted, private_key, _PURPOSE)
    except InvalidTag:
        raise ClaimBroken("decryption") from None


async def _chunks(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for chunk in content:
        yield chunk


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield piece
    finally:
        file.close()


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _append(file: BinaryIO, chunk: bytes, update: Callable[[bytes], None]) -> None:
    file.write(chunk)
    update(chunk)


def _finish(file: BinaryIO, unfinished: Path, place: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished.rename(place)
    # The new name, and that of a folder just made for it, outlive a power cut as well.
    _sync_folder(place.parent)
    _sync_folder(place.parent.parent)


def _abandon(file: BinaryIO, unfinished: Path) -> None:
    file.close()
    unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
