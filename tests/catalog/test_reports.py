"""What changed is reported upward, and what arrived there is compared and mended."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items, fresh_code
from catalog.versions import act, drafted, published

from catalog_service.app import SERVICE, create_app
from catalog_service.reports.service import report_upward
from tongban.testing.fixtures import RunningService

PATH = "/api/v1/catalog/reports/reconcile"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def catalog(run_service: Any, tmp_path_factory: pytest.TempPathFactory) -> RunningService:
    """A catalog of its own with few claims: all that is told of it is sent and compared."""
    folder = tmp_path_factory.mktemp("reports")
    running: RunningService = await run_service(SERVICE, create_app, reports=folder)
    await claim_basic_items(running)
    last = int(fresh_code()[-4:])
    await running.execute(
        "DELETE FROM basic_items WHERE source = 'tests' AND right(code, 4) <> ALL (:kept)",
        kept=[f"{last + following:04d}" for following in range(1, 10)],
    )
    return running


def folder(catalog: RunningService) -> Path:
    found: Path = catalog.settings.reports
    return found


async def report_all(catalog: RunningService) -> None:
    before = -1
    while before != (before := sum(1 for _ in folder(catalog).glob("*.json"))):
        async with catalog.context.sessions.begin() as session:
            await report_upward(session, catalog.context)


async def ask(catalog: RunningService, method: str) -> dict[str, Any]:
    answer = await catalog.client.request(
        method, PATH, headers=catalog.district.headers("catalog_editor")
    )
    told: dict[str, Any] = answer.json()
    return told


async def test_a_publication_and_a_retirement_are_reported(catalog: RunningService) -> None:
    content = await drafted(catalog)
    await published(catalog, content, 1)
    await report_all(catalog)
    path = folder(catalog) / f"matter-{content['code']}-1.json"

    first = json.loads(path.read_text())
    await act(catalog, content["code"], 1, "retire")
    await report_all(catalog)
    second = json.loads(path.read_text())

    assert (first["sequence"], first["body"]["state"]) == (1, "published")
    assert first["body"]["content"]["name"] == content["name"]
    assert (second["sequence"], second["body"]["state"]) == (2, "retired")


async def test_what_differs_upward_is_found_and_mended(catalog: RunningService) -> None:
    contents = [await drafted(catalog) for _ in range(2)]
    for content in contents:
        await published(catalog, content, 1)
    await report_all(catalog)
    await ask(catalog, "POST")
    lost, altered = (folder(catalog) / f"matter-{one['code']}-1.json" for one in contents)
    lost.unlink()
    altered.write_text("{}")
    (folder(catalog) / "matter-unknown.json").write_text('{"body": {}}')

    found = await ask(catalog, "GET")
    mended = await ask(catalog, "POST")
    after = await ask(catalog, "GET")

    assert {one["key"]: one["kind"] for one in found["gaps"]} == {
        lost.stem: "missing",
        altered.stem: "outdated",
        "matter-unknown": "unexpected",
    }
    assert (found["mended"], mended["mended"]) == (0, 3)
    assert after["gaps"] == []
    assert after["due"] == after["held"]
