"""Reading costs one statement, however long the page; what the caller has is not read again."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from catalog.factories import matter_content
from catalog.test_search import offer_here, publish
from catalog.test_search_quality import DISTRICT

from catalog_service.app import SERVICE, create_app
from catalog_service.matters import reading
from catalog_service.matters.reading import NOTHING_KNOWN
from tongban.testing.fixtures import RunningService

OURS, THEIRS = "610171", "610172"


async def put(running: RunningService, path: str, told: Any, role: str = "admin") -> None:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    headers = {**running.district.headers(role), "Content-Type": "application/json"}
    answer = await running.client.post(path, content=content, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(run_service: Any) -> AsyncIterator[RunningService]:
    """A catalog with more than one of everything that is listed."""
    running: RunningService = await run_service(SERVICE, create_app, log_level="critical")
    for path, name in (
        ("basic-items/import", "basic_items.json"),
        ("import?publish=true", "matters.json"),
    ):
        await put(running, f"/api/v1/catalog/{path}", (DISTRICT / name).read_bytes())
    joint = json.loads((DISTRICT / "life_events.json").read_text("utf-8"))
    await put(running, "/api/v1/life-events/import?publish=true", joint)
    for one in joint["life_events"]:
        one["name"] += "（新）"
    await put(running, "/api/v1/life-events/import", joint, role="catalog_editor")
    versioned = await first_matter(running)
    for days in (1, 2, 3):
        changed = {**versioned["content"], "summary": f"第{days}次修改"}
        await put(running, "/api/v1/catalog/import?publish=true", {"matters": [changed]})
    yield running


async def first_matter(running: RunningService) -> dict[str, Any]:
    listed = (await running.client.get("/api/v1/matters?limit=1")).json()["items"]
    found = await running.client.get(f"/api/v1/matters/{listed[0]['code']}")
    read: dict[str, Any] = found.json()
    return read


MORE: dict[str, tuple[str, ...]] = {
    "/api/v1/matters": ("q=登记", "q=登记&facets=true", "q=shangbioa", "site_id=nowhere"),
    "/api/v1/catalog/metrics": ("by=matter", "by=body", "by=matter_type"),
}
"""What else a list can be asked; a metric without `by` is no list."""


def lists(running: RunningService, code: str) -> list[str]:
    """Return every way to ask for a page that the API's document tells of."""
    found = []
    for path, operations in running.app.openapi()["paths"].items():
        told = operations.get("get", {}).get("parameters", ())
        if not any(one["name"] == "limit" for one in told):
            continue
        asked = path.replace("{code}", code)
        assert "{" not in asked, f"say here what {path} is asked for"
        ways = [f"{asked}?{more}&" for more in MORE.get(path, ())]
        found += ways if path.endswith("/metrics") else [*ways, f"{asked}?"]
    return found


async def test_no_list_asks_more_the_longer_its_page(full: RunningService, statements: Any) -> None:
    headers = full.district.headers("admin")
    code = (await first_matter(full))["code"]
    asked, short = lists(full, code), []

    for path in asked:
        counts, lengths = [], []
        for limit in (1, 100):
            with statements() as sent:
                answer = await full.client.get(f"{path}limit={limit}", headers=headers)
            assert answer.status_code == 200, answer.text
            counts.append(len(sent))
            lengths.append(len(answer.json()["items"]))
        assert counts[0] == counts[1], f"{path}: {counts} statements"
        assert counts[1] <= 2, f"{path}: {counts} statements"
        if lengths[1] <= lengths[0]:
            short.append(path)

    assert len(asked) >= 10
    assert [path for path in short if "shangbioa" not in path and "nowhere" not in path] == []


@pytest.mark.parametrize("owner", [OURS, THEIRS])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_matter_is_read_by_one_statement(
    catalog: RunningService, statements: Any, owner: str, is_known: bool
) -> None:
    content = matter_content()
    await (publish if owner == OURS else offer_here)(catalog, content)
    path = f"/api/v1/matters/{content['code']}"
    tag = (await catalog.client.get(path)).headers["etag"]

    with statements() as sent:
        answer = await catalog.client.get(
            path, headers={"If-None-Match": f'W/{tag}, "7"' if is_known else '"7", x, ""'}
        )

    assert answer.status_code == (304 if is_known else 200)
    assert answer.headers["etag"] == tag
    assert len(sent) == 1


@pytest.mark.parametrize("owner", [OURS, THEIRS])
async def test_a_step_of_the_guide_is_one_statement(
    catalog: RunningService, statements: Any, owner: str
) -> None:
    content = matter_content()
    await (publish if owner == OURS else offer_here)(catalog, content)

    with statements() as sent:
        answer = await catalog.client.post(
            f"/api/v1/matters/{content['code']}/guide", json={"answers": {"has_canteen": "no"}}
        )

    assert answer.status_code == 200
    assert len([one for one in sent if "idempotency_keys" not in one]) == 1


@pytest.mark.parametrize("owner", [OURS, THEIRS])
async def test_what_the_caller_has_is_not_fetched(catalog: RunningService, owner: str) -> None:
    content = matter_content()
    await (publish if owner == OURS else offer_here)(catalog, content)
    async with catalog.context.sessions() as session:
        known = await reading.applicable(session, content["code"], district=OURS)
        assert known is not None
        again, stale = [
            await reading.applicable(session, content["code"], district=OURS, known=tags)
            for tags in (frozenset({known.tag}), frozenset({known.tag - 1}))
        ]

    assert again is not None
    assert stale is not None
    assert (again.tag, again.content) == (known.tag, {})
    assert stale.content == known.content
    assert known.content["materials"]


async def test_a_version_that_the_caller_has_is_not_fetched(
    catalog: RunningService, statements: Any
) -> None:
    content = matter_content()
    await publish(catalog, content)
    path = f"/api/v1/matters/{content['code']}/versions/1"
    whole = await catalog.client.get(path)

    with statements() as sent:
        same = await catalog.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    async with catalog.context.sessions() as session:
        tag = int(whole.headers["etag"].strip('"'))
        known = await reading.version_of(session, content["code"], 1, known={tag})
        unknown = await reading.version_of(session, content["code"], 1, known=NOTHING_KNOWN)
        assert unknown is known, "the session knows it: its content comes with the second reading"

    assert (same.status_code, same.content, len(sent)) == (304, b"", 1)
    assert unknown is not None
    assert unknown.content == whole.json()["content"]


async def test_a_day_is_asked_for_by_one_statement(
    catalog: RunningService, statements: Any
) -> None:
    content = matter_content()
    await publish(catalog, content)
    path = f"/api/v1/matters/{content['code']}?as_of=2090-01-01"
    tag = (await catalog.client.get(path)).headers["etag"]

    with statements() as sent:
        same = await catalog.client.get(path, headers={"If-None-Match": tag})

    assert (same.status_code, len(sent)) == (304, 1)


@pytest.mark.parametrize("given", ['"99999999999999999999999"', "*", "", '"', "a" * 500])
async def test_any_tag_is_taken_calmly(catalog: RunningService, given: str) -> None:
    content = matter_content()
    await publish(catalog, content)

    answer = await catalog.client.get(
        f"/api/v1/matters/{content['code']}", headers={"If-None-Match": given}
    )

    assert answer.status_code == (304 if given == "*" else 200)
