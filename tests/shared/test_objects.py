"""The object store and its claim checks."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import OKPKey

from support.s3 import S3Server, running_s3
from tongban.objects import (
    ClaimBroken,
    ClaimCheck,
    FolderStore,
    InvalidLocation,
    InvalidObjectKey,
    ObjectNotFound,
    ObjectStore,
    StoreUnavailable,
    collect,
    leave,
    open_store,
    sweep,
)

OURS, THEIRS = OKPKey.generate_key("X25519"), OKPKey.generate_key("X25519")
OURS_PUBLIC = OKPKey.import_key(OURS.as_dict(private=False))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "objects"))


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Both stores do the same; a test that looks into the folder takes `folder` instead."""
    if request.param == "folder":
        return open_store(str(tmp_path / "objects"))
    server: S3Server = request.getfixturevalue("s3_server")
    return open_store(server.location(uuid4().hex))


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


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


async def test_a_large_object_comes_back_piece_by_piece(store: ObjectStore) -> None:
    piece = os.urandom(1_000_000)
    ref = await store.put(in_chunks(*[piece] * 20))

    digest, largest = hashlib.sha256(), 0
    async for part in await store.open(ref.key):
        digest.update(part)
        largest = max(largest, len(part))

    assert (ref.size, digest.hexdigest()) == (20_000_000, ref.sha256)
    assert largest < 5_000_000


async def test_an_area_has_keys_of_its_own(store: ObjectStore) -> None:
    outer, area = await store.put(b"outer"), store.within("case-materials")
    inner = await area.put(b"inner")
    later = datetime.now(UTC) + timedelta(minutes=1)

    assert [key async for key in area.keys(older_than=later)] == [inner.key]
    assert [key async for key in store.keys(older_than=later)] == [outer.key]
    with pytest.raises(ObjectNotFound):
        await area.get(outer.key)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "x"])
async def test_an_area_leads_nowhere_else(folder: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="an area is named"):
        folder.within(name)


async def test_the_sweep_of_an_area_keeps_what_is_held(store: ObjectStore) -> None:
    area = store.within("case-materials")
    kept, dropped = (await area.put(b"x")).key, (await area.put(b"x")).key
    elsewhere = (await store.put(b"x")).key

    async def referenced(keys: Sequence[str]) -> set[str]:
        return {kept} & set(keys)

    later = datetime.now(UTC) + timedelta(minutes=1)
    removed = await sweep(area, older_than=later, referenced=referenced)

    assert removed == 1
    assert [key async for key in area.keys(older_than=later)] == [kept]
    assert await store.get(elsewhere) == b"x"
    with pytest.raises(ObjectNotFound):
        await area.get(dropped)


async def test_a_bucket_that_does_not_answer_is_said_to_be_unavailable() -> None:
    store = open_store("s3://objects?endpoint=http://127.0.0.1:1")

    for use in (store.put(b"x"), store.get("a" * 32), store.delete("a" * 32)):
        with pytest.raises(StoreUnavailable):
            await use


async def test_a_volume_that_takes_nothing_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreUnavailable):
        await FolderStore(tmp_path / "file").put(b"x")


@pytest.mark.parametrize("size", [1, 3_000_000])
async def test_a_volume_that_is_full_at_the_last_step_keeps_nothing_and_is_said_so(
    folder: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StoreUnavailable, match="No space left"):
        await folder.put(bytes(size))
    assert files(tmp_path) == []


async def test_what_stops_coming_is_abandoned(folder: FolderStore, tmp_path: Path) -> None:
    is_under_way = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        is_under_way.set()
        await asyncio.Event().wait()

    async def broken() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        raise ConnectionResetError

    putting = asyncio.create_task(folder.put(endless()))
    await is_under_way.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    with pytest.raises(ConnectionResetError):  # its sender's fault, not the volume's
        await folder.put(broken())
    assert files(tmp_path) == []


def test_a_buckets_credentials_come_from_a_file(s3_server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "broken.ini").write_text("[default]\naws_access_key_id = a\n")

    with pytest.raises(InvalidLocation, match="both keys"):
        open_store(f"s3://objects?credentials={tmp_path}/broken.ini")
    with pytest.raises(InvalidLocation, match="both keys"):
        open_store(f"s3://objects?credentials={tmp_path}/absent.ini")


@pytest.mark.parametrize(
    "location", ["", "s3://", "s3:///prefix", "s3://bucket?secret=x", "ftp://host/x", "s3://a:b@c"]
)
def test_other_locations_are_refused(location: str) -> None:
    with pytest.raises(InvalidLocation):
        open_store(location)


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
    folder: ObjectStore, tmp_path: Path
) -> None:
    kept, dropped, young = [(await folder.put(b"x")).key for _ in range(3)]
    for key, age in ((kept, timedelta(days=3)), (dropped, timedelta(days=3))):
        aged(tmp_path, key, age)
    aged(tmp_path, young, timedelta(minutes=5))

    async def referenced(keys: Sequence[str]) -> set[str]:
        return {kept} & set(keys)

    removed = await sweep(folder, older_than=NOW - timedelta(days=1), referenced=referenced)

    assert removed == 1
    assert {path.name for path in files(tmp_path)} == {kept, young}


async def test_the_sweep_takes_what_a_killed_process_left(
    folder: ObjectStore, tmp_path: Path
) -> None:
    key = (await folder.put(b"x")).key
    [path] = files(tmp_path)
    unfinished = tmp_path / "objects" / "unfinished" / key
    path.rename(unfinished)
    aged(tmp_path, key, timedelta(days=3))

    removed = await folder.discard_unfinished(older_than=NOW - timedelta(days=1))

    assert removed == 1
    assert files(tmp_path) == []


@pytest.mark.parametrize("payload", [b"", "黄先生 13812345678".encode(), bytes(3_000_000)])
async def test_a_claim_is_collected_by_whom_it_was_left_for(
    folder: ObjectStore, tmp_path: Path, payload: bytes
) -> None:
    claim = await leave(folder, OURS_PUBLIC, payload)

    assert await collect(folder, OURS, ClaimCheck.model_validate(claim.model_dump())) == payload
    [stored] = files(tmp_path)
    assert not payload or payload not in stored.read_bytes()


async def test_a_claim_is_worth_nothing_to_anybody_else(store: ObjectStore) -> None:
    claim = await leave(store, OURS_PUBLIC, b"secret")

    with pytest.raises(ClaimBroken) as refusal:
        await collect(store, THEIRS, claim)

    assert refusal.value.reason == "decryption"


async def test_a_claim_whose_object_was_changed_is_broken(
    folder: ObjectStore, tmp_path: Path
) -> None:
    claim = await leave(folder, OURS_PUBLIC, b"secret")
    [stored] = files(tmp_path)
    whole = stored.read_bytes()

    for content, reason in (
        (whole[:-1], "size"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "sha256"),
    ):
        stored.write_bytes(content)
        with pytest.raises(ClaimBroken) as refusal:
            await collect(folder, OURS, claim)
        assert refusal.value.reason == reason

    await folder.delete(claim.key)
    with pytest.raises(ClaimBroken) as refusal:
        await collect(folder, OURS, claim)
    assert refusal.value.reason == "missing"


async def test_a_claim_needs_keys_of_the_right_kind(store: ObjectStore) -> None:
    claim = await leave(store, OURS_PUBLIC, b"secret")

    with pytest.raises(TypeError):
        await leave(store, OKPKey.generate_key("Ed25519"), b"secret")
    with pytest.raises(TypeError):
        await collect(store, OURS_PUBLIC, claim)
