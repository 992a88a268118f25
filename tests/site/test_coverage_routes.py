"""Coverage over HTTP: shares, hours, gaps, plans, the map; and the population they rest on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.geojson import geojson_faults
from support.sites import import_sites, matter_told, new_code, site_record
from tongban.testing.fixtures import RunningService

COVERAGE = "/api/v1/coverage"
# A place of its own: no other test's site is near.
SOUTH, WEST = 33.50, 107.50
HEADING = "id,latitude,longitude,street_code,street,children,adults,elderly,provenance\n"


def cell(
    name: str, north: float, people: tuple[int, int, int] = (10, 60, 30), **more: Any
) -> dict[str, Any]:
    children, adults, elderly = people
    return {
        "id": name,
        "latitude": SOUTH + north,
        "longitude": WEST,
        "street_code": "610171001",
        "street": "东街",
        "children": children,
        "adults": adults,
        "elderly": elderly,
        "provenance": "illustrative",
        **more,
    }


# At the site; 500 m off, where the old live; two kilometres off in another street; and farther.
CELLS = [
    cell("home", 0.0),
    cell("off", 0.0063, (0, 0, 100)),
    cell("west", 0.02, (20, 200, 80), street_code="610171002", street="西街"),
    cell("west2", 0.0205, (20, 200, 80), street_code="610171002", street="西街"),
    cell("far", 0.06, (1, 8, 1), street_code="610171002", street="西街"),
]


def as_csv(cells: list[dict[str, Any]]) -> str:
    return HEADING + "".join(",".join(map(str, one.values())) + "\n" for one in cells)


async def put(site: RunningService, content: str, media_type: str = "text/csv") -> Any:
    headers = {**site.district.headers("admin"), "Content-Type": media_type}
    return await site.client.put(
        f"{COVERAGE}/population", content=content.encode(), headers=headers
    )


@pytest_asyncio.fixture(loop_scope="session")
async def here(site: RunningService) -> AsyncIterator[dict[str, Any]]:
    kept = await put(site, as_csv(CELLS))
    assert kept.status_code == 200, kept.text
    code = new_code()
    await site.hear(matter_told(code))
    record = site_record(
        matters=[code], latitude=SOUTH, longitude=WEST, opening_hours="Mo-Fr 09:00-17:00"
    )
    await import_sites(site, record)
    yield {**record, "matter": code}
    await site.execute("DELETE FROM population_cells")
    await site.execute("DELETE FROM population_imports")


async def asked(site: RunningService, path: str = "", **query: Any) -> Any:
    answer = await site.client.get(f"{COVERAGE}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_share_within_fifteen_minutes_by_street_and_age(
    site: RunningService, here: dict[str, Any]
) -> None:
    found = await asked(site, matter_code=here["matter"])

    assert (found["residents"], found["covered"], found["sites"]) == (810, 200, 1)
    assert found["by_age"]["elderly"] == {"residents": 291, "covered": 130, "share": 0.4467}
    assert [(one["street"], one["share"]) for one in found["by_street"]] == [
        ("东街", 1.0),
        ("西街", 0.0),
    ]
    assert found["is_illustrative"]


async def test_the_elderlys_circle_is_smaller_and_the_drivers_wider(
    site: RunningService, here: dict[str, Any]
) -> None:
    slow = await asked(site, matter_code=here["matter"], pace="slow")
    drive = await asked(site, matter_code=here["matter"], mode="drive")

    assert (slow["covered"], drive["covered"]) == (100, 800)


async def test_who_is_covered_depends_on_the_hour(
    site: RunningService, here: dict[str, Any]
) -> None:
    at_night = await asked(site, matter_code=here["matter"], open_at="2026-10-09T22:00:00+08:00")
    hours = await asked(site, "/hours", matter_code=here["matter"], day="2026-10-09")

    assert (at_night["covered"], at_night["sites"]) == (0, 0)
    assert [one["hour"] for one in hours if one["covered"]] == list(range(9, 17))


async def test_matters_are_listed_by_what_is_missing(
    site: RunningService, here: dict[str, Any]
) -> None:
    listed = await asked(site, "/matters", matter_code=here["matter"])
    everything = await asked(site, "/matters")

    assert [(one["code"], one["covered"]) for one in listed] == [(here["matter"], 200)]
    assert [one["covered"] for one in everything] == sorted(one["covered"] for one in everything)


async def test_gaps_are_polygons_where_people_are_left_out(
    site: RunningService, here: dict[str, Any]
) -> None:
    gaps = await asked(site, "/gaps", matter_code=here["matter"])

    first = gaps["features"][0]
    assert geojson_faults(gaps) == []
    ring = first["geometry"]["coordinates"][0]
    assert gaps["residents"] == 610
    assert sum(one["properties"]["residents"] for one in gaps["features"]) == 610
    assert (ring[0], first["properties"]["streets"]) == (ring[-1], ["西街"])
    residents = [one["properties"]["residents"] for one in gaps["features"]]
    assert residents == sorted(residents, reverse=True)


async def plan(site: RunningService, **body: Any) -> Any:
    answer = await site.client.post(
        f"{COVERAGE}/plans", json=body, headers=site.district.headers("admin")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_next_point_stands_where_it_adds_the_most(
    site: RunningService, here: dict[str, Any]
) -> None:
    made = await plan(site, points=1, matter_code=here["matter"])

    point, need = made["points"][0], made["needs"][0]
    assert (point["street"], point["residents"], made["is_optimal"]) == ("西街", 600, True)
    assert abs(point["latitude"] - (SOUTH + 0.02)) < 0.001
    assert (need["before"]["covered"], need["after"]["covered"]) == (200, 800)


async def test_points_are_given_the_functions_that_add_the_most(
    site: RunningService, here: dict[str, Any]
) -> None:
    made = await plan(
        site, points=2, functions=["query", "print_nothing_else_has"], functions_a_point=1
    )

    needs = {one["function"]: one for one in made["needs"]}
    assert needs["query"]["before"]["covered"] == 200
    assert all(len(point["functions"]) == 1 for point in made["points"])
    assert needs["print_nothing_else_has"]["before"]["covered"] == 0
    assert sum(one["after"]["covered"] for one in needs.values()) >= 1400


async def test_closing_and_moving_are_tried_out_without_doing_them(
    site: RunningService, here: dict[str, Any]
) -> None:
    closed = await plan(site, matter_code=here["matter"], close=[here["id"]])
    moved = await plan(
        site,
        matter_code=here["matter"],
        move=[{"site_id": here["id"], "latitude": SOUTH + 0.02, "longitude": WEST}],
    )

    after = [one["needs"][0]["after_changes"]["covered"] for one in (closed, moved)]
    assert after == [0, 600]
    assert (await asked(site, matter_code=here["matter"]))["covered"] == 200


@pytest.mark.parametrize(
    "body",
    [
        {"close": ["nowhere"]},
        {"points": 51},
        {"matter_code": "1" * 31, "functions": ["query"]},
        {"minutes": 0},
    ],
)
async def test_a_plan_that_cannot_be_is_refused(
    site: RunningService, here: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = await site.client.post(
        f"{COVERAGE}/plans", json=body, headers=site.district.headers("admin")
    )

    assert answer.status_code == 422


@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
async def test_the_map_is_one_picture_and_the_same_for_the_same(
    site: RunningService, here: dict[str, Any], form: str, start: bytes
) -> None:
    query = {"matter_code": here["matter"], "form": form}

    first, second = [await site.client.get(f"{COVERAGE}/map", params=query) for _ in range(2)]

    assert first.content.startswith(start)
    assert first.content == second.content


async def test_an_answer_is_new_when_the_inputs_are(
    site: RunningService, here: dict[str, Any]
) -> None:
    before = await asked(site, matter_code=here["matter"])
    again = await asked(site, matter_code=here["matter"])
    await put(site, as_csv(CELLS[:1]))

    after = await asked(site, matter_code=here["matter"])

    assert before == again
    assert (after["residents"], after["share"]) == (100, 1.0)
    assert after["version"] != before["version"]


async def test_a_matter_that_is_handled_nowhere_is_not_found(site: RunningService) -> None:
    answer = await site.client.get(COVERAGE, params={"matter_code": "1" * 31})

    assert answer.json()["type"] == "urn:tongban:problem:matter-nowhere"


async def test_population_comes_as_geojson_too(site: RunningService, here: dict[str, Any]) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [one["longitude"], one["latitude"]]},
            "properties": one,
        }
        for one in CELLS
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features})

    answer = await put(site, content, "application/geo+json")

    assert answer.json() == {"cells": 5, "residents": 810, "is_illustrative": True}


@pytest.mark.parametrize(
    ("content", "media_type", "place"),
    [
        (HEADING, "text/csv", {"row": 1}),
        (as_csv([cell("a", 0), cell("a", 0)]), "text/csv", {"row": 3, "column": "id"}),
        (as_csv([cell("a", 0, (-1, 0, 0))]), "text/csv", {"row": 2, "column": "children"}),
        (as_csv([cell("a", 90)]), "text/csv", {"row": 2, "column": "latitude"}),
        ("[]", "application/json", {"pointer": "/features"}),
        ("{", "application/json", {"pointer": "/features"}),
    ],
)
async def test_a_faulty_cell_is_shown_by_its_place_and_nothing_is_changed(
    site: RunningService, content: str, media_type: str, place: dict[str, Any]
) -> None:
    answer = await put(site, content, media_type)

    assert answer.status_code == 422, answer.text
    assert place.items() <= answer.json()["errors"][0].items()


@pytest.mark.parametrize(("role", "status"), [("citizen", 403), ("clerk", 403), (None, 401)])
async def test_who_may_plan(site: RunningService, role: str | None, status: int) -> None:
    headers = site.district.headers(role) if role else {}

    answer = await site.client.post(f"{COVERAGE}/plans", json={}, headers=headers)

    assert answer.status_code == status
