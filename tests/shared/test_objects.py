"""The object store and its claim checks."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from joserfc.jwk import OKPKey

from tongban.objects import (
    ClaimBroken,
    ClaimCheck,
    InvalidObjectKey,
    ObjectNotFound,
    ObjectStore,
    collect,
    leave,
    sweep,
)

OURS, THEIRS = OKPKey.generate_key("X25519"), OKPKey.generate_key("X25519")
OURS_PUBLIC = OKPKey.import_key(OURS.as_dict(private=False))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


async def in_chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def aged(folder: Path, key: str, age: timedelta) -> None:
    [path] = folder.rglob(key)
    os.utime(path, ((NOW - age).timestamp(),) * 2)


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(700_000)])
async def test_what_is_put_can_be_got(store: ObjectStore, content: bytes) -> None:
    ref = await store.put(content)

    assert (ref.size, ref.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert UUID(ref.key).version == 7
    assert await store.get(ref.key) == content
    assert b"".join([piece async for piece in await store.open(ref.key)]) == content


async def test_a_stream_is_stored_as_a_whole(store: ObjectStore) -> None:
    ref = await store.put(in_chunks(b"one", b"", b"two"))

    assert await store.get(ref.key) == b"onetwo"
    assert ref.sha256 == hashlib.sha256(b"onetwo").hexdigest()


async def test_a_broken_stream_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken())

    assert files(tmp_path) == []


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: ObjectStore) -> None:
    ref = await store.put(b"x")

    await store.delete(ref.key)
    await store.delete(ref.key)

    with pytest.raises(ObjectNotFound):
        await store.get(ref.key)
    with pytest.raises(ObjectNotFound):
        await store.open(ref.key)


@pytest.mark.parametrize(
    "key",
    ["", "../../etc/passwd", "/etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 30 + "/."],
)
async def test_only_keys_are_keys(store: ObjectStore, key: str) -> None:
    for use in (store.get, store.open, store.delete):
        with pytest.raises(InvalidObjectKey):
            await use(key)


async def test_the_sweep_takes_what_is_old_and_unreferenced(
    store: ObjectStore, tmp_path: Path
) -> None:
    kept, dropped, young = [(await store.put(b"x")).key for _ in range(3)]
    for key, age in ((kept, timedelta(days=3)), (dropped, timedelta(days=3))):
        aged(tmp_path, key, age)
    aged(tmp_path, young, timedelta(minutes=5))

    async def is_referenced(key: str) -> bool:
        return key == kept

    removed = await sweep(store, older_than=NOW - timedelta(days=1), is_referenced=is_referenced)

    assert removed == 1
    assert {path.name for path in files(tmp_path)} == {kept, young}


async def test_the_sweep_takes_what_a_killed_process_left(
    store: ObjectStore, tmp_path: Path
) -> None:
    key = (await store.put(b"x")).key
    [path] = files(tmp_path)
    unfinished = tmp_path / "objects" / "unfinished" / key
    path.rename(unfinished)
    aged(tmp_path, key, timedelta(days=3))

    removed = await store.discard_unfinished(older_than=NOW - timedelta(days=1))

    assert removed == 1
    assert files(tmp_path) == []


@pytest.mark.parametrize("payload", [b"", "黄先生 13812345678".encode(), bytes(3_000_000)])
async def test_a_claim_is_collected_by_whom_it_was_left_for(
    store: ObjectStore, tmp_path: Path, payload: bytes
) -> None:
    claim = await leave(store, OURS_PUBLIC, payload)

    assert await collect(store, OURS, ClaimCheck.model_validate(claim.model_dump())) == payload
    [stored] = files(tmp_path)
    assert not payload or payload not in stored.read_bytes()


async def test_a_claim_is_worth_nothing_to_anybody_else(store: ObjectStore) -> None:
    claim = await leave(store, OURS_PUBLIC, b"secret")

    with pytest.raises(ClaimBroken) as refusal:
        await collect(store, THEIRS, claim)

    assert refusal.value.reason == "decryption"


async def test_a_claim_whose_object_was_changed_is_broken(
    store: ObjectStore, tmp_path: Path
) -> None:
    claim = await leave(store, OURS_PUBLIC, b"secret")
    [stored] = files(tmp_path)
    whole = stored.read_bytes()

    for content, reason in (
        (whole[:-1], "size"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "sha256"),
    ):
        stored.write_bytes(content)
        with pytest.raises(ClaimBroken) as refusal:
            await collect(store, OURS, claim)
        assert refusal.value.reason == reason

    await store.delete(claim.key)
    with pytest.raises(ClaimBroken) as refusal:
        await collect(store, OURS, claim)
    assert refusal.value.reason == "missing"


async def test_a_claim_needs_keys_of_the_right_kind(store: ObjectStore) -> None:
    claim = await leave(store, OURS_PUBLIC, b"secret")

    with pytest.raises(TypeError):
        await leave(store, OKPKey.generate_key("Ed25519"), b"secret")
    with pytest.raises(TypeError):
        await collect(store, OURS_PUBLIC, claim)
