"""Open data over HTTP: not sent twice, one found by an index, maps as RFC 7946 has them."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from site_service.open_data import rules, store
from support.geojson import geojson_faults
from support.sites import import_sites, matter_told, new_code, site_record
from tongban.testing.fixtures import RunningService

HSDS = "/api/v1/hsds"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(site: RunningService) -> dict[str, Any]:
    """A site with one matter, as it was imported."""
    code = new_code()
    await site.hear(matter_told(code))
    record = site_record(matters=[code])
    assert (await import_sites(site, record)).status_code == 200
    return {**record, "matter": code}


def paths_with_a_tag(site: RunningService) -> list[str]:
    """Return the open data's paths that say they may answer 304."""
    paths = site.app.openapi()["paths"]
    return [
        path
        for path, item in paths.items()
        if path.startswith(HSDS) and "304" in item["get"]["responses"]
    ]


def path_of(site: RunningService, here: dict[str, Any], template: str) -> str:
    """Fill the path of one of them with the id of one that is there."""
    district = site.district.code
    ids = {
        "service_id": rules.service_id(district, here["matter"]),
        "organization_id": rules.organization_id(district),
        "service_at_location_id": rules.service_at_location_id(
            district, here["matter"], here["id"]
        ),
    }
    return template.format(**ids)


async def test_whoever_has_what_is_told_now_is_sent_nothing(
    site: RunningService, here: dict[str, Any]
) -> None:
    templates = paths_with_a_tag(site)
    assert len(templates) == 7
    paths = [path_of(site, here, one) for one in templates]
    first = {path: await site.client.get(path) for path in paths}
    tags = {path: {"If-None-Match": one.headers["etag"]} for path, one in first.items()}

    again = {path: await site.client.get(path, headers=tags[path]) for path in paths}
    changed = {name: told for name, told in here.items() if name != "matter"}
    kept = await import_sites(site, {**changed, "phone": "029-88888888"})
    after = {path: await site.client.get(path, headers=tags[path]) for path in paths}

    assert kept.status_code == 200, kept.text
    for path in paths:
        assert first[path].status_code == 200, path
        assert (again[path].status_code, again[path].content) == (304, b""), path
        assert again[path].headers["etag"] == first[path].headers["etag"], path
        assert after[path].status_code == 200, path
        assert after[path].headers["etag"] != first[path].headers["etag"], path


@pytest.mark.parametrize("path", ["", "/taxonomies", "/taxonomy_terms"])
async def test_what_never_changes_promises_no_304(site: RunningService, path: str) -> None:
    answer = await site.client.get(f"{HSDS}{path}")

    assert answer.status_code == 200
    assert "etag" not in answer.headers


async def test_a_matter_at_a_site_is_found_by_one_row_of_an_index(
    site: RunningService, here: dict[str, Any]
) -> None:
    key = rules.service_at_location_id(site.district.code, here["matter"], here["id"])
    found = await site.client.get(f"{HSDS}/service_at_locations/{key}")
    nobody = await site.client.get(f"{HSDS}/service_at_locations/{uuid4()}")
    rows = (await site.execute("SELECT matter_code, site_id, open_id FROM site_matters")).all()
    async with site.context.sessions() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(
            text("EXPLAIN SELECT 1 FROM site_matters WHERE open_id = :key"), {"key": key}
        )
        told = "\n".join(plan.all())

    assert found.json()["location"]["external_identifier"] == here["id"]
    assert nobody.status_code == 404
    assert "ix_site_matters_open_id" in told
    for code, site_id, open_id in rows:
        whole = rules.service_at_location_id(site.district.code, code, site_id)
        assert rules.id_without(site.district.code, whole) == str(open_id)


def scans_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a plan that read rows of a table."""
    below = [scan for part in node.get("Plans", []) for scan in scans_of(part)]
    return [*below, node] if "Relation Name" in node else below


async def test_a_matter_is_found_by_its_id_without_a_look_at_the_others(
    site: RunningService, here: dict[str, Any]
) -> None:
    district = site.district.code
    key = rules.service_id(district, here["matter"])
    found = await site.client.get(f"{HSDS}/services/{key}")
    nobody = await site.client.get(f"{HSDS}/services/{uuid4()}")
    rows = (await site.execute("SELECT code, open_id FROM known_matter_versions")).all()
    async with site.context.sessions() as session:
        await session.execute(
            text(
                "INSERT INTO known_matter_versions"
                " (code, version, sequence, state, name, area, handling)"
                " SELECT 'X' || nth, 1, 1, 'published', '', 'tax', 'promised'"
                " FROM generate_series(1, 2000) AS nth"
            )
        )
        await session.execute(text("ANALYZE known_matter_versions"))
        statement = store.with_id(district, key).compile(
            dialect=(await session.connection()).dialect, compile_kwargs={"literal_binds": True}
        )
        plan = await session.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"))
        await session.rollback()

    assert found.json()["service_at_locations"][0]["location"]["external_identifier"] == here["id"]
    assert nobody.status_code == 404
    for code, open_id in rows:
        assert rules.id_without(district, rules.service_id(district, code)) == str(open_id)
    # The small tables beside it are read as the planner likes, by what other tests left in them.
    read = [
        one for one in scans_of(plan[0]["Plan"]) if one["Relation Name"] == "known_matter_versions"
    ]
    looked_at = sum(one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in read)
    assert any(one.get("Index Name") == "ix_known_matter_versions_open_id" for one in read)
    assert looked_at < 20


async def test_sites_are_told_as_geojson(site: RunningService, here: dict[str, Any]) -> None:
    answer = await site.client.get("/api/v1/coverage/sites")

    told = answer.json()
    assert answer.headers["content-type"].partition(";")[0] == "application/geo+json"
    assert geojson_faults(told) == []
    (mine,) = [one for one in told["features"] if one["id"] == here["id"]]
    longitude, latitude = mine["geometry"]["coordinates"]
    assert (longitude, latitude) == (here["longitude"], here["latitude"])
    assert mine["properties"]["name"] == here["name"]
