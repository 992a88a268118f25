"""A file comes in pieces, survives a broken line, and is checked as a whole."""

import hashlib
import os
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from case_service.duty import run_due
from case_service.materials import uploads
from case_service.materials.errors import UploadOffsetWrong
from case_service.materials.keeping import area
from case_service.materials.rules import OPEN_UPLOADS
from case_service.materials.uploads import UPLOAD_DUTY
from support.case_world import PDF, PNG, Counter, know_site
from tongban.testing.fixtures import RunningService

PIECE = {"Content-Type": "application/offset+octet-stream"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


def scan_of(size: int) -> bytes:
    return PDF + os.urandom(size - len(PDF))


async def begun(counter: Counter, content: bytes, **body: Any) -> httpx.Response:
    case_id = body.pop("case_id", None) or await counter.submitted()
    headers = body.pop("headers", None) or counter.headers()
    asked = {"key": "plan", "file_name": "平面图.pdf", "size": len(content), **body}
    return await counter.case.client.post(
        f"/api/v1/cases/{case_id}/uploads", json=asked, headers=headers
    )


async def add(
    counter: Counter, path: str, offset: int, piece: bytes, **headers: str
) -> httpx.Response:
    told = {**counter.headers(), **PIECE, "Upload-Offset": str(offset), **headers}
    return await counter.case.client.patch(path, content=piece, headers=told)


async def offset_of(counter: Counter, path: str) -> int:
    answer = await counter.case.client.head(path, headers=counter.headers())
    return int(answer.headers["upload-offset"])


async def complete(counter: Counter, path: str) -> httpx.Response:
    return await counter.case.client.post(f"{path}/complete", headers=counter.headers())


async def test_a_file_in_pieces_becomes_a_material_and_reads_back(counter: Counter) -> None:
    content = scan_of(20_000_000)
    case_id = await counter.submitted()
    digest = hashlib.sha256(content).hexdigest()

    began = await begun(counter, content, case_id=case_id, sha256=digest)
    path = began.headers["location"]
    reached = [
        (await add(counter, path, start, content[start : start + 7_000_000])).headers
        for start in range(0, len(content), 7_000_000)
    ]
    kept = await complete(counter, path)
    back = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/materials/{kept.json()['id']}/content",
        headers=counter.headers(),
    )

    assert began.status_code == 201
    assert [int(one["upload-offset"]) for one in reached] == [7_000_000, 14_000_000, 20_000_000]
    assert (kept.status_code, kept.json()["sha256"]) == (201, digest)
    assert back.headers["content-length"] == "20000000"
    assert hashlib.sha256(back.content).hexdigest() == digest
    assert not (await counter.read(case_id))["materials"][0]["is_missing"]


async def test_what_a_broken_line_brought_is_kept_and_the_rest_follows(counter: Counter) -> None:
    content = scan_of(3_000_000)
    path = (await begun(counter, content)).headers["location"]

    await cut_off(counter, path, content[:1_000_000])
    reached = await offset_of(counter, path)
    await add(counter, path, reached, content[reached:])
    kept = await complete(counter, path)

    assert reached == 1_000_000
    assert kept.json()["sha256"] == hashlib.sha256(content).hexdigest()


async def cut_off(counter: Counter, path: str, brought: bytes) -> None:
    """Send a piece over a connection that breaks after these bytes."""
    headers = {**counter.headers(), **PIECE, "Upload-Offset": "0"}
    messages = iter(
        [
            {"type": "http.request", "body": brought, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        del message  # nobody is there to read the answer

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PATCH",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await counter.case.app(scope, receive, send)


async def test_a_piece_at_the_wrong_place_is_told_the_right_one(counter: Counter) -> None:
    content = scan_of(1000)
    path = (await begun(counter, content)).headers["location"]
    await add(counter, path, 0, content[:400])

    again = await add(counter, path, 0, content[:400])
    ahead = await add(counter, path, 700, content[700:])

    assert (again.status_code, kind(again), again.json()["offset"]) == (
        409,
        "upload-offset-wrong",
        400,
    )
    assert kind(ahead) == "upload-offset-wrong"
    assert await offset_of(counter, path) == 400


async def test_of_two_equal_pieces_at_once_one_counts(counter: Counter) -> None:
    content = scan_of(1000)
    path = (await begun(counter, content)).headers["location"]
    context, upload_id = counter.case.context, path.rpartition("/")[2]
    await add(counter, path, 0, content[:400])

    with pytest.raises(UploadOffsetWrong):
        await uploads._keep_part(context, upload_id, content[:400], start=0)  # type: ignore[arg-type]  # the driver takes text too

    assert await offset_of(counter, path) == 400


async def test_more_than_was_announced_is_refused(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]

    answer = await add(counter, path, 0, PDF + b"x")

    assert (answer.status_code, kind(answer)) == (413, "upload-overrun")
    assert await offset_of(counter, path) == 0


async def test_pieces_have_their_content_type_and_offset(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]

    wrong = await add(counter, path, 0, PDF, **{"Content-Type": "application/pdf"})
    without = await counter.case.client.patch(
        path, content=PDF, headers={**counter.headers(), **PIECE}
    )

    assert (wrong.status_code, kind(wrong)) == (415, "upload-type-wrong")
    assert without.status_code == 422


async def test_an_unfinished_upload_is_no_material(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]
    await add(counter, path, 0, PDF[:10])

    answer = await complete(counter, path)

    assert (answer.status_code, kind(answer), answer.json()["offset"]) == (
        409,
        "upload-unfinished",
        10,
    )


@pytest.mark.parametrize(
    ("content", "body", "status", "problem"),
    [
        (PDF, {"sha256": "0" * 64}, 422, "material-broken"),
        (PNG, {}, 422, "material-belied"),
        (b"plain words", {"file_name": "plan.txt"}, 415, "material-not-accepted"),
    ],
)
async def test_a_whole_that_is_not_what_was_said_is_refused(
    counter: Counter, content: bytes, body: dict[str, Any], status: int, problem: str
) -> None:
    path = (await begun(counter, content, **body)).headers["location"]
    await add(counter, path, 0, content)

    answer = await complete(counter, path)

    assert (answer.status_code, kind(answer)) == (status, problem)


async def test_a_finished_upload_is_finished(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]
    await add(counter, path, 0, PDF)
    kept = await complete(counter, path)

    again = await complete(counter, path)
    more = await add(counter, path, len(PDF), b"x")
    shown = await counter.case.client.get(path, headers=counter.headers())

    assert (again.status_code, kind(again)) == (409, "upload-finished")
    assert kind(more) == "upload-finished"
    assert shown.json()["material_id"] == kept.json()["id"]


async def test_what_can_never_be_a_material_is_not_begun(counter: Counter) -> None:
    finished = await counter.submitted()
    await counter.took(finished, "withdraw")

    unasked = await begun(counter, PDF, key="odd")
    closed = await begun(counter, PDF, case_id=finished)
    absent = await begun(counter, PDF, case_id=str(uuid4()))
    large = await begun(counter, PDF, size=501 * 1024 * 1024)
    empty = await begun(counter, b"")

    assert (unasked.status_code, kind(unasked)) == (422, "material-unknown")
    assert (closed.status_code, kind(closed)) == (409, "case-finished")
    assert absent.status_code == 404
    assert (large.status_code, kind(large)) == (413, "material-too-large")
    assert empty.status_code == 422


async def test_nobody_else_goes_on_with_an_upload(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]
    stranger = counter.case.district.headers("clerk", site=counter.site)

    asked = await counter.case.client.get(path, headers=stranger)
    added = await counter.case.client.patch(
        path, content=PDF, headers={**stranger, **PIECE, "Upload-Offset": "0"}
    )

    assert (asked.status_code, kind(asked)) == (404, "upload-not-found")
    assert added.status_code == 404


async def test_one_person_has_only_so_many_unfinished_uploads(case: RunningService) -> None:
    busy = Counter(case)
    case_id = await busy.submitted()
    for _ in range(OPEN_UPLOADS):
        assert (await begun(busy, PDF, case_id=case_id)).status_code == 201

    answer = await begun(busy, PDF, case_id=case_id)

    assert (answer.status_code, kind(answer)) == (409, "too-many-uploads")


async def test_an_upload_that_nobody_goes_on_with_expires_and_is_collected(
    counter: Counter,
) -> None:
    path = (await begun(counter, PDF)).headers["location"]
    await add(counter, path, 0, PDF[:10])
    context, now = counter.case.context, counter.case.context.clock
    upload_id = path.rpartition("/")[2]
    rows = await counter.case.execute(
        "SELECT object_key FROM upload_parts WHERE upload_id = :id", id=upload_id
    )
    object_key = rows.scalar_one()
    # Tokens outlive the upload in no district: the service alone is set ahead.
    try:
        context.clock = lambda: now() + timedelta(hours=26)
        await run_due(context, UPLOAD_DUTY)
    finally:
        context.clock = now

    answer = await counter.case.client.get(path, headers=counter.headers())
    left = [key async for key in area(context).keys(older_than=now() + timedelta(hours=1))]

    assert answer.status_code == 404
    assert object_key not in left


async def test_an_expired_upload_takes_nothing_more(counter: Counter) -> None:
    path = (await begun(counter, PDF)).headers["location"]
    await counter.case.execute(
        "UPDATE uploads SET expires_at = '2000-01-01T00:00Z' WHERE id = :id",
        id=path.rpartition("/")[2],
    )

    answers = [
        await add(counter, path, 0, PDF),
        await complete(counter, path),
        await counter.case.client.get(path, headers=counter.headers()),
    ]

    assert {(answer.status_code, kind(answer)) for answer in answers} == {(410, "upload-expired")}
