"""Finding where to go: within minutes, soonest done; and the index behind it."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_service.sites.places import from_wgs84, is_within, to_wgs84
from site_service.sites.rules import Point
from site_service.sites.vocabulary import Datum
from site_service.travel.servers import Osrm
from site_service.travel.service import RESOURCE, StraightLines
from support.sites import import_sites, matter_told, new_code, site_record, take_ticket
from tongban.testing.fixtures import RunningService

SITES = "/api/v1/sites"
HOME = "34.20,108.88"


async def found(site: RunningService, **query: Any) -> list[dict[str, Any]]:
    answer = await site.client.get(SITES, params={"near": HOME, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def a_row_of_sites(site: RunningService, *north: float, **more: Any) -> tuple[str, list[str]]:
    code = new_code()
    await site.hear(matter_told(code))
    records = [site_record(matters=[code], latitude=34.2 + off, **more) for off in north]
    await import_sites(site, *records)
    return code, [record["id"] for record in records]


async def test_what_is_within_fifteen_minutes_depends_on_who_goes_and_how(
    site: RunningService,
) -> None:
    # 500 m, 778 m and 3,336 m to the north.
    code, (near, middle, far) = await a_row_of_sites(site, 0.0045, 0.007, 0.03)
    asked = {"matter_code": code, "within_minutes": 15, "order": "travel"}

    walking = await found(site, **asked)
    slowly = await found(site, **asked, pace="slow")
    driving = await found(site, **asked, mode="drive")

    assert [one["id"] for one in walking] == [near, middle]
    assert [one["id"] for one in slowly] == [near]
    assert [one["id"] for one in driving] == [near, middle, far]
    # 500.4 m, times 1.3, at 1.2 m/s.
    assert walking[0]["travel_minutes"] == 9.0


async def test_soonest_done_weighs_the_way_against_the_wait(site: RunningService) -> None:
    code, (near, far) = await a_row_of_sites(site, 0.001, 0.004, opening_hours="24/7")
    for _ in range(6):
        taken = await take_ticket(site, {"id": near, "matter": code})
        assert taken.status_code == 201, taken.text

    nearest_first = await found(site, matter_code=code, order="travel")
    soonest_first = await found(site, matter_code=code, order="total")

    assert [one["id"] for one in nearest_first] == [near, far]
    assert [one["id"] for one in soonest_first] == [far, near]
    assert soonest_first[0]["wait_minutes"] == 0.0
    assert soonest_first[1]["wait_minutes"] > 0


async def test_soonest_done_waits_for_the_opening(site: RunningService) -> None:
    late, early = (
        site_record(latitude=34.2 + off, opening_hours=hours)
        for off, hours in ((0.001, "Mo-Fr 10:00-17:00"), (0.004, "Mo-Fr 09:00-12:00; PH off"))
    )
    code = new_code()
    await site.hear(matter_told(code))
    await import_sites(site, *({**one, "matters": [code]} for one in (late, early)))
    usual, first = site.context.clock, {}
    try:
        for at in ("2026-10-12T08:30:00+08:00", "2026-10-12T20:00:00+08:00"):
            site.context.clock = lambda at=at: datetime.fromisoformat(at)  # type: ignore[misc]
            first[at[11:16]] = (await found(site, matter_code=code, order="total"))[0]
    finally:
        site.context.clock = usual

    assert {one["id"] for one in first.values()} == {early["id"]}
    assert first["08:30"]["wait_minutes"] == 30
    # Until nine the next morning.
    assert first["20:00"]["wait_minutes"] == 13 * 60


async def test_a_closed_site_serves_nobody_until_it_opens_again(site: RunningService) -> None:
    code, (near, far) = await a_row_of_sites(site, 0.001, 0.004)
    closed = await site.client.patch(
        f"/api/v1/sites/{near}",
        json={"state": "closed", "reason": "检修", "until": "2099-01-04T09:00:00+08:00"},
        headers={**site.district.headers("admin"), "If-Match": "*"},
    )

    listed = await found(site, matter_code=code)
    soonest = await found(site, matter_code=code, order="total")
    before = await found(site, matter_code=code, open_at="2098-12-29T10:00:00+08:00")
    after = await found(site, matter_code=code, open_at="2099-01-05T10:00:00+08:00")

    assert closed.status_code == 200, closed.text
    # Told in a list, with its reason; not as where to go.
    assert [(one["id"], one["closed_reason"]) for one in listed] == [(near, "检修"), (far, None)]
    assert [one["id"] for one in soonest] == [far]
    assert [one["id"] for one in before] == [far]
    assert [one["id"] for one in after] == [near, far]


async def test_a_routing_server_that_is_down_is_named_with_the_way_out(
    site: RunningService,
) -> None:
    code, _ = await a_row_of_sites(site, 0.001)
    query: dict[str, Any] = {"near": HOME, "matter_code": code, "within_minutes": 15}
    # Nobody listens on the port of discarded packets.
    usual = site.context.resources.get(RESOURCE)
    site.context.resources[RESOURCE] = Osrm("http://127.0.0.1:9")
    try:
        zh, en = [
            await site.client.get(SITES, params=query, headers={"Accept-Language": language})
            for language in ("zh-CN", "en")
        ]
    finally:
        site.context.resources[RESOURCE] = usual or StraightLines()

    assert (zh.status_code, en.status_code) == (503, 503)
    assert "osrm 没有正常应答" in zh.json()["detail"]
    assert "SITE_TRAVEL=straight" in en.json()["detail"]


async def test_a_parking_place_and_a_depth_can_be_asked_for(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    plain = site_record(matters=[code])
    parking = site_record(matters=[code], parking={"spaces": 3}, depths={code: ["decide"]})
    await import_sites(site, plain, parking)

    with_parking = await found(site, matter_code=code, parking=True)
    on_the_spot = await found(site, matter_code=code, depth="decide")

    assert [one["id"] for one in with_parking] == [parking["id"]]
    assert [one["id"] for one in on_the_spot] == [parking["id"]]


@pytest.mark.parametrize("query", [{"within_minutes": 15}, {"order": "total"}])
async def test_minutes_need_a_place_to_start_from(
    site: RunningService, query: dict[str, Any]
) -> None:
    answer = await site.client.get(SITES, params=query)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "near")


INLAND = st.builds(Point, st.floats(20, 45), st.floats(80, 125))


@given(INLAND, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_a_datum_there_and_back_moves_nothing(point: Point, datum: Datum) -> None:
    back = to_wgs84(from_wgs84(point, datum), datum)

    assert abs(back.latitude - point.latitude) < 2e-6
    assert abs(back.longitude - point.longitude) < 2e-6


@given(INLAND)
def test_the_datums_differ_by_some_hundred_metres(point: Point) -> None:
    shifted = from_wgs84(point, Datum.GCJ02)

    off = abs(shifted.latitude - point.latitude) + abs(shifted.longitude - point.longitude)
    assert 0.0001 < off < 0.03


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize("point", [Point(90, 180), Point(-33.9, 151.2), Point(0.83, 72.01)])
def test_abroad_every_datum_is_the_same(point: Point, datum: Datum) -> None:
    assert to_wgs84(point, datum) == from_wgs84(point, datum) == point


def test_a_hole_is_outside() -> None:
    outer = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
    hole = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]
    geometry = {"type": "Polygon", "coordinates": [outer, hole]}

    assert is_within(Point(2, 2), geometry)
    assert not is_within(Point(5, 5), geometry)
    assert not is_within(Point(11, 5), geometry)
