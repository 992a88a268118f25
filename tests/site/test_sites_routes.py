"""Sites over HTTP: found, imported all or none, closed."""

from typing import Any

import pytest

from support.sites import (
    import_sites,
    matter_told,
    new_code,
    new_site_id,
    offer_told,
    open_site,
    site_record,
    window,
)
from tongban.testing.fixtures import RunningService

SITES = "/api/v1/sites"


async def listed(site: RunningService, **query: Any) -> list[dict[str, Any]]:
    answer = await site.client.get(SITES, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_imported_site_is_public_with_its_windows_and_kiosks(
    site: RunningService,
) -> None:
    code, offered = new_code(), new_code()
    await site.hear(matter_told(code), offer_told(offered))
    record = site_record(matters=[code], partner_matters=[offered])

    answer = await import_sites(site, record)
    found = (await site.client.get(f"{SITES}/{record['id']}")).json()

    assert answer.json() == {
        "dry_run": False,
        "created": [record["id"]],
        "changed": [],
        "unchanged": 0,
    }
    assert found["windows"][0]["number"] == "A01"
    unheard: dict[str, Any] = {"matters": [], "faults": [], "last_seen_at": None}
    assert found["kiosks"] == [{**kiosk, **unheard} for kiosk in record["kiosks"]]
    assert (found["matters_count"], found["partner_matters_count"]) == (1, 1)
    assert found["state"] == "open"


async def test_importing_the_same_again_changes_nothing_and_tells_nobody(
    site: RunningService,
) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    record = site_record(matters=[code])

    await import_sites(site, record)
    again = await import_sites(site, record)

    assert (again.json()["changed"], again.json()["unchanged"]) == ([], 1)
    assert await site.outbox.types(record["id"]) == ["site.site.changed"]


async def test_a_changed_site_is_told_whole_and_keeps_its_windows_ids(
    site: RunningService,
) -> None:
    first, second = new_code(), new_code()
    await site.hear(matter_told(first), matter_told(second))
    record = site_record(matters=[first], windows=[window("A01"), window("A02")])
    await import_sites(site, record)
    before = (await site.client.get(f"{SITES}/{record['id']}")).json()

    changed = {**record, "matters": [second], "windows": [window("A01", "specialist", "tax")]}
    report = await import_sites(site, changed)
    after = (await site.client.get(f"{SITES}/{record['id']}")).json()

    told = await site.outbox.envelopes(record["id"])
    assert report.json()["changed"] == [record["id"]]
    assert [one.sequence for one in told] == [1, 2]
    assert told[-1].data["matters"] == [second]
    assert after["windows"][0]["id"] == before["windows"][0]["id"]
    assert [one["state"] for one in after["windows"]] == ["open", "closed"]
    assert after["version"] == before["version"] + 1


async def test_a_dry_run_says_what_would_change_and_changes_nothing(site: RunningService) -> None:
    record = site_record()

    answer = await import_sites(site, record, dry_run=True)

    assert answer.json()["created"] == [record["id"]]
    assert (await site.client.get(f"{SITES}/{record['id']}")).status_code == 404
    assert await site.outbox.types(record["id"]) == []


async def test_matters_not_known_yet_are_listed_and_nothing_is_stored(
    site: RunningService,
) -> None:
    known, unknown, not_offered = new_code(), new_code(), new_code()
    await site.hear(matter_told(known), offer_told(not_offered, state="withdrawn"))
    good = site_record()
    bad = site_record(matters=[known, unknown], partner_matters=[not_offered])

    answer = await import_sites(site, good, bad)

    problem = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "2")
    assert problem["type"] == "urn:tongban:problem:matters-unknown"
    assert problem["codes"] == sorted([unknown, not_offered])
    assert {one["pointer"] for one in problem["errors"]} == {
        "/sites/1/matters/1",
        "/sites/1/partner_matters/0",
    }
    assert (await site.client.get(f"{SITES}/{good['id']}")).status_code == 404


async def test_at_most_twenty_unknown_matters_are_listed(site: RunningService) -> None:
    record = site_record(matters=[new_code() for _ in range(30)])

    problem = (await import_sites(site, record)).json()

    assert (problem["count"], len(problem["codes"]), len(problem["errors"])) == (30, 20, 20)


async def test_what_is_named_twice_is_refused_at_its_place(site: RunningService) -> None:
    code, twin = new_code(), new_site_id()
    await site.hear(matter_told(code))
    records = [
        site_record(id=twin, windows=[window("A01"), window("A01")]),
        site_record(id=twin, matters=[code], partner_matters=[code]),
    ]

    answer = await import_sites(site, *records)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:tongban:problem:import-refused"
    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "/sites/1/id",
        "/sites/0/windows/1/number",
        "/sites/1/partner_matters/0",
    }


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("latitude", 0, "/sites/0/latitude"),
        ("longitude", 234.2, "/sites/0/longitude"),
        ("opening_hours", "nine to five", "/sites/0/opening_hours"),
        ("id", "Hall_1", "/sites/0/id"),
        ("kind", "kiosk", "/sites/0/kind"),
        ("street_code", "61017", "/sites/0/street_code"),
        ("name", "a\u0000b", "/sites/0/name"),
        ("matters", ["123"], "/sites/0/matters/0"),
        ("windows", [window("A01", "integrated", "magic")], "/sites/0/windows/0/areas/0"),
        ("colour", "red", "/sites/0/colour"),
    ],
)
async def test_a_fault_is_shown_by_its_pointer(
    site: RunningService, field: str, value: Any, pointer: str
) -> None:
    answer = await import_sites(site, site_record(**{field: value}))

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("site_manager", 200), ("clerk", 403), ("citizen", 403), (None, 401)],
)
async def test_who_may_import(site: RunningService, role: str | None, status: int) -> None:
    headers = site.district.headers(role) if role else {}

    answer = await site.client.post(
        f"{SITES}/import", json={"sites": [site_record()]}, headers=headers
    )

    assert answer.status_code == status


async def test_a_site_manager_imports_only_the_own_site(site: RunningService) -> None:
    headers = site.district.headers("site_manager", site="somewhere-else")

    answer = await site.client.post(
        f"{SITES}/import", json={"sites": [site_record()]}, headers=headers
    )

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:tongban:problem:foreign-site")


async def test_an_import_takes_few_statements_however_many_sites(site: RunningService) -> None:
    from tongban.db import STATEMENTS

    codes = [new_code() for _ in range(50)]
    await site.hear(*(matter_told(code) for code in codes))
    records = [site_record(matters=codes) for _ in range(40)]
    before = STATEMENTS._value.get()

    answer = await import_sites(site, *records)

    assert len(answer.json()["created"]) == 40
    assert STATEMENTS._value.get() - before <= 15


async def test_sites_are_found_by_matter_nearest_first(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    far = site_record(matters=[code], latitude=34.30, longitude=108.88)
    near = site_record(matters=[code], latitude=34.21, longitude=108.88)
    await import_sites(site, far, near, site_record())

    found = await listed(site, matter_code=code, near="34.20,108.88")

    assert [one["id"] for one in found] == [near["id"], far["id"]]
    # One hundredth of a degree of latitude is 1,112 m on a sphere of 6,371 km.
    assert [one["distance_m"] for one in found] == [1112, 11119]


async def test_a_list_by_distance_goes_on_where_it_stopped(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    records = [site_record(matters=[code], latitude=34.2 + nth / 100) for nth in range(5)]
    await import_sites(site, *records)
    query: dict[str, Any] = {"matter_code": code, "near": "34.20,108.88", "limit": 2}

    seen, cursor = list[str](), None
    while True:
        page = (
            await site.client.get(SITES, params={**query, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [record["id"] for record in records]


async def test_a_make_up_saturday_is_a_working_day(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    weekdays = site_record(matters=[code], opening_hours="Mo-Fr 09:00-17:00")
    daily = site_record(matters=[code], opening_hours="Mo-Su 08:00-21:00")
    await import_sites(site, weekdays, daily)

    working = await listed(site, matter_code=code, open_at="2026-10-10T10:00:00+08:00")
    ordinary = await listed(site, matter_code=code, open_at="2026-10-17T10:00:00+08:00")

    assert {one["id"] for one in working} == {weekdays["id"], daily["id"]}
    assert [one["id"] for one in ordinary] == [daily["id"]]


async def test_sites_are_found_by_kind_and_access(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    station = site_record(matters=[code], kind="station", facilities=[])
    centre = site_record(matters=[code])
    await import_sites(site, station, centre)

    by_kind = await listed(site, matter_code=code, kind="station")
    accessible = await listed(site, matter_code=code, accessible=True)

    assert [one["id"] for one in by_kind] == [station["id"]]
    assert [one["id"] for one in accessible] == [centre["id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"near": "here"},
        {"near": "91,10"},
        {"open_at": "2026-10-10"},
        {"open_at": "9999-12-31T23:59:59Z"},
        {"kind": "shop"},
        {"matter_code": "1"},
        {"limit": "0"},
        {"cursor": "!"},
    ],
)
async def test_a_malformed_query_is_refused(site: RunningService, query: dict[str, str]) -> None:
    answer = await site.client.get(SITES, params=query)

    assert answer.status_code == 422


async def test_the_matters_of_a_site_have_names(site: RunningService) -> None:
    code, offered = sorted([new_code(), new_code()])
    await site.hear(
        matter_told(code, name="旧名"),
        matter_told(code, version=2, name="食品经营许可（新办）"),
        offer_told(offered),
    )
    record = site_record(matters=[code], partner_matters=[offered])
    await import_sites(site, record)

    answer = await site.client.get(f"{SITES}/{record['id']}/matters")

    assert answer.json()["items"] == [
        {
            "code": code,
            "name": "食品经营许可（新办）",
            "area": "business_registration",
            "handling": "promised",
            "is_partner": False,
            "owner_district": None,
            "depth": ["receive"],
            "continues_online": True,
        },
        {
            "code": offered,
            "name": "变更税务登记",
            "area": "tax",
            "handling": "immediate",
            "is_partner": True,
            "owner_district": "610172",
            "depth": ["receive"],
            "continues_online": True,
        },
    ]


@pytest.mark.parametrize("path", ["", "/matters", "/windows", "/queue"])
async def test_an_unknown_site_is_not_found(site: RunningService, path: str) -> None:
    answer = await site.client.get(f"{SITES}/nowhere{path}")

    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:tongban:problem:site-not-found",
    )


async def test_an_unchanged_site_is_not_sent_again(site: RunningService) -> None:
    here = await open_site(site)
    path = f"{SITES}/{here['id']}"
    tag = (await site.client.get(path)).headers["etag"]

    again = await site.client.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


async def test_a_site_is_closed_with_its_reason_and_says_so(site: RunningService) -> None:
    here = await open_site(site)
    path = f"{SITES}/{here['id']}"
    headers = {**site.district.headers("site_manager", site=here["id"]), "If-Match": '"1"'}

    no_reason = await site.client.patch(path, json={"state": "closed"}, headers=headers)
    closed = await site.client.patch(
        path, json={"state": "closed", "reason": "停电"}, headers=headers
    )
    stale = await site.client.patch(path, json={"state": "open"}, headers=headers)

    assert no_reason.status_code == 422
    assert (closed.json()["state"], closed.json()["closed_reason"]) == ("closed", "停电")
    assert closed.headers["etag"] == '"2"'
    assert stale.status_code == 412
    told = await site.outbox.envelopes(here["id"])
    assert [one.data["state"] for one in told] == ["open", "closed"]
    assert told[-1].data["matters"] == [here["matter"]]


async def test_an_import_leaves_a_closed_site_closed(site: RunningService) -> None:
    record = site_record()
    await import_sites(site, record)
    await site.client.patch(
        f"{SITES}/{record['id']}",
        json={"state": "closed", "reason": "装修"},
        headers=site.district.headers("admin"),
    )

    await import_sites(site, {**record, "name": "丈八便民服务中心"})

    found = (await site.client.get(f"{SITES}/{record['id']}")).json()
    assert (found["state"], found["name"]) == ("closed", "丈八便民服务中心")
    assert (await site.outbox.envelopes(record["id"]))[-1].data["state"] == "closed"


async def test_everything_is_told_again_on_request(site: RunningService) -> None:
    here = await open_site(site)

    async with site.context.sessions() as session:
        assert site.service.republish is not None
        states = [pair async for pair in site.service.republish(session)]

    event, sequence = next(pair for pair in states if pair[0].key() == here["id"])
    assert sequence == 1
    assert event.model_dump()["matters"] == [here["matter"]]
