"""Numbers and the hours: none for when nobody calls, and a wait that counts until the opening."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from httpx import Response

from support.sites import act, call_next, import_sites, open_site, site_record, take_ticket, window
from tongban.testing.fixtures import RunningService

HOURS = {
    "opening_hours": "Mo-Fr 09:00-12:00,14:00-17:00; PH off",
    "extended_hours": "Tu 17:00-20:00",
    "appointment_hours": "Sa 14:00-17:00",
    "special_days": [
        {"day": "2026-10-15", "hours": "10:00-11:00"},
        {"day": "2026-10-16", "hours": "off"},
    ],
}


@pytest.fixture(autouse=True)
def clock(site: RunningService) -> Iterator[list[datetime]]:
    """The service's clock, to be set; Monday, 2026-10-12, 08:00 in Shanghai, at first."""
    now = [moment("12", "08:00")]
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


def moment(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"2026-10-{day}T{at}:00+08:00")


async def asked(
    site: RunningService, here: dict[str, Any], expected: str | None, **more: Any
) -> Response:
    arrival = {} if expected is None else {"expected_at": expected}
    return await take_ticket(site, here, role="citizen", **{"channel": "online", **arrival, **more})


@pytest.mark.parametrize(
    ("now", "expected", "opens_at"),
    [
        # Ahead of the opening, and over noon, one waits; for a time in the hours one may ask.
        (("12", "08:00"), None, True),
        (("12", "12:30"), None, True),
        (("12", "08:00"), ("12", "09:00"), True),
        (("12", "08:00"), ("12", "14:00"), True),
        (("13", "17:30"), None, True),
        (("13", "08:00"), ("13", "19:59"), True),
        (("15", "08:00"), ("15", "10:30"), True),
        # A make-up working day has a Friday's hours.
        (("10", "08:00"), ("10", "09:30"), True),
        # At a time when nobody is there.
        (("12", "08:00"), ("12", "08:59"), ("12", "09:00")),
        (("12", "08:00"), ("12", "12:00"), ("12", "14:00")),
        (("12", "08:00"), ("12", "17:00"), ("13", "09:00")),
        (("12", "17:01"), None, ("13", "09:00")),
        (("13", "20:00"), None, ("14", "09:00")),
        (("15", "08:00"), ("15", "09:30"), ("15", "10:00")),
        # A special day that is closed, then a weekend whose hours are for the booked.
        (("15", "11:30"), None, ("19", "09:00")),
        (("17", "14:30"), None, ("19", "09:00")),
    ],
)
async def test_no_number_is_given_for_when_nobody_calls(
    site: RunningService,
    clock: list[datetime],
    now: tuple[str, str],
    expected: tuple[str, str] | None,
    opens_at: tuple[str, str] | bool,
) -> None:
    here = await open_site(site, **HOURS)
    clock[0] = moment(*now)

    answer = await asked(site, here, moment(*expected).isoformat() if expected else None)

    if isinstance(opens_at, bool):
        assert answer.status_code == 201, answer.text
        return
    told = answer.json()
    assert (answer.status_code, told["type"]) == (409, "urn:tongban:problem:not-open-then")
    assert datetime.fromisoformat(told["opens_at"]) == moment(*opens_at)
    assert f"{moment(*opens_at):%Y-%m-%d %H:%M}" in told["detail"]
    pointers = [one["pointer"] for one in told.get("errors", [])]
    assert pointers == ([] if expected is None else ["/expected_at"])


async def test_who_is_sent_away_is_told_where_it_is_open_then(site: RunningService) -> None:
    here = await open_site(site, **HOURS)
    code = here["matter"]
    late = site_record(matters=[code], opening_hours="Mo-Su 08:00-21:00", name="万达广场便民服务点")
    shut = site_record(matters=[code], opening_hours="Mo-Fr 09:00-17:00", latitude=34.201)
    assert (await import_sites(site, late, shut)).status_code == 200

    answer = await asked(site, here, "2026-10-12T18:30:00+08:00")

    assert [one["site_id"] for one in answer.json()["other_sites"]] == [late["id"]]
    assert "万达广场便民服务点" in answer.json()["detail"]


async def test_a_clerk_at_a_window_gives_a_number_after_hours(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site, **HOURS)
    clock[0] = moment("12", "17:05")

    by_clerk = await take_ticket(site, here)
    by_kiosk = await take_ticket(site, here, channel="kiosk")
    by_citizen = await asked(site, here, None, channel="window")
    called = (await call_next(site, here)).json()["ticket"]

    assert by_clerk.json()["expected_wait_minutes"] == 0
    assert (by_kiosk.status_code, by_citizen.status_code) == (409, 409)
    assert called["id"] == by_clerk.json()["id"]


async def test_the_wait_of_who_comes_early_counts_until_the_opening(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site, windows=[window("A01"), window("A02")], **HOURS)

    first = (await asked(site, here, None)).json()
    waits = (await site.client.get(f"/api/v1/sites/{here['id']}/queue/waits")).json()["waits"]
    clock[0] = moment("12", "09:00")
    at_nine = await site.client.get(
        f"/api/v1/tickets/{first['id']}/wait", headers=site.district.headers("clerk")
    )

    assert first["expected_wait"] == {"low": 60, "middle": 60, "high": 60}
    assert {one["expected_wait"]["low"] for one in waits} == {60}
    assert at_nine.json()["expected_wait"]["middle"] == 0


async def test_windows_at_which_nobody_stands_call_nobody(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site, windows=[window("A01")], **HOURS)
    shift = {"subject": "li", "role": "primary", "window": "A01", "valid_from": "2026-01-01"}
    kept = await site.client.put(
        f"/api/v1/sites/{here['id']}/roster",
        json={
            "members": [{"subject": "li", "name": "李敏", "post": "window"}],
            "shifts": [{**shift, "hours": "Mo-Fr 09:30-12:00,14:00-16:00"}],
        },
        headers=site.district.headers("site_manager", site=here["id"]),
    )
    assert kept.status_code == 200, kept.text

    early = (await asked(site, here, None)).json()
    too_early = (await asked(site, here, "2026-10-12T09:15:00+08:00")).json()
    too_late = (await asked(site, here, "2026-10-12T16:15:00+08:00")).json()

    assert early["expected_wait_minutes"] == 90
    assert too_early["opens_at"].startswith("2026-10-12T01:30")
    assert too_late["type"] == "urn:tongban:problem:not-open-then"


async def test_a_closed_site_gives_numbers_for_when_it_opens_again(site: RunningService) -> None:
    here = await open_site(site, **HOURS)
    closed = await site.client.patch(
        f"/api/v1/sites/{here['id']}",
        json={"state": "closed", "reason": "停电检修", "until": "2026-10-12T15:00:00+08:00"},
        headers={**site.district.headers("admin"), "If-Match": "*"},
    )
    assert closed.status_code == 200, closed.text

    now = await asked(site, here, None)
    before = await asked(site, here, "2026-10-12T14:30:00+08:00")
    after = await asked(site, here, "2026-10-12T15:30:00+08:00")

    assert now.json()["type"] == before.json()["type"] == "urn:tongban:problem:site-closed"
    assert now.json()["reopens_at"].startswith("2026-10-12T07:00")
    assert "停电检修；恢复时间：2026-10-12 15:00" in now.json()["detail"]
    assert after.status_code == 201, after.text


async def test_who_has_an_appointment_checks_in_ahead_of_the_opening(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site, **HOURS)
    booked = await site.client.post(
        "/api/v1/appointments",
        json={
            "site_id": here["id"],
            "matter_codes": [here["matter"]],
            "starts_at": "2026-10-12T09:00:00+08:00",
            "channel": "online",
        },
        headers=site.district.headers("citizen"),
    )
    clock[0] = moment("12", "08:40")

    ticket = await site.client.post(
        f"/api/v1/appointments/{booked.json()['id']}/check-in",
        headers=site.district.headers("clerk", site=here["id"]),
    )
    clock[0] = moment("12", "09:00")
    called = (await call_next(site, here)).json()["ticket"]
    served = await act(site, called, "serve")

    assert ticket.status_code in (200, 201), ticket.text
    assert (called["call_class"], served.status_code) == ("ordinary", 200)
