"""Drafting, publishing, retiring and reading matters over HTTP: roles and outcomes."""

from typing import Any

import pytest
from catalog.factories import fresh_code, matter_content
from httpx import Response

from tongban.testing.fixtures import RunningService

EDITOR = "editor-li"
SECOND = "editor-wang"
BASIC = "/api/v1/catalog/basic-items"
BASIC_ITEMS = {
    "source": "tests",
    "items": [{"code": "000101001000", "name": "某事项", "matter_type": "licence"}],
}
PUBLICATIONS = "/api/v1/catalog/publications"


async def draft(catalog: RunningService, content: dict[str, Any]) -> Response:
    headers = catalog.district.headers("catalog_editor", subject=EDITOR)
    answer = await catalog.client.post("/api/v1/matters", json=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


async def draft_next(catalog: RunningService, content: dict[str, Any]) -> Response:
    return await catalog.client.post(
        f"/api/v1/matters/{content['code']}/versions",
        json=content,
        headers=catalog.district.headers("catalog_editor", subject=EDITOR),
    )


async def act(
    catalog: RunningService, code: str, version: int, action: str, *, subject: str = SECOND
) -> Response:
    return await catalog.client.post(
        f"/api/v1/matters/{code}/versions/{version}/{action}",
        headers=catalog.district.headers("catalog_editor", subject=subject),
    )


async def publish(
    catalog: RunningService, code: str, version: int, *, subject: str = SECOND
) -> Response:
    """Submit as the author, publish as another person."""
    submitted = await act(catalog, code, version, "submit", subject=EDITOR)
    assert submitted.status_code == 200, submitted.text
    return await act(catalog, code, version, "publish", subject=subject)


async def published(catalog: RunningService, **changes: Any) -> dict[str, Any]:
    content = matter_content(**changes)
    await draft(catalog, content)
    answer = await publish(catalog, content["code"], 1)
    assert answer.status_code == 200, answer.text
    return content


def kind_of(answer: Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tongban:problem:")


async def test_a_draft_is_published_by_another_person_and_told(catalog: RunningService) -> None:
    content = matter_content()
    await draft(catalog, content)

    answer = await publish(catalog, content["code"], 1)

    assert answer.json()["state"] == "published"
    assert answer.json()["author"] == EDITOR
    assert answer.json()["publisher"] == SECOND
    [told] = await catalog.outbox.envelopes(f"{content['code']}-1")
    assert told.event_type == "catalog.matter.changed"
    assert told.sequence == 1
    assert told.data["state"] == "published"
    assert told.data["owner_district"] == "610171"
    assert told.data["content"]["name"] == content["name"]


async def test_the_author_cannot_publish(catalog: RunningService) -> None:
    content = matter_content()
    await draft(catalog, content)

    answer = await publish(catalog, content["code"], 1, subject=EDITOR)

    assert (answer.status_code, kind_of(answer)) == (409, "publisher-is-author")
    assert await catalog.outbox.types(f"{content['code']}-1") == []


async def test_whoever_amends_a_draft_becomes_its_author(catalog: RunningService) -> None:
    content = matter_content()
    made = await draft(catalog, content)
    path = f"/api/v1/matters/{content['code']}/versions/1"
    headers = catalog.district.headers("catalog_editor", subject=SECOND)

    amended = await catalog.client.put(
        path,
        json={**content, "promised_days": 3},
        headers={**headers, "If-Match": made.headers["etag"]},
    )
    refused = await publish(catalog, content["code"], 1, subject=SECOND)

    assert amended.json()["content"]["promised_days"] == 3
    assert kind_of(refused) == "publisher-is-author"


async def test_a_stale_draft_is_not_written_over(catalog: RunningService) -> None:
    content = matter_content()
    made = await draft(catalog, content)
    path = f"/api/v1/matters/{content['code']}/versions/1"
    headers = catalog.district.headers("catalog_editor") | {"If-Match": made.headers["etag"]}
    await catalog.client.put(path, json={**content, "visits": 1}, headers=headers)

    stale = await catalog.client.put(path, json={**content, "visits": 2}, headers=headers)

    assert stale.status_code == 412
    read = await catalog.client.get(path, headers=headers)
    assert read.json()["content"]["visits"] == 1


async def test_a_published_version_never_changes(catalog: RunningService) -> None:
    content = await published(catalog)
    headers = catalog.district.headers("catalog_editor")
    path = f"/api/v1/matters/{content['code']}/versions/1"

    answer = await catalog.client.put(path, json={**content, "visits": 2}, headers=headers)
    again = await act(catalog, content["code"], 1, "publish")

    assert (answer.status_code, kind_of(answer)) == (409, "version-not-draft")
    assert kind_of(again) == "version-not-submitted"
    assert (await catalog.client.get(path)).json()["content"]["visits"] == 0


async def test_a_new_version_supersedes_the_former_which_is_kept(catalog: RunningService) -> None:
    content = await published(catalog)
    code = content["code"]
    await draft_next(catalog, {**content, "promised_days": 2})

    await publish(catalog, code, 2)

    current = (await catalog.client.get(f"/api/v1/matters/{code}")).json()
    former = (await catalog.client.get(f"/api/v1/matters/{code}/versions/1")).json()
    listed = (await catalog.client.get(f"/api/v1/matters/{code}/versions")).json()["items"]
    assert (current["version"], current["content"]["promised_days"]) == (2, 2)
    assert (former["state"], former["superseded_by"]) == ("retired", 2)
    assert former["content"]["promised_days"] == 5
    assert [one["version"] for one in listed] == [2, 1]
    told = await catalog.outbox.envelopes(f"{code}-1")
    assert [(one.sequence, one.data["state"]) for one in told] == [(1, "published"), (2, "retired")]


async def test_a_retired_matter_is_no_longer_found(catalog: RunningService) -> None:
    content = await published(catalog)
    code = content["code"]

    retired = await act(catalog, code, 1, "retire")
    again = await act(catalog, code, 1, "retire")

    assert retired.json()["state"] == "retired"
    assert retired.json()["retired_on"] is not None
    assert kind_of(again) == "version-not-published"
    assert (await catalog.client.get(f"/api/v1/matters/{code}")).status_code == 404
    assert [one.data["state"] for one in await catalog.outbox.envelopes(f"{code}-1")] == [
        "published",
        "retired",
    ]


async def test_publication_and_retirement_are_on_the_ledger(catalog: RunningService) -> None:
    content = await published(catalog)
    await act(catalog, content["code"], 1, "retire")

    rows = await catalog.execute(
        "SELECT action, actor FROM ledger WHERE subject = :code ORDER BY at", code=content["code"]
    )

    assert rows.all() == [
        ("matter.submit", EDITOR),
        ("matter.publish", SECOND),
        ("matter.retire", SECOND),
    ]


async def test_a_matter_without_a_window_is_not_published(catalog: RunningService) -> None:
    content = matter_content(channels=["online"])
    await draft(catalog, content)

    answer = await publish(catalog, content["code"], 1)

    assert (answer.status_code, kind_of(answer)) == (409, "no-offline-channel")


async def test_a_code_is_taken_once(catalog: RunningService) -> None:
    content = matter_content()
    await draft(catalog, content)

    answer = await catalog.client.post(
        "/api/v1/matters", json=content, headers=catalog.district.headers("catalog_editor")
    )

    assert (answer.status_code, kind_of(answer)) == (409, "duplicate-code")


async def test_a_matter_has_one_draft_at_a_time(catalog: RunningService) -> None:
    content = await published(catalog)
    first = await draft_next(catalog, content)

    second = await draft_next(catalog, content)

    assert first.status_code == 201
    assert (second.status_code, kind_of(second)) == (409, "draft-exists")


async def test_a_version_bears_its_matters_code(catalog: RunningService) -> None:
    content = await published(catalog)

    answer = await catalog.client.post(
        f"/api/v1/matters/{content['code']}/versions",
        json=matter_content(),
        headers=catalog.district.headers("catalog_editor"),
    )

    assert (answer.status_code, kind_of(answer)) == (422, "code-mismatch")
    assert answer.json()["errors"][0]["pointer"] == "/code"


async def test_a_draft_is_shown_to_editors_only(catalog: RunningService) -> None:
    content = matter_content()
    await draft(catalog, content)
    path = f"/api/v1/matters/{content['code']}/versions"
    editor = catalog.district.headers("catalog_editor")
    clerk = catalog.district.headers("clerk")

    assert (await catalog.client.get(f"{path}/1", headers=editor)).status_code == 200
    assert (await catalog.client.get(f"{path}/1", headers=clerk)).status_code == 404
    assert (await catalog.client.get(f"{path}/1")).status_code == 404
    assert (await catalog.client.get(path)).status_code == 404
    assert len((await catalog.client.get(path, headers=editor)).json()["items"]) == 1


async def test_the_public_does_not_read_who_published(catalog: RunningService) -> None:
    content = await published(catalog)

    read = (await catalog.client.get(f"/api/v1/matters/{content['code']}/versions/1")).json()

    assert (read["author"], read["publisher"]) == (None, None)


async def test_a_reader_who_has_the_matter_is_told_so(catalog: RunningService) -> None:
    content = await published(catalog)
    path = f"/api/v1/matters/{content['code']}"
    tag = (await catalog.client.get(path)).headers["etag"]

    same = await catalog.client.get(path, headers={"If-None-Match": tag})
    await draft_next(catalog, {**content, "visits": 1})
    await publish(catalog, content["code"], 2)
    changed = await catalog.client.get(path, headers={"If-None-Match": tag})

    assert same.status_code == 304
    assert changed.status_code == 200


@pytest.mark.parametrize("role", ["citizen", "clerk", "supervisor", "ops"])
async def test_only_editors_and_admins_write(catalog: RunningService, role: str) -> None:
    content = await published(catalog)
    path = f"/api/v1/matters/{content['code']}/versions"
    headers = catalog.district.headers(role)

    answers = [
        await catalog.client.post("/api/v1/matters", json=matter_content(), headers=headers),
        await catalog.client.post(path, json=content, headers=headers),
        await catalog.client.put(f"{path}/1", json=content, headers=headers),
        await catalog.client.post(f"{path}/1/submit", headers=headers),
        await catalog.client.post(f"{path}/1/take-back", headers=headers),
        await catalog.client.post(f"{path}/1/publish", headers=headers),
        await catalog.client.post(f"{path}/1/retire", headers=headers),
        await catalog.client.get("/api/v1/catalog/export.json", headers=headers),
        await catalog.client.post(f"{BASIC}/import", json=BASIC_ITEMS, headers=headers),
        await catalog.client.post(f"{BASIC}/000101001000/claim", headers=headers),
        await catalog.client.post(PUBLICATIONS, json={"all_submitted": True}, headers=headers),
        await catalog.client.get("/api/v1/catalog/reports/reconcile", headers=headers),
        await catalog.client.patch("/api/v1/calendar/2050", json={}, headers=headers),
    ]

    assert {answer.status_code for answer in answers} == {403}


async def test_nobody_writes_without_a_token(catalog: RunningService) -> None:
    answer = await catalog.client.post("/api/v1/matters", json=matter_content())

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1"])
async def test_an_unknown_matter_is_not_found(catalog: RunningService, path: str) -> None:
    answer = await catalog.client.get(f"/api/v1/matters/{fresh_code()}{path}")

    assert answer.status_code == 404


async def test_the_guide_asks_and_then_tells_what_applies(catalog: RunningService) -> None:
    content = await published(catalog)
    path = f"/api/v1/matters/{content['code']}/guide"

    asked = (await catalog.client.post(path, json={})).json()
    told = (await catalog.client.post(path, json={"answers": {"has_canteen": "no"}})).json()
    wrong = await catalog.client.post(path, json={"answers": {"has_canteen": "perhaps"}})

    assert asked["question"]["key"] == "has_canteen"
    assert asked["materials"] == []
    assert told["question"] is None
    assert [one["key"] for one in told["materials"]] == ["application", "business_licence"]
    assert (told["statutory_days"], told["promised_days"]) == (20, 5)
    assert (wrong.status_code, kind_of(wrong)) == (422, "answer-invalid")
    assert wrong.json()["errors"][0]["pointer"] == "/answers/has_canteen"


async def test_what_was_told_is_told_again_with_its_sequence(catalog: RunningService) -> None:
    content = await published(catalog)
    assert catalog.service.republish is not None

    async with catalog.context.sessions() as session:
        again = {
            event.key(): (event, sequence)
            async for event, sequence in catalog.service.republish(session)
        }

    event, sequence = again[f"{content['code']}-1"]
    assert sequence == 1
    assert event.model_dump(mode="json")["content"]["code"] == content["code"]
    assert "2026" in again
