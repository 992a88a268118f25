"""The Xi'an Hi-tech Zone's sites, as they are in the repository, through the import."""

import json
from pathlib import Path
from typing import Any

import pytest

from site_service.queue.rules import Duty, duty_of
from site_service.sites.rules import WindowKind
from support.sites import import_sites, matter_told, offer_told
from tongban.testing.fixtures import RunningService

XIAN = Path(__file__).parents[2] / "deploy/districts/xian-hitech"


def records(name: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((XIAN / name).read_text())[key]
    return found


SITES = records("sites.json", "sites")
ALL = {one["id"] for one in SITES}
AREAS = {one["code"]: one["area"] for one in records("matters.json", "matters")}
OFFERED = {
    one["matter"]["code"]: one["matter"]["area"]
    for one in records("partners.json", "matter_offers")
}


async def test_the_districts_sites_are_imported_and_a_second_time_unchanged(
    site: RunningService,
) -> None:
    await site.hear(*(matter_told(code, area=area) for code, area in AREAS.items()))
    await site.hear(*(offer_told(code, area=area) for code, area in OFFERED.items()))

    first = await import_sites(site, *SITES)
    again = await import_sites(site, *SITES)

    assert first.status_code == 200, first.text
    assert len(first.json()["created"]) == len(SITES)
    assert again.json()["unchanged"] == len(SITES)

    admin = site.district.headers("admin")
    for name, path in (
        ("rosters.json", "sites/rosters/import"),
        ("elderly.json", "elderly/import"),
        ("spoken_texts.json", "sites/spoken-texts/import"),
    ):
        loaded = await site.client.post(
            f"/api/v1/{path}", json=json.loads((XIAN / name).read_text()), headers=admin
        )
        assert loaded.status_code == 200, loaded.text

    told = (await site.client.get("/api/v1/elderly/report")).json()
    ours = {one["site_id"]: one for one in told["sites"] if one["site_id"] in ALL}
    assert ours.keys() == ALL
    assert len(told["measures"]) == 10
    assert told["is_illustrative"] is True
    assert all(one["score"] is not None for one in ours.values())
    # Each window has a deputy, and on a working day nobody's place is empty.
    day = (
        await site.client.get(
            "/api/v1/sites/hitech-hall/roster", params={"day": "2026-10-13"}, headers=admin
        )
    ).json()
    assert {one["window_number"] for one in day["stands"]} == {
        one["number"] for one in SITES[0]["windows"]
    }
    assert day["warnings"] == []
    assert len(day["helpers"]) == 6


@pytest.mark.parametrize(
    "record", [one for one in SITES if one["windows"]], ids=lambda one: one["id"]
)
def test_each_matter_of_a_site_has_a_window_there(record: dict[str, Any]) -> None:
    duties = [
        duty
        for window in record["windows"]
        if (duty := duty_of(WindowKind(window["kind"]), window["areas"])) is not None
        and duty.is_green is None
    ]

    unserved = {
        *(
            (AREAS[code], "own")
            for code in record["matters"]
            if not _has(duties, AREAS[code], False)
        ),
        *(
            (OFFERED[code], "partner")
            for code in record["partner_matters"]
            if not _has(duties, OFFERED[code], True)
        ),
    }

    assert unserved == set()


def _has(duties: list[Duty], area: str, is_partner: bool) -> bool:
    return any(
        (not duty.areas or area in duty.areas) and duty.is_partner in (None, is_partner)
        for duty in duties
    )
