"""Files beside their message: each goes once, in chunks, and goes on where it was cut off."""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from interop.messages import chunk, kind_of, package_letter, signing_key
from interop.two_districts import (
    HOSTS,
    NEAR,
    OWNER,
    Districts,
    case_package,
    case_step,
    fresh_pair,
    now,
    opened,
    register,
)
from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.evidence import service as evidence
from interop_service.exchanges import arrivals, recording, transferring
from interop_service.files import keeping, store
from interop_service.files.errors import FileDigestMismatch
from interop_service.files.rules import LARGEST_CHUNK, Piece, chunk_at, is_quiet
from tongban.objects import FILES, FilePiece, LeftFile, leave_file, open_file
from tongban.objects.files import PIECE_BYTES, SEALED_AS
from tongban.run.nats import EmbeddedNats
from tongban.run.postgres import EmbeddedPostgres
from tongban.sealed_stream import CHUNK_BYTES, TAG_BYTES, sealed
from tongban.testing.fixtures import RunningService

OWNER_HOST = HOSTS[OWNER]
PIECE = CHUNK_BYTES + TAG_BYTES
"""Small pieces here: what a test writes is written with fsync, twice."""
SIZE = 2 * CHUNK_BYTES + 70_000
STARTS = [0, PIECE, 2 * PIECE]
PIECES = [Piece(0, 10, "a"), Piece(10, 5, "b")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(
    scratch: Path, postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[Districts]:
    """Two districts of this module's own: what goes between them is counted here."""
    async with fresh_pair("filed", scratch, postgres, nats_server.url) as pair:
        yield pair


@pytest.mark.parametrize(
    ("offset", "found"),
    [(0, ("a", 0)), (9, ("a", 9)), (10, ("b", 0)), (14, ("b", 4)), (15, None), (99, None)],
)
def test_a_sender_goes_on_in_the_piece_where_its_receiver_stopped(
    offset: int, found: tuple[str, int] | None
) -> None:
    where = chunk_at(PIECES, offset)

    assert (where and (where[0].object_key, where[1])) == found


def test_a_sender_that_gets_nowhere_stops() -> None:
    assert [is_quiet(reached) for reached in ([], [4, 4], [4, 4, 4], [4, 4, 8])] == [
        False,
        False,
        True,
        False,
    ]


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def left(near: RunningService, content: bytes) -> dict[str, Any]:
    """A material whose bytes the case-service left beside the package, in small pieces."""
    area, file = near.context.objects.within(FILES), await sealed_file(content)
    pieces = [file.content[at : at + PIECE] for at in range(0, len(file.content), PIECE)]
    stored = [await area.put(piece) for piece in pieces]
    kept = LeftFile(
        pieces=tuple(FilePiece(key=one.key, size=one.size) for one in stored),
        size=len(file.content),
        sha256=file.digest,
        secret=file.reference["key"],
    )
    return told_of(content, kept)


def told_of(content: bytes, file: LeftFile) -> dict[str, Any]:
    return {
        "key": "plan",
        "name": "总平面图",
        "media_type": "application/pdf",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "file": file.model_dump(mode="json"),
    }


async def with_file(near: RunningService, content: bytes) -> dict[str, Any]:
    package = case_package()
    return {**package, "materials": [*package["materials"], await left(near, content)]}


async def delivery(districts: Districts, exchange_id: UUID) -> dict[str, Any]:
    seen = await districts.view(districts.near, exchange_id)
    found: dict[str, Any] = seen["deliveries"][-1]
    return found


async def send(districts: Districts) -> None:
    """Send what waits, as if every lease had run out: whoever held one is dead."""
    await districts.near.execute("UPDATE exchange_files SET taken_until = NULL")
    await districts.send(districts.near)


def chunks(districts: Districts) -> list[int]:
    """The offsets of the chunks that went."""
    return [
        int(one.headers["upload-offset"]) for one in districts.network.log if one.method == "PATCH"
    ]


async def file_handed_on(
    districts: Districts, exchange_id: UUID, fact: str = "received"
) -> dict[str, Any]:
    """The last material of what was left for the owner's case-service."""
    told = await districts.owner.outbox.envelopes(str(exchange_id))
    event = next(one for one in told if one.event_type == f"interop.exchange.{fact}")
    package = await opened(districts.owner, event.data["package"])
    material: dict[str, Any] = package["materials"][-1]
    return material


async def content_of(side: RunningService, material: dict[str, Any]) -> bytes:
    file = LeftFile.model_validate(material["file"])
    return b"".join([piece async for piece in open_file(side.context.objects, file)])


async def test_a_large_file_goes_beside_its_message_and_is_one_at_the_owner(
    districts: Districts,
) -> None:
    content = os.urandom(PIECE_BYTES + 70_000)
    file = await leave_file(districts.near.context.objects, in_pieces(content))
    package = case_package(materials=[told_of(content, file)])
    exchange_id = await districts.exchange(package=package)
    districts.network.log.clear()

    await districts.send(districts.near)

    sent = [(one.method, len(one.content)) for one in districts.network.log]
    assert [method for method, _ in sent] == ["POST", "PATCH", "PATCH", "POST"]
    assert sent[0] == sent[-1]
    assert sent[0][1] < 10_000
    assert (await delivery(districts, exchange_id))["state"] == "delivered"
    material = await file_handed_on(districts, exchange_id)
    assert await content_of(districts.owner, material) == content
    assert "content" not in material
    kept = Path(districts.owner.settings.objects) / FILES
    assert not any(content[:64] in path.read_bytes() for path in kept.rglob("*") if path.is_file())


async def test_corrections_bring_files_too(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    missing = await districts.owner.context.leave("interop", b'{"missing": []}')
    await districts.owner.hear(
        case_step(
            "corrections_requested",
            exchange_id,
            due_on="2026-12-01",
            content=missing.model_dump(),
        )
    )
    await districts.settle()
    content = os.urandom(300_000)
    supplied = {"form": None, "materials": [await left(districts.near, content)]}
    claim = await districts.near.context.leave("interop", json.dumps(supplied).encode())

    await districts.near.hear(
        case_step("corrected", exchange_id, sequence=2, package=claim.model_dump())
    )
    await districts.settle()

    material = await file_handed_on(districts, exchange_id, "corrected")
    assert await content_of(districts.owner, material) == content
    assert (await delivery(districts, exchange_id))["state"] == "delivered"


async def test_two_exchanges_with_one_file_send_it_once(districts: Districts) -> None:
    content = os.urandom(SIZE)
    first = await districts.exchange(package=await with_file(districts.near, content))
    second = await districts.exchange(package=await with_file(districts.near, content))

    await districts.send(districts.near)
    waiting = {(await delivery(districts, one))["last_fault"] for one in (first, second)}
    await districts.settle()
    third = await districts.exchange(package=await with_file(districts.near, content))
    await districts.settle()

    assert waiting == {None, "files: wait for their turn"}
    assert chunks(districts) == STARTS
    for exchange_id in (first, second, third):
        assert (await delivery(districts, exchange_id))["attempts"] == 1
        material = await file_handed_on(districts, exchange_id)
        assert await content_of(districts.owner, material) == content


def cutting(app: Any, *, at: int, is_answer_alone: bool) -> Any:
    """The app behind a line that breaks at the n-th chunk: before it is there, or after."""
    seen = 0

    async def cut(scope: Any, receive: Any, send: Any) -> None:
        nonlocal seen
        seen += scope["method"] == "PATCH"
        if scope["method"] != "PATCH" or seen != at:
            await app(scope, receive, send)
            return
        if is_answer_alone:

            async def nowhere(_message: Any) -> None:
                return

            await app(scope, receive, nowhere)
        raise httpx.ReadError("cut off")

    return cut


@pytest.mark.parametrize("is_answer_alone", [False, True])
async def test_what_was_cut_off_goes_on_where_it_was(
    districts: Districts, is_answer_alone: bool
) -> None:
    content = os.urandom(SIZE)
    exchange_id = await districts.exchange(package=await with_file(districts.near, content))
    app = districts.network.apps[OWNER_HOST]
    districts.network.apps[OWNER_HOST] = cutting(app, at=2, is_answer_alone=is_answer_alone)
    await districts.send(districts.near)
    cut = await delivery(districts, exchange_id)
    failures = await districts.near.execute(
        "SELECT failures FROM partners WHERE district = :d", d=OWNER
    )
    districts.network.apps[OWNER_HOST] = app

    await districts.send(districts.near)

    again = STARTS[2:] if is_answer_alone else STARTS[1:]
    assert (cut["state"], cut["attempts"], cut["fault_of"]) == ("due", 1, "network")
    assert failures.scalar_one() == 0, "the line got on: it is not dead"
    assert chunks(districts) == [*STARTS[:2], *again]
    assert (await delivery(districts, exchange_id))["state"] == "delivered"
    assert await content_of(districts.owner, await file_handed_on(districts, exchange_id)) == (
        content
    )


class Killed(BaseException):
    """What ends a process ends it whatever it catches."""


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (transferring._Run, "_patch"),  # the sender, before a chunk leaves
        (store, "note_progress"),  # the sender, before it notes how far it is
        (store, "add_piece"),  # the receiver, before a chunk is kept
        (evidence, "log_message"),  # the receiver, before the message is
        (recording, "record"),  # the sender, with the receipt in its hand
    ],
)
async def test_whoever_is_killed_between_chunks_goes_on(
    districts: Districts, where: Any, name: str
) -> None:
    content = os.urandom(SIZE)
    exchange_id = await districts.exchange(package=await with_file(districts.near, content))
    for alive in range(6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(where, name, nth(getattr(where, name), alive))
            try:
                await send(districts)
            except* Killed:
                pass

    await send(districts)

    assert (await delivery(districts, exchange_id))["state"] == "delivered"
    assert await districts.owner.outbox.types(str(exchange_id)) == ["interop.exchange.received"]
    assert len(await districts.receipts(districts.owner, exchange_id)) == 1
    assert await content_of(districts.owner, await file_handed_on(districts, exchange_id)) == (
        content
    )


def nth(real: Any, alive: int) -> Any:
    """The function, until it was called so often; then its process is dead."""
    called = 0

    def call(*arguments: Any, **values: Any) -> Any:
        nonlocal called
        called += 1
        if called > alive:
            raise Killed
        return real(*arguments, **values)

    return call


async def test_a_file_that_is_not_what_was_announced_begins_anew(districts: Districts) -> None:
    content = os.urandom(SIZE)
    package = await with_file(districts.near, content)
    pieces = package["materials"][-1]["file"]["pieces"]
    folder = Path(districts.near.settings.objects) / FILES
    damaged = folder / pieces[1]["key"][-2:] / pieces[1]["key"]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    exchange_id = await districts.exchange(package=package)

    await districts.send(districts.near)
    refused = await delivery(districts, exchange_id)
    digest = package["materials"][-1]["file"]["sha256"]
    left_there = await districts.owner.execute(
        "SELECT reached, (SELECT count(*) FROM file_pieces WHERE file_id = f.id)"
        " FROM exchange_files f WHERE digest = :digest",
        digest=digest,
    )
    damaged.write_bytes(whole)
    await districts.send(districts.near)

    assert refused["last_fault"] == f"status 422 {FileDigestMismatch.type}"
    assert (refused["state"], refused["fault_of"]) == ("due", "ours")
    assert left_there.one() == (0, 0)
    assert chunks(districts) == STARTS * 2
    assert (await delivery(districts, exchange_id))["state"] == "delivered"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sha256": "0" * 64}, "file-unreadable"),
        ({"size": SIZE - 1}, "file-unreadable"),
        ({"secret": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")}, "file-unreadable"),
    ],
)
async def test_a_file_that_has_something_else_inside_is_never_taken(
    districts: Districts, changes: dict[str, Any], fault: str
) -> None:
    package = await with_file(districts.near, os.urandom(300_000))
    material = package["materials"][-1]
    secret = changes.pop("secret", None)
    if secret is not None:
        material["file"]["secret"] = secret
    material |= changes
    exchange_id = await districts.exchange(package=package)

    await districts.send(districts.near)

    assert (await delivery(districts, exchange_id))["last_fault"].startswith(fault)
    assert (await districts.view(districts.near, exchange_id))["state"] == "failed"
    kept = await districts.owner.execute(
        "SELECT count(*) FROM waiting_messages WHERE exchange_id = :id", id=exchange_id
    )
    assert kept.scalar_one() == 0


async def test_what_is_larger_than_agreed_is_not_even_begun(districts: Districts) -> None:
    limit = "UPDATE partners SET largest_file_megabytes = :most WHERE district = :d"
    await districts.owner.execute(limit, most=1, d=NEAR)
    package = await with_file(districts.near, os.urandom(1024 * 1024 + 1))
    exchange_id = await districts.exchange(package=package)

    await districts.send(districts.near)
    await districts.owner.execute(limit, most=500, d=NEAR)

    assert (await delivery(districts, exchange_id))["last_fault"] == "file-too-large"
    assert (await districts.view(districts.near, exchange_id))["state"] == "failed"
    assert chunks(districts) == []


async def test_a_waiting_message_is_kept_and_taken_without_being_sent_again(
    districts: Districts,
) -> None:
    """The sender died with its last chunk: the case goes on at the owner all the same."""
    near, owner = districts.near, districts.owner
    content = os.urandom(300_000)
    file = await sealed_file(content)
    letter = await package_letter(districts, package=package_with(file, content))
    key = signing_key(near)
    awaited = await letter.post(near, owner)
    letter.nonce = "another-nonce-of-16"
    twice = await letter.post(near, owner)
    letter.body["sent_at"], letter.nonce = "2020-06-15T09:30:00+08:00", "a-third-nonce-of-it"
    other_body = await letter.post(near, owner)
    exchange_id = UUID(letter.body["exchange_id"])
    not_yet = await owner.outbox.types(str(exchange_id))
    kept = await owner.execute("SELECT sealed FROM waiting_messages")

    answer = await chunk(owner, file.digest, file.content, key=key)
    async with owner.context.sessions.begin() as session:
        await arrivals.take_arrived(session, owner.context)

    lacking = {"lacking": [{"digest": file.digest, "offset": 0}]}
    assert (awaited.status_code, awaited.json(), twice.json()) == (202, lacking, lacking)
    assert kind_of(other_body) == "message-id-reused"
    assert not_yet == []
    assert all(b"exchange_id" not in sealed for sealed in kept.scalars())
    assert (answer.status_code, answer.headers["Upload-Complete"]) == (204, "?1")
    assert await owner.outbox.types(str(exchange_id)) == ["interop.exchange.received"]
    assert len(await districts.receipts(owner, exchange_id)) == 1
    waiting = await owner.execute(
        "SELECT count(*) FROM waiting_messages WHERE exchange_id = :id", id=exchange_id
    )
    assert waiting.scalar_one() == 0


class Sealed:
    """A file as another vendor might seal it: no code of ours but the primitive."""

    def __init__(self, key: bytes, content: bytes) -> None:
        self.key, self.content = key, content
        self.digest = hashlib.sha256(content).hexdigest()

    @property
    def reference(self) -> dict[str, Any]:
        key = base64.urlsafe_b64encode(self.key).decode().rstrip("=")
        return {"digest": self.digest, "size": len(self.content), "key": key}


async def sealed_file(content: bytes) -> Sealed:
    key = os.urandom(32)
    chunks = sealed(in_pieces(content), key, context=SEALED_AS)
    return Sealed(key, b"".join([one async for one in chunks]))


def package_with(file: Sealed, content: bytes) -> dict[str, Any]:
    material = {
        "key": "plan",
        "name": "总平面图",
        "media_type": "application/pdf",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "file": file.reference,
    }
    return case_package(materials=[material])


async def test_a_chunk_that_is_wrong_in_one_place_is_refused(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    content = os.urandom(300_000)
    file = await sealed_file(content)
    key = signing_key(near)
    unknown = await chunk(owner, file.digest, file.content, key=key)
    await (await package_letter(districts, package=package_with(file, content))).post(near, owner)
    begun = await chunk(owner, file.digest, file.content[:100_000], key=key)
    stranger = await third_partner(districts)
    cases = [
        (await chunk(owner, file.digest, b"x", key=key), 409, "file-offset-wrong"),
        (await chunk(owner, file.digest, b"x", offset=100_001, key=key), 409, "file-offset-wrong"),
        (
            await chunk(owner, file.digest, file.content, offset=100_000, key=key),
            413,
            "file-too-large",
        ),
        (await chunk(owner, file.digest, bytes(LARGEST_CHUNK + 1), key=key), 413, ""),
        (
            await chunk(
                owner,
                file.digest,
                b"x",
                offset=100_000,
                key=key,
                headers={"Content-Type": "application/json"},
            ),
            415,
            "chunk-type-wrong",
        ),
        (
            await chunk(
                owner, file.digest, b"x", key=key, offset=99, altered={"Upload-Offset": "100000"}
            ),
            401,
            "signature-invalid",
        ),
        (
            await chunk(owner, file.digest, b"x", offset=100_000, sender=STRANGER, key=stranger),
            404,
            "file-unknown",
        ),
        (await chunk(owner, "f" * 64, b"x", key=key), 404, "file-unknown"),
    ]
    asked = await chunk(owner, file.digest, method="HEAD", key=key)
    by_stranger = await chunk(owner, file.digest, method="HEAD", sender=STRANGER, key=stranger)
    ended = await chunk(owner, file.digest, file.content[100_000:], offset=100_000, key=key)
    after = await chunk(owner, file.digest, b"x", offset=len(file.content), key=key)

    assert kind_of(unknown) == "file-unknown"
    assert begun.status_code == 204
    for answer, status, kind in cases:
        assert (answer.status_code, kind_of(answer)) == (status, kind or "message-too-large")
    assert cases[0][0].headers["Upload-Offset"] == "100000"
    told = {name: asked.headers[name] for name in ("Upload-Offset", "Upload-Complete")}
    assert told == {"Upload-Offset": "100000", "Upload-Complete": "?0"}
    assert (asked.status_code, asked.content, by_stranger.status_code) == (200, b"", 404)
    assert ended.headers["Upload-Complete"] == "?1"
    assert (after.status_code, after.headers["Upload-Offset"]) == (409, str(len(file.content)))


async def test_broken_files_at_once_keep_no_connection_from_one_another(
    districts: Districts,
) -> None:
    near, owner = districts.near, districts.owner
    content, key = os.urandom(3_000), signing_key(near)
    file = await sealed_file(content)
    await (await package_letter(districts, package=package_with(file, content))).post(near, owner)
    await owner.execute("UPDATE partners SET messages_at_once = 100 WHERE district = :d", d=NEAR)
    broken = bytes(len(file.content))
    many = 3 * owner.settings.api_pool

    answers = await asyncio.wait_for(
        asyncio.gather(*(chunk(owner, file.digest, broken, key=key) for _ in range(many))), 8
    )
    told = await owner.execute(
        "SELECT reached, last_fault FROM exchange_files WHERE digest = :digest", digest=file.digest
    )

    assert {kind_of(answer) for answer in answers} == {"file-digest-mismatch"}
    assert told.one() == (0, "decryption")


async def test_chunks_do_not_use_up_what_a_partner_may_send_a_minute(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    content = os.urandom(300_000)
    file = await sealed_file(content)
    key = signing_key(near)
    await (await package_letter(districts, package=package_with(file, content))).post(near, owner)
    limit = "UPDATE partners SET messages_a_minute = :most WHERE district = :d"
    await owner.execute(limit, most=1, d=NEAR)
    try:
        chunks_taken = [
            await chunk(owner, file.digest, file.content[at : at + 100_000], offset=at, key=key)
            for at in range(0, len(file.content), 100_000)
        ]
    finally:
        await owner.execute(limit, most=600, d=NEAR)

    assert {one.status_code for one in chunks_taken} == {204}
    assert chunks_taken[-1].headers["Upload-Complete"] == "?1"


STRANGER = "610113"


async def third_partner(districts: Districts) -> suites.PrivateKey:
    """Let the owner have another partner; return the key by which it signs."""
    made = OKPKey.generate_key("Ed25519").as_dict(private=True) | {"kid": f"{STRANGER}-signing"}
    public = {name: made[name] for name in made if name != "d"} | {"use": "sig"}
    box = OKPKey.generate_key("X25519").as_dict(private=False)
    box |= {"kid": f"{STRANGER}-encryption", "use": "enc"}
    await register(
        districts.owner,
        {
            "district": STRANGER,
            "name": "西安市雁塔区",
            "english_name": "Yanta",
            "endpoint": "https://yanta.example",
            "keys": {"keys": [public, box]},
        },
    )
    return suites.private_key(made)


async def test_staff_see_files_on_their_way_and_forgotten_ones_are_swept(
    districts: Districts,
) -> None:
    near, owner = districts.near, districts.owner
    content = os.urandom(300_000)
    await districts.exchange(package=await with_file(near, content))
    await districts.settle()
    listed = {}
    for side in (near, owner):
        answer = await side.client.get(
            "/api/v1/exchanges/files?is_whole=true", headers=side.district.headers("ops")
        )
        listed[side.district.code] = answer.json()["items"][0]
    digest = listed[NEAR]["digest"]
    days = owner.settings.files_kept_days
    later = replace(owner.context, clock=lambda: now() + timedelta(days=days + 1))

    async with owner.context.sessions.begin() as session:
        await keeping.forget_files(session, owner.context)
    still = await store_has(owner, digest)
    async with owner.context.sessions.begin() as session:
        await keeping.forget_files(session, later)
    async with owner.context.sessions.begin() as session:
        await keeping.sweep_files(session, later)
    await districts.exchange(package=await with_file(near, content))
    await districts.settle()

    for code, direction in ((NEAR, "out"), (OWNER, "in")):
        one = listed[code]
        assert (one["direction"], one["reached"]) == (direction, one["size"])
        assert one["digest"] == digest
    assert (still, await store_has(owner, digest)) == (True, True)
    assert chunks(districts) == [0, PIECE] * 2, "the owner had forgotten it, and was sent it again"


async def store_has(side: RunningService, digest: str) -> bool:
    found = await side.execute("SELECT 1 FROM exchange_files WHERE digest = :d", d=digest)
    return found.first() is not None
