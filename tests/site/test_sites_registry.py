"""The registry: datums, boundary, drafts, closures, special days, kiosks, retired matters."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from site_service.sites.registry import reopen_sites
from support.sites import (
    import_sites,
    matter_told,
    new_code,
    offer_told,
    open_site,
    site_record,
)
from tongban.testing.fixtures import RunningService

SITES = "/api/v1/sites"
SQUARE = [[108.6, 34.0], [109.0, 34.0], [109.0, 34.4], [108.6, 34.4], [108.6, 34.0]]


@pytest_asyncio.fixture(loop_scope="session")
async def boundary(site: RunningService) -> AsyncIterator[None]:
    body = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "provenance": "illustrative"}
    kept = await site.client.put(
        "/api/v1/coverage/boundary", json=body, headers=site.district.headers("admin")
    )
    assert kept.status_code == 200, kept.text
    yield
    await site.execute("DELETE FROM boundaries")


async def read(site: RunningService, site_id: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await site.client.get(f"{SITES}/{site_id}", params=query)).json()
    return found


async def test_coordinates_come_in_and_go_out_in_any_datum(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    # 钟楼 as a map of China shows it, and where it is.
    record = site_record(matters=[code], datum="gcj02", latitude=34.261156, longitude=108.946980)

    await import_sites(site, record)
    stored = await read(site, record["id"])
    shown = await site.client.get(SITES, params={"matter_code": code, "datum": "gcj02"})

    assert (stored["datum"], round(stored["latitude"], 3), round(stored["longitude"], 3)) == (
        "wgs84",
        34.263,
        108.942,
    )
    listed = shown.json()["items"][0]
    assert abs(listed["latitude"] - 34.261156) < 1e-6
    assert abs(listed["longitude"] - 108.946980) < 1e-6


@pytest.mark.usefixtures("boundary")
async def test_a_site_outside_the_district_is_refused_with_the_remedy(
    site: RunningService,
) -> None:
    answer = await import_sites(site, site_record(latitude=35.0))

    fault = answer.json()["errors"][0]
    assert (answer.status_code, fault["code"]) == (422, "outside_district")
    assert (fault["pointer"], "请核对经纬度" in fault["detail"]) == ("/sites/0/latitude", True)


@pytest.mark.usefixtures("boundary")
async def test_a_site_in_the_wrong_datum_is_refused_and_told_which_fits(
    site: RunningService,
) -> None:
    # Inside by a Chinese map, some five hundred metres too far east as WGS-84.
    record = site_record(latitude=34.2, longitude=109.003)

    refused = await import_sites(site, record)
    mended = await import_sites(site, {**record, "datum": "gcj02"})

    assert "gcj02" in refused.json()["errors"][0]["detail"]
    assert mended.status_code == 200


async def test_a_street_of_another_district_is_refused(site: RunningService) -> None:
    refused = await import_sites(site, site_record(street_code="610172001"))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/sites/0/street_code"
    assert refused.json()["errors"][0]["code"] == "outside_district"


@pytest.mark.parametrize(
    "ring", [SQUARE[:3], SQUARE[:-1], [[1], [2], [3], [1]], [[200, 1], [1, 2], [2, 2], [200, 1]], 7]
)
async def test_a_boundary_that_is_none_is_refused(site: RunningService, ring: Any) -> None:
    body = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "provenance": "illustrative"}

    answer = await site.client.put(
        "/api/v1/coverage/boundary", json=body, headers=site.district.headers("admin")
    )

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("opening_hours", "Mo-Fr 09:00-17:00; Mo-Fr 10:00-12:00"),
        ("opening_hours", "Mo-Fr 17:00-09:00"),
        ("opening_hours", "Mo-Fr 11:00-14:00,09:00-12:00"),
        ("special_days", [{"day": "2026-10-01", "hours": "sometimes"}]),
        ("parking", {"spaces": -1}),
        ("photos", ["file:///etc/passwd"]),
        ("datum", "mars"),
    ],
)
async def test_what_contradicts_itself_is_refused(
    site: RunningService, field: str, value: Any
) -> None:
    answer = await import_sites(site, site_record(**{field: value}))

    assert answer.status_code == 422


async def test_a_depth_or_a_kiosk_for_a_matter_not_handled_is_refused(
    site: RunningService,
) -> None:
    code = new_code()
    kiosk = {"code": "k1", "model": "TB", "functions": [], "matters": [code]}
    record = site_record(depths={code: ["inform"]}, kiosks=[kiosk])

    answer = await import_sites(site, record)

    assert {one["pointer"] for one in answer.json()["errors"]} == {
        f"/sites/0/depths/{code}",
        "/sites/0/kiosks/0/matters/0",
    }


async def test_a_draft_is_seen_and_told_only_when_published(site: RunningService) -> None:
    record = site_record()
    admin = site.district.headers("admin")
    path = f"{SITES}/{record['id']}"
    await import_sites(site, record, draft=True)

    hidden = await site.client.get(path)
    prepared = await site.client.get(path, headers=admin)
    untold = await site.outbox.types(record["id"])
    published = await site.client.post(f"{path}/publish", headers=admin)
    again = await site.client.post(f"{path}/publish", headers=admin)

    assert (hidden.status_code, prepared.json()["state"], untold) == (404, "draft", [])
    assert (published.json()["state"], again.status_code) == ("open", 409)
    assert [one.sequence for one in await site.outbox.envelopes(record["id"])] == [1]


async def test_a_draft_is_not_closed(site: RunningService) -> None:
    record = site_record()
    await import_sites(site, record, draft=True)

    answer = await site.client.patch(
        f"{SITES}/{record['id']}",
        json={"state": "closed", "reason": "停电"},
        headers=site.district.headers("admin"),
    )

    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:tongban:problem:site-not-published",
    )


async def test_a_closed_site_names_the_nearest_that_does_the_same(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    here = site_record(matters=[code])
    near, far = (site_record(matters=[code], latitude=34.2 + off) for off in (0.01, 0.05))
    await import_sites(site, here, far, near, site_record())

    closed = await site.client.patch(
        f"{SITES}/{here['id']}",
        json={"state": "closed", "reason": "装修"},
        headers=site.district.headers("admin"),
    )

    told = closed.json()["alternatives"]
    assert [one["site_id"] for one in told] == [near["id"], far["id"]]
    assert (told[0]["distance_m"], told[0]["shared_matters"]) == (1112, 1)


async def test_a_temporary_closure_ends_by_itself(site: RunningService) -> None:
    here = await open_site(site)
    until = datetime.now(UTC) + timedelta(hours=1)
    body = {"state": "closed", "reason": "培训", "until": until.isoformat()}
    path, headers = f"{SITES}/{here['id']}", site.district.headers("admin")
    await site.client.patch(path, json=body, headers=headers)

    late = await site.client.patch(
        path, json={**body, "until": "2020-01-01T00:00:00Z"}, headers=headers
    )
    before, site.context.clock = site.context.clock, lambda: until + timedelta(minutes=1)
    try:
        async with site.context.sessions.begin() as session:
            await reopen_sites(session, site.context)
    finally:
        site.context.clock = before

    assert late.status_code == 422
    found = await read(site, here["id"])
    assert (found["state"], found["closed_reason"], found["alternatives"]) == ("open", None, [])
    told = [one.data["state"] for one in await site.outbox.envelopes(here["id"])]
    assert told == ["open", "closed", "open"]


async def test_a_special_day_overrides_the_week(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    days = [
        {"day": "2026-10-17", "hours": "18:00-20:00", "note": "夜间专场"},
        {"day": "2026-10-19", "hours": "off", "note": "系统升级"},
    ]
    record = site_record(matters=[code], opening_hours="Mo-Fr 09:00-17:00", special_days=days)
    await import_sites(site, record)

    async def is_open(at: str) -> bool:
        answer = await site.client.get(SITES, params={"matter_code": code, "open_at": at})
        return bool(answer.json()["items"])

    assert await is_open("2026-10-17T19:00:00+08:00")
    assert not await is_open("2026-10-17T10:00:00+08:00")
    assert not await is_open("2026-10-19T10:00:00+08:00")
    assert await is_open("2026-10-20T10:00:00+08:00")
    assert (await read(site, record["id"]))["special_days"] == days


async def test_facilities_are_sorted_by_whom_they_serve(site: RunningService) -> None:
    record = site_record(facilities=["wheelchair_ramp", "reading_glasses", "parking"])
    await import_sites(site, record)

    found = await read(site, record["id"])

    assert found["accessibility"] == ["wheelchair_ramp"]
    assert found["elderly_facilities"] == ["reading_glasses"]


async def test_a_kiosk_that_falls_silent_or_fails_is_told(site: RunningService) -> None:
    here = await open_site(site, kiosks=[kiosk_record("k1"), kiosk_record("k2")])
    staff = site.district.headers("clerk", site=here["id"])
    manager = site.district.headers("site_manager", site=here["id"])
    path = f"{SITES}/{here['id']}/kiosks"

    def later() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=11)

    async def troubled() -> list[tuple[str, bool]]:
        answer = await site.client.get(f"{SITES}/kiosks/troubled", headers=manager)
        return [(one["code"], one["is_silent"]) for one in answer.json()]

    await site.client.post(f"{path}/k1/heartbeat", json={}, headers=staff)
    await site.client.post(f"{path}/k2/heartbeat", json={"faults": ["缺纸"]}, headers=staff)
    failing = await troubled()
    before, site.context.clock = site.context.clock, later
    try:
        await site.client.post(f"{path}/k2/heartbeat", json={"faults": ["缺纸"]}, headers=staff)
        silent = await troubled()
    finally:
        site.context.clock = before
    unknown = await site.client.post(f"{path}/k9/heartbeat", json={}, headers=staff)

    assert failing == [("k2", False)]
    assert silent == [("k1", True), ("k2", False)]
    assert unknown.json()["type"] == "urn:tongban:problem:kiosk-not-found"


def kiosk_record(code: str) -> dict[str, Any]:
    return {"code": code, "model": "TB-1800", "functions": ["query"]}


async def test_an_import_keeps_what_a_kiosk_told(site: RunningService) -> None:
    record = site_record()
    await import_sites(site, record)
    await site.client.post(
        f"{SITES}/{record['id']}/kiosks/k1/heartbeat",
        json={"faults": ["缺纸"]},
        headers=site.district.headers("admin"),
    )

    await import_sites(site, {**record, "kiosks": [{**kiosk_record("k1"), "model": "TB-2100"}]})

    kiosk = (await read(site, record["id"]))["kiosks"][0]
    assert (kiosk["model"], kiosk["faults"]) == ("TB-2100", ["缺纸"])


async def test_a_retired_matter_vanishes_from_every_site(site: RunningService) -> None:
    code, other = new_code(), new_code()
    await site.hear(matter_told(code), matter_told(other))
    record = site_record(matters=[code, other])
    await import_sites(site, record)

    await site.hear(matter_told(code, sequence=2, state="retired"))

    handled = (await site.client.get(f"{SITES}/{record['id']}/matters")).json()["items"]
    assert [one["code"] for one in handled] == [other]
    assert (await site.outbox.envelopes(record["id"]))[-1].data["matters"] == [other]
    assert (await import_sites(site, record)).status_code == 409


async def test_a_matter_stays_while_another_version_is_published(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code), matter_told(code, version=2))
    record = site_record(matters=[code])
    await import_sites(site, record)

    await site.hear(matter_told(code, sequence=2, state="retired"))

    handled = (await site.client.get(f"{SITES}/{record['id']}/matters")).json()["items"]
    assert [one["code"] for one in handled] == [code]


async def test_a_withdrawn_offer_vanishes_unless_it_was_made_again(site: RunningService) -> None:
    gone, again = new_code(), new_code()
    await site.hear(offer_told(gone), offer_told(again))
    record = site_record(partner_matters=[gone, again])
    await import_sites(site, record)

    await site.hear(
        offer_told(gone, sequence=2, state="withdrawn"),
        offer_told(again, sequence=3),
        offer_told(again, sequence=2, state="withdrawn"),
    )

    handled = (await site.client.get(f"{SITES}/{record['id']}/matters")).json()["items"]
    assert [one["code"] for one in handled] == [again]


async def test_a_matter_that_no_counter_takes_in_is_told(site: RunningService) -> None:
    nowhere, informed, taken = new_code(), new_code(), new_code()
    await site.hear(*(matter_told(code) for code in (nowhere, informed, taken)))
    await import_sites(site, site_record(matters=[informed, taken], depths={informed: ["inform"]}))

    told = {one["code"] for one in (await site.client.get("/api/v1/coverage/offline")).json()}

    assert {nowhere, informed} <= told
    assert taken not in told


async def test_sites_are_open_data(site: RunningService) -> None:
    here = await open_site(site)

    features = (await site.client.get("/api/v1/coverage/sites")).json()["features"]

    mine = next(one for one in features if one["id"] == here["id"])
    assert mine["geometry"] == {"type": "Point", "coordinates": [108.88, 34.2]}
    assert mine["properties"]["name"] == here["name"]
