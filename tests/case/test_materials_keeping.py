"""Bytes are stored once, scanned, and gone when nobody refers to them; nothing else goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio
from sqlalchemy import event

from case_service.materials.collecting import collect_unreferenced, scan_again, sweep_materials
from case_service.materials.keeping import area
from case_service.materials.rules import ScanState
from case_service.materials.scanning import Clamd, Scanner
from support.case_world import PDF, SITE, Counter, know_site
from support.clamd import EICAR, running_clamd
from tongban.objects import ObjectNotFound
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


def fresh() -> bytes:
    """Return a PDF with bytes that no other test has."""
    return PDF + uuid4().bytes


@asynccontextmanager
async def scanned_by(case: RunningService, scanner: Scanner) -> AsyncIterator[None]:
    before = case.context.resources.get("scanner")
    case.context.resources["scanner"] = scanner
    try:
        yield
    finally:
        case.context.resources["scanner"] = before


@asynccontextmanager
async def later(case: RunningService, by: timedelta) -> AsyncIterator[None]:
    now = case.context.clock
    case.context.clock = lambda: now() + by
    try:
        yield
    finally:
        case.context.clock = now


async def work(case: RunningService, timer: Any) -> None:
    async with case.context.sessions.begin() as session:
        await timer(session, case.context)


async def content_of(case: RunningService, material_id: str) -> Any:
    rows = await case.execute(
        "SELECT contents.* FROM contents JOIN materials ON content_id = contents.id"
        " WHERE materials.id = :id",
        id=material_id,
    )
    return rows.one()


async def test_the_same_bytes_are_stored_once_whoever_hands_them_in(counter: Counter) -> None:
    content = fresh()

    one = (await counter.upload(await counter.submitted(), content=content)).json()
    other = (await counter.upload(await counter.submitted(), content=content)).json()

    assert one["id"] != other["id"]
    kept = [await content_of(counter.case, file["id"]) for file in (one, other)]
    assert kept[0].object_key == kept[1].object_key


async def test_rivals_with_the_same_bytes_leave_one_object(counter: Counter) -> None:
    content = fresh()
    cases = [await counter.submitted() for _ in range(4)]

    answers = await asyncio.gather(*(counter.upload(one, content=content) for one in cases))

    kept = {(await content_of(counter.case, one.json()["id"])).object_key for one in answers}
    assert [one.status_code for one in answers] == [201] * 4
    assert len(kept) == 1


async def test_a_digest_tells_nobody_which_bytes_they_are(counter: Counter) -> None:
    kept = (await counter.upload(await counter.submitted(), content=fresh())).json()

    stored = await content_of(counter.case, kept["id"])

    assert stored.digest_index.hex() != kept["sha256"]


async def test_an_upload_takes_no_more_statements_than_an_action(counter: Counter) -> None:
    case_id = await counter.submitted()
    await counter.upload(await counter.submitted(), content=fresh())
    seen: list[str] = []

    engine = counter.case.context.engine.sync_engine

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await counter.upload(case_id, content=fresh())
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert len(seen) <= 6, seen


async def test_without_a_scanner_it_is_on_record_that_nobody_looked(counter: Counter) -> None:
    kept = (await counter.upload(await counter.submitted(), content=fresh())).json()

    assert (await content_of(counter.case, kept["id"])).scan_state == ScanState.NOT_SCANNED


async def test_a_clean_file_is_taken_as_clean(counter: Counter) -> None:
    async with running_clamd() as clamd, scanned_by(counter.case, clamd):
        kept = (await counter.upload(await counter.submitted(), content=fresh())).json()

    stored = await content_of(counter.case, kept["id"])
    assert (stored.scan_state, stored.scan_engine) == (ScanState.CLEAN, "clamd")


async def test_an_infected_file_is_refused_and_on_the_record(counter: Counter) -> None:
    case_id = await counter.submitted()
    number = (await counter.read(case_id))["number"]

    async with running_clamd() as clamd, scanned_by(counter.case, clamd):
        answer = await counter.upload(case_id, content=PDF + EICAR)

    assert (answer.status_code, kind(answer)) == (422, "material-infected")
    assert answer.json()["signature"] == "Eicar-Test-Signature"
    assert (await counter.read(case_id))["materials"][0]["files"] == []
    noted = await counter.case.execute(
        "SELECT count(*) FROM ledger WHERE subject = :number AND action = 'material.infected'",
        number=number,
    )
    assert noted.scalar_one() == 1


async def test_an_infected_upload_in_pieces_is_refused_too(counter: Counter) -> None:
    content, client = PDF + EICAR, counter.case.client
    body = {"key": "plan", "file_name": "plan.pdf", "size": len(content)}
    case_id = await counter.submitted()
    began = await client.post(
        f"/api/v1/cases/{case_id}/uploads", json=body, headers=counter.headers()
    )
    path = began.headers["location"]
    told = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    await client.patch(path, content=content, headers={**counter.headers(), **told})

    async with running_clamd() as clamd, scanned_by(counter.case, clamd):
        answer = await client.post(f"{path}/complete", headers=counter.headers())

    assert (answer.status_code, kind(answer)) == (422, "material-infected")


async def test_infected_files_at_once_keep_no_connection_from_one_another(
    counter: Counter,
) -> None:
    many, content, client = 2 * counter.case.settings.api_pool, PDF + EICAR, counter.case.client
    body = {"key": "plan", "file_name": "plan.pdf", "size": len(content)}
    told = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    case_ids = [await counter.submitted() for _ in range(many)]
    paths = []
    for case_id in case_ids:
        # Each by a hand of its own: nobody has many uploads open.
        hand = counter.case.district.headers("clerk", subject=f"clerk-{case_id}", site_id=SITE)
        url = f"/api/v1/cases/{case_id}/uploads"
        began = await client.post(url, json=body, headers=hand)
        await client.patch(began.headers["location"], content=content, headers={**hand, **told})
        paths.append((f"{began.headers['location']}/complete", hand))

    async with running_clamd() as clamd, scanned_by(counter.case, clamd):
        whole = await asyncio.wait_for(
            asyncio.gather(*(counter.upload(one, content=content) for one in case_ids)), 8
        )
        in_pieces = await asyncio.wait_for(
            asyncio.gather(*(client.post(path, headers=hand) for path, hand in paths)), 8
        )

    assert {kind(one) for one in (*whole, *in_pieces)} == {"material-infected"}
    noted = await counter.case.execute(
        "SELECT count(*) FROM ledger WHERE action = 'material.infected' AND subject IN"
        " (SELECT unnest(ARRAY[id::text, number]) FROM cases WHERE id = ANY(:ids))",
        ids=case_ids,
    )
    assert noted.scalar_one() == 2 * many


async def test_what_could_not_be_scanned_is_handed_out_only_once_it_was(counter: Counter) -> None:
    case_id = await counter.submitted()
    async with scanned_by(counter.case, Clamd(("127.0.0.1", 1), seconds=1)):
        kept = (await counter.upload(case_id, content=fresh())).json()
    path = f"/api/v1/cases/{case_id}/materials/{kept['id']}/content"

    waiting = await counter.case.client.get(path, headers=counter.headers())
    async with (
        running_clamd() as clamd,
        scanned_by(counter.case, clamd),
        later(counter.case, timedelta(minutes=6)),
    ):
        while (await content_of(counter.case, kept["id"])).scan_state == ScanState.FAILED:
            await work(counter.case, scan_again)
    after = await counter.case.client.get(path, headers=counter.headers())

    assert (waiting.status_code, kind(waiting)) == (503, "material-not-scanned")
    assert "retry-after" in waiting.headers
    assert after.status_code == 200


async def test_what_is_found_infected_later_is_shut_away(counter: Counter) -> None:
    content, case_id = PDF + EICAR + uuid4().bytes, await counter.submitted()
    kept = (await counter.upload(case_id, content=content)).json()
    path = f"/api/v1/cases/{case_id}/materials/{kept['id']}/content"
    async with (
        running_clamd() as clamd,
        scanned_by(counter.case, clamd),
        later(counter.case, timedelta(minutes=6)),
    ):
        while (await content_of(counter.case, kept["id"])).scan_state == ScanState.NOT_SCANNED:
            await work(counter.case, scan_again)

    read = await counter.case.client.get(path, headers=counter.headers())
    again = await counter.upload(await counter.submitted(), content=content)

    assert (read.status_code, kind(read)) == (422, "material-infected")
    assert (again.status_code, kind(again)) == (422, "material-infected")


async def test_a_scanner_that_says_something_odd_has_failed(counter: Counter) -> None:
    answer = b"INSTREAM size limit exceeded. ERROR"
    async with running_clamd(answer=answer) as clamd, scanned_by(counter.case, clamd):
        kept = (await counter.upload(await counter.submitted(), content=fresh())).json()

    assert (await content_of(counter.case, kept["id"])).scan_state == ScanState.FAILED


async def test_bytes_go_when_the_last_material_is_gone_and_not_before(counter: Counter) -> None:
    case, content = counter.case, fresh()
    first = (await counter.upload(await counter.submitted(), content=content)).json()
    second = (await counter.upload(await counter.submitted(), content=content)).json()
    stored = await content_of(case, first["id"])
    after_grace, at_last = timedelta(hours=25), timedelta(hours=26)

    await case.execute("DELETE FROM materials WHERE id = :id", id=first["id"])
    async with later(case, after_grace):
        await work(case, collect_unreferenced)
    assert (await content_of(case, second["id"])).condemned_at is None

    await case.execute("DELETE FROM materials WHERE id = :id", id=second["id"])
    await work(case, collect_unreferenced)
    assert await area(case.context).get(stored.object_key)
    async with later(case, after_grace):
        await work(case, collect_unreferenced)
    async with later(case, at_last):
        await work(case, collect_unreferenced)

    left = await case.execute("SELECT count(*) FROM contents WHERE id = :id", id=stored.id)
    assert left.scalar_one() == 0
    try:
        await area(case.context).get(stored.object_key)
    except ObjectNotFound:
        return
    raise AssertionError("the bytes are still there")


async def test_bytes_on_their_way_out_are_stored_anew_for_who_brings_them(
    counter: Counter,
) -> None:
    case, content = counter.case, fresh()
    gone = (await counter.upload(await counter.submitted(), content=content)).json()
    before = await content_of(case, gone["id"])
    await case.execute("DELETE FROM materials WHERE id = :id", id=gone["id"])
    async with later(case, timedelta(hours=25)):
        await work(case, collect_unreferenced)

    case_id = await counter.submitted()
    kept = (await counter.upload(case_id, content=content)).json()
    async with later(case, timedelta(hours=26)):
        await work(case, collect_unreferenced)

    assert (await content_of(case, kept["id"])).id != before.id
    path = f"/api/v1/cases/{case_id}/materials/{kept['id']}/content"
    back = await case.client.get(path, headers=counter.headers())
    assert back.content == content


async def test_the_sweep_takes_what_no_row_refers_to_and_nothing_else(counter: Counter) -> None:
    case = counter.case
    kept = (await counter.upload(await counter.submitted(), content=fresh())).json()
    stored = await content_of(case, kept["id"])
    orphan = await area(case.context).put(b"its transaction never committed")
    claim = await case.context.objects.put(b"left for another service")

    await work(case, sweep_materials)
    assert await area(case.context).get(orphan.key)
    async with later(case, timedelta(days=3)):
        await work(case, sweep_materials)

    assert await area(case.context).get(stored.object_key)
    assert await case.context.objects.get(claim.key)
    left = {
        key
        async for key in area(case.context).keys(
            older_than=case.context.clock() + timedelta(days=1)
        )
    }
    assert orphan.key not in left


async def test_a_file_from_before_bytes_were_kept_once_is_still_read(counter: Counter) -> None:
    case, case_id, material_id = counter.case, await counter.submitted(), str(uuid4())
    sealed = case.context.vault.seal(PDF, context=f"materials.content:{material_id}")
    stored = await case.context.objects.put(sealed)
    await case.execute(
        "INSERT INTO materials (id, case_id, key, name, media_type, size, sha256, object_key,"
        " uploaded_by, uploaded_at) VALUES (:id, :case_id, 'plan', '平面图', 'application/pdf',"
        " :size, 'x', :object_key, 'clerk-1', now())",
        id=material_id,
        case_id=case_id,
        size=len(PDF),
        object_key=stored.key,
    )

    path = f"/api/v1/cases/{case_id}/materials/{material_id}/content"
    back = await case.client.get(path, headers=counter.headers())

    assert back.content == PDF
