"""Materials are taken for what their bytes are, kept encrypted, and read on the record."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from case_service.materials.keeping import area
from support.case_world import PDF, PNG, Counter, know_matter, know_site
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(case: RunningService) -> Counter:
    await know_site(case)
    return Counter(case)


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def test_a_file_comes_back_as_it_went_in_and_lies_encrypted(counter: Counter) -> None:
    case_id = await counter.submitted()

    kept = (await counter.upload(case_id, name="平面图.pdf")).json()
    path = f"/api/v1/cases/{case_id}/materials/{kept['id']}/content"
    back = await counter.case.client.get(path, headers=counter.headers())

    assert kept["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert kept["size"] == len(PDF)
    assert back.content == PDF
    assert back.headers["content-type"] == "application/pdf"
    assert back.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E5")
    rows = await counter.case.execute(
        "SELECT contents.object_key FROM contents JOIN materials ON content_id = contents.id"
        " WHERE case_id = :id",
        id=case_id,
    )
    stored = await area(counter.case.context).get(rows.scalar_one())
    assert PDF not in stored
    noted = await counter.case.execute(
        "SELECT count(*) FROM ledger WHERE subject = :id AND action = 'material.read'",
        id=kept["id"],
    )
    assert noted.scalar_one() == 1


async def test_an_upload_moves_the_etag_and_the_state_of_its_material(counter: Counter) -> None:
    case_id = await counter.submitted()

    answer = await counter.upload(case_id)

    state = await counter.read(case_id)
    assert answer.headers["etag"] == '"2"'
    assert state["version"] == 2
    assert not state["materials"][0]["is_missing"]
    assert state["materials"][0]["files"][0]["file_name"] == "plan.pdf"


@pytest.mark.parametrize(
    ("content", "name", "media_type", "status", "problem"),
    [
        (b"", "plan.pdf", "application/pdf", 422, "material-empty"),
        (PNG, "plan.pdf", "application/pdf", 422, "material-belied"),
        (b"MZ" + bytes(99), "plan.pdf", "application/pdf", 422, "material-belied"),
        (b"plain words", "plan.txt", "application/octet-stream", 415, "material-not-accepted"),
        (PDF + bytes(20 * 1024 * 1024), "plan.pdf", "application/pdf", 413, "material-too-large"),
    ],
)
async def test_a_bad_file_is_refused_and_nothing_kept(
    counter: Counter, content: bytes, name: str, media_type: str, status: int, problem: str
) -> None:
    case_id = await counter.submitted()

    answer = await counter.upload(case_id, content=content, name=name, media_type=media_type)

    assert (answer.status_code, kind(answer)) == (status, problem)
    state = await counter.read(case_id)
    assert (state["version"], state["materials"][0]["files"]) == (1, [])


async def test_a_belied_type_is_named_with_the_real_one(counter: Counter) -> None:
    answer = await counter.upload(await counter.submitted(), content=PNG)

    assert answer.json()["declared"] == "application/pdf"
    assert answer.json()["found"] == "image/png"


async def test_a_files_name_is_kept_without_what_no_person_types(counter: Counter) -> None:
    kept = (await counter.upload(await counter.submitted(), name="pl\u200ban.pdf")).json()

    assert kept["file_name"] == "plan.pdf"


async def test_an_unasked_material_is_refused_with_those_asked_for(counter: Counter) -> None:
    answer = await counter.upload(await counter.submitted(), key="odd")

    assert (answer.status_code, kind(answer)) == (422, "material-unknown")
    assert answer.json()["known"] == ["plan"]


async def test_nothing_is_added_to_a_finished_case(counter: Counter) -> None:
    case_id = await counter.submitted()
    await counter.took(case_id, "withdraw")

    answer = await counter.upload(case_id)

    assert (answer.status_code, kind(answer)) == (409, "case-finished")


async def test_a_retried_upload_is_one_file(counter: Counter) -> None:
    case_id = await counter.submitted()
    headers = {**counter.headers(), "Idempotency-Key": str(uuid4())}

    answers = [await counter.upload(case_id, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await counter.read(case_id))["materials"][0]["files"]) == 1


async def test_others_neither_add_nor_read(counter: Counter) -> None:
    code = await know_matter(counter.case)
    case_id = await counter.submitted(code)
    kept = (await counter.upload(case_id)).json()
    stranger = counter.case.district.headers("citizen")
    elsewhere = counter.case.district.headers("clerk", site="another-site")
    path = f"/api/v1/cases/{case_id}/materials/{kept['id']}/content"

    added = await counter.upload(case_id, headers=stranger)
    read = await counter.case.client.get(path, headers=stranger)
    foreign = await counter.case.client.get(path, headers=elsewhere)
    absent = await counter.case.client.get(
        f"/api/v1/cases/{case_id}/materials/{uuid4()}/content", headers=counter.headers()
    )

    assert (added.status_code, read.status_code) == (404, 404)
    assert (foreign.status_code, kind(foreign)) == (403, "foreign-site")
    assert (absent.status_code, kind(absent)) == (404, "material-not-found")
