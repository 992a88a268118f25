"""The catalog in and out: all or nothing, each fault with its row, unchanged rows left alone."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from catalog.factories import matter_content
from httpx import Response
from sqlalchemy import event

from tongban.testing.fixtures import RunningService

XIAN = Path(__file__).parents[2] / "deploy/districts/xian-hitech/matters.json"
NOTHING = {"created": 0, "updated": 0, "unchanged": 0, "published": 0, "is_dry_run": False}


async def bring(
    catalog: RunningService, *matters: dict[str, Any], role: str = "admin", **query: bool
) -> Response:
    return await catalog.client.post(
        "/api/v1/catalog/import",
        params=query,
        json={"matters": list(matters)},
        headers=catalog.district.headers(role),
    )


async def versions(catalog: RunningService, code: str) -> list[tuple[int, str]]:
    answer = await catalog.client.get(
        f"/api/v1/matters/{code}/versions", headers=catalog.district.headers("admin")
    )
    if answer.status_code == 404:
        return []
    return [(one["version"], one["state"]) for one in answer.json()["items"]]


async def test_an_import_arrives_as_drafts(catalog: RunningService) -> None:
    content = matter_content()

    answer = await bring(catalog, content, role="catalog_editor")

    assert answer.json() == NOTHING | {"created": 1}
    assert await versions(catalog, content["code"]) == [(1, "draft")]
    assert await catalog.outbox.types(f"{content['code']}-1") == []


async def test_an_admin_publishes_at_once_and_it_is_on_the_ledger(catalog: RunningService) -> None:
    content = matter_content()

    answer = await bring(catalog, content, publish=True)

    assert answer.json() == NOTHING | {"created": 1, "published": 1}
    [told] = await catalog.outbox.envelopes(f"{content['code']}-1")
    assert (told.sequence, told.data["state"]) == (1, "published")
    noted = await catalog.execute(
        "SELECT payload FROM ledger WHERE action = 'catalog.import.publish' ORDER BY at DESC"
    )
    assert noted.scalars().first()["published"] == 1


async def test_an_editor_does_not_publish_at_once(catalog: RunningService) -> None:
    content = matter_content()

    answer = await bring(catalog, content, role="catalog_editor", publish=True)

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("publication-needs-admin")
    assert await versions(catalog, content["code"]) == []


async def test_importing_again_changes_nothing(catalog: RunningService) -> None:
    content = matter_content()
    await bring(catalog, content, publish=True)

    again = await bring(catalog, content, publish=True)
    as_draft = await bring(catalog, content)

    assert again.json() == as_draft.json() == NOTHING | {"unchanged": 1}
    assert await versions(catalog, content["code"]) == [(1, "published")]
    assert len(await catalog.outbox.envelopes(f"{content['code']}-1")) == 1


async def test_a_changed_matter_becomes_a_new_version(catalog: RunningService) -> None:
    content = matter_content()
    code = content["code"]
    await bring(catalog, content, publish=True)
    tag = (await catalog.client.get(f"/api/v1/matters/{code}")).headers["etag"]

    answer = await bring(catalog, content | {"promised_days": 1}, publish=True)

    assert answer.json() == NOTHING | {"updated": 1, "published": 1}
    assert await versions(catalog, code) == [(2, "published"), (1, "retired")]
    current = await catalog.client.get(f"/api/v1/matters/{code}")
    assert current.json()["content"]["promised_days"] == 1
    assert current.headers["etag"] != tag
    [_first, ended] = await catalog.outbox.envelopes(f"{code}-1")
    assert (ended.sequence, ended.data["state"]) == (2, "retired")
    assert ended.data["retired_on"] is not None


async def test_an_import_writes_over_a_draft_or_publishes_it(catalog: RunningService) -> None:
    kept, changed = matter_content(), matter_content()
    await bring(catalog, kept, changed)

    as_drafts = await bring(catalog, kept, changed | {"visits": 1})
    published = await bring(catalog, kept, changed | {"visits": 1}, publish=True)

    assert as_drafts.json() == NOTHING | {"updated": 1, "unchanged": 1}
    assert published.json() == NOTHING | {"updated": 2, "published": 2}
    assert await versions(catalog, changed["code"]) == [(1, "published")]
    read = await catalog.client.get(f"/api/v1/matters/{changed['code']}")
    assert read.json()["content"]["visits"] == 1


async def test_a_dry_run_tells_and_writes_nothing(catalog: RunningService) -> None:
    known, fresh = matter_content(), matter_content()
    await bring(catalog, known, publish=True)

    answer = await bring(catalog, known | {"visits": 1}, fresh, publish=True, dry_run=True)

    assert answer.json() == {
        "created": 1,
        "updated": 1,
        "unchanged": 0,
        "published": 2,
        "is_dry_run": True,
    }
    assert await versions(catalog, known["code"]) == [(1, "published")]
    assert await versions(catalog, fresh["code"]) == []


async def test_one_bad_row_in_many_imports_nothing(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(20)]
    matters[12]["promised_days"] = 21
    matters[7]["materials"][0]["when"] = {"fact": "nobody_asks", "is": "yes"}

    answer = await bring(catalog, *matters, publish=True)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [
        "/matters/7/materials/0/when",
        "/matters/12/promised_days",
    ]
    assert await versions(catalog, matters[0]["code"]) == []


async def test_faults_of_the_whole_are_told_with_their_rows(catalog: RunningService) -> None:
    twice = matter_content()
    online = matter_content(channels=["online"])

    answer = await bring(catalog, twice, online, twice, publish=True)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("import-faulty")
    assert [one["pointer"] for one in answer.json()["errors"]] == [
        "/matters/2/code",
        "/matters/1/channels",
    ]
    assert await versions(catalog, twice["code"]) == []


@pytest.mark.parametrize("body", [{}, {"matters": []}, {"matters": [{}]}, {"matters": "all"}])
async def test_a_malformed_import_is_refused(catalog: RunningService, body: Any) -> None:
    answer = await catalog.client.post(
        "/api/v1/catalog/import", json=body, headers=catalog.district.headers("admin")
    )

    assert answer.status_code == 422


MOST_AT_ONCE = 2000
"""Of one import that is not a large one."""


async def test_an_export_is_an_import_that_changes_nothing(catalog: RunningService) -> None:
    await bring(catalog, matter_content(), publish=True)
    export = await catalog.client.get(
        "/api/v1/catalog/export.json", headers=catalog.district.headers("catalog_editor")
    )

    matters = export.json()["matters"]
    for start in range(0, len(matters), MOST_AT_ONCE):
        part = matters[start : start + MOST_AT_ONCE]
        answer = await bring(catalog, *part, publish=True)

        assert answer.json() == NOTHING | {"unchanged": len(part)}


async def test_many_matters_take_no_more_statements_than_few(catalog: RunningService) -> None:
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine = catalog.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        numbers = []
        for size in (2, 60):
            matters = [matter_content() for _ in range(size)]
            for visits in (0, 1):
                counted.clear()
                changed = [one | {"visits": visits} for one in matters]
                assert (await bring(catalog, *changed, publish=True)).is_success
                numbers.append(len(counted))
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert numbers[:2] == numbers[2:]


async def test_two_imports_at_once_make_each_matter_once(catalog: RunningService) -> None:
    matters = [matter_content() for _ in range(10)]

    answers = await asyncio.gather(
        bring(catalog, *matters, publish=True), bring(catalog, *reversed(matters), publish=True)
    )

    tallies = [answer.json() for answer in answers]
    assert sorted(one["created"] for one in tallies) == [0, 10]
    assert sorted(one["unchanged"] for one in tallies) == [0, 10]


async def test_a_search_is_two_statements_however_long_the_page(catalog: RunningService) -> None:
    await bring(catalog, *(matter_content() for _ in range(30)), publish=True)
    counted: list[str] = []

    def count(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    engine = catalog.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        answer = await catalog.client.get("/api/v1/matters", params={"limit": 30, "q": "食品"})
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert len(answer.json()["items"]) == 30
    # What the words mean, then the page.
    assert len(counted) == 2


async def test_the_district_s_catalog_is_taken_over_in_a_few_seconds(
    catalog: RunningService,
) -> None:
    body = json.loads(XIAN.read_text("utf-8"))
    started = time.perf_counter()

    first = await bring(catalog, *body["matters"], publish=True)

    assert first.status_code == 200, first.text[:2000]
    assert time.perf_counter() - started < 10
    tally = first.json()
    assert tally["created"] + tally["unchanged"] == len(body["matters"])
    again = await bring(catalog, *body["matters"], publish=True)
    assert again.json() == NOTHING | {"unchanged": len(body["matters"])}
    metrics = (await catalog.client.get("/api/v1/catalog/metrics")).json()
    assert metrics["concentrated"] >= 327
