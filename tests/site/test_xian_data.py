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
