"""Rosters over HTTP: kept, taken over by deputies, and what appointments make of them."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import Response

from support.sites import open_site, site_record, window
from tongban.testing.fixtures import RunningService

MONDAY = "2026-10-12"


@pytest.fixture(autouse=True)
def _in_october(site: RunningService) -> Iterator[None]:
    """Saturday 2026-10-10, 09:30 in Shanghai: a make-up working day."""
    usual, site.context.clock = (
        site.context.clock,
        lambda: datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
    )
    yield
    site.context.clock = usual


def shift(subject: str, at: str | None, role: str = "primary", **more: str) -> dict[str, Any]:
    hours = {"hours": "Mo-Fr 09:00-17:00", "valid_from": "2026-01-01", **more}
    return {"subject": subject, "role": role, **({"window": at} if at else {}), **hours}


def roster(*shifts: dict[str, Any]) -> dict[str, Any]:
    subjects = dict.fromkeys(one["subject"] for one in shifts)
    at_window = {one["subject"] for one in shifts if "window" in one}
    members = [
        {"subject": one, "name": f"员工{one}", "post": "window" if one in at_window else "helper"}
        for one in subjects
    ]
    return {"members": members, "shifts": list(shifts)}


async def put(site: RunningService, here: dict[str, Any], body: dict[str, Any]) -> Response:
    return await site.client.put(
        f"/api/v1/sites/{here['id']}/roster",
        json=body,
        headers=site.district.headers("site_manager", site=here["id"]),
    )


async def day(site: RunningService, here: dict[str, Any], wanted: str = MONDAY) -> dict[str, Any]:
    answer = await site.client.get(
        f"/api/v1/sites/{here['id']}/roster",
        params={"day": wanted},
        headers=site.district.headers("clerk", site=here["id"]),
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def absent(
    site: RunningService, here: dict[str, Any], subject: str, first: str, last: str, **more: Any
) -> Response:
    body = {
        "subject": subject,
        "begins_at": f"{MONDAY}T{first}:00+08:00",
        "ends_at": f"{MONDAY}T{last}:00+08:00",
        **more,
    }
    return await site.client.post(
        f"/api/v1/sites/{here['id']}/absences",
        json=body,
        headers=site.district.headers("site_manager", site=here["id"]),
    )


async def slots(site: RunningService, here: dict[str, Any], wanted: str = MONDAY) -> list[str]:
    answer = await site.client.get(
        f"/api/v1/sites/{here['id']}/slots", params={"matter_code": here["matter"], "day": wanted}
    )
    assert answer.status_code == 200, answer.text
    return [one["starts_at"][11:16] for one in answer.json()["slots"]]


async def test_the_deputy_takes_over_and_both_away_needs_a_word(site: RunningService) -> None:
    here = await open_site(site, windows=[window("A01")])
    kept = await put(site, here, roster(shift("a", "A01"), shift("b", "A01", "deputy")))

    first = await absent(site, here, "a", "10:00", "12:00")
    covered = await day(site, here)
    both = await absent(site, here, "b", "11:00", "13:00")
    despite = await absent(site, here, "b", "11:00", "13:00", despite_gaps=True)
    uncovered = await day(site, here)

    assert kept.json()["without_deputy"] == []
    assert first.status_code == 201
    assert first.json()["warnings"] == []
    assert [(one["subject"], one["begins_at"][11:16]) for one in covered["stands"]] == [
        ("a", "01:00"),
        ("b", "02:00"),
        ("a", "04:00"),
    ]
    assert both.status_code == 409
    assert both.json()["type"] == "urn:tongban:problem:nobody-left"
    assert both.json()["gaps"][0]["begins_at"] == "2026-10-12T11:00:00+08:00"
    assert despite.status_code == 201
    assert [one["ends_at"][11:16] for one in uncovered["warnings"]] == ["04:00"]
    # Nobody is there from 11 to 12, so nobody is booked there either.
    assert "03:00" not in await slots(site, here)
    assert "04:00" in await slots(site, here)


async def test_an_absence_tells_whose_appointments_it_hits(site: RunningService) -> None:
    here = await open_site(site, windows=[window("A01")])
    await put(site, here, roster(shift("a", "A01"), shift("b", "A01", "deputy")))
    citizen = site.district.headers("citizen")

    async def book(time: str) -> str:
        answer = await site.client.post(
            "/api/v1/appointments",
            json={
                "site_id": here["id"],
                "matter_codes": [here["matter"]],
                "starts_at": f"{MONDAY}T{time}:00+08:00",
            },
            headers=citizen,
        )
        assert answer.status_code == 201, answer.text
        booked: str = answer.json()["id"]
        return booked

    nine, eleven, called_off = [await book(time) for time in ("09:00", "11:00", "11:30")]
    await site.client.post(f"/api/v1/appointments/{called_off}/cancel", headers=citizen)

    covered = (await absent(site, here, "a", "09:00", "17:00")).json()
    refused = (await absent(site, here, "b", "11:05", "17:00")).json()
    noted = (await absent(site, here, "b", "11:05", "17:00", despite_gaps=True)).json()
    seen = await day(site, here)

    hit = {
        "appointment_id": eleven,
        "window_number": "A01",
        "matter_code": here["matter"],
        "starts_at": f"{MONDAY}T03:00:00Z",
    }
    assert covered["appointments"] == []
    assert [one["appointment_id"] for one in refused["appointments"]] == [eleven]
    assert [one | hit for one in noted["appointments"]] == noted["appointments"]
    assert seen["appointments"] == noted["appointments"]
    assert nine not in str(seen["appointments"])
    (told,) = await site.outbox.envelopes(noted["id"])
    assert told.data["affected_appointments"] == [eleven]


async def test_an_absence_is_struck_out_and_an_unknown_one_is_none(site: RunningService) -> None:
    here = await open_site(site)
    await put(site, here, roster(shift("a", "A01")))
    noted = (await absent(site, here, "a", "09:00", "17:00", despite_gaps=True)).json()
    manager = site.district.headers("site_manager", site=here["id"])
    path = f"/api/v1/sites/{here['id']}/absences/{noted['id']}"

    before = await slots(site, here)
    gone = await site.client.delete(path, headers=manager)
    again = await site.client.delete(path, headers=manager)
    stranger = await absent(site, here, "nobody", "09:00", "10:00")
    backwards = await absent(site, here, "a", "10:00", "09:00")

    assert before == []
    assert gone.status_code == 204
    assert len(await slots(site, here)) == 32
    assert again.status_code == 404
    assert stranger.status_code == 404
    assert backwards.status_code == 422
    assert backwards.json()["errors"][0]["pointer"] == "/ends_at"


async def test_extended_and_by_appointment_hours_are_offered_where_somebody_stands(
    site: RunningService,
) -> None:
    hours = {
        "opening_hours": "Mo-Fr 09:00-12:00",
        "extended_hours": "Mo 17:00-18:00",
        "appointment_hours": "Mo 19:00-20:00",
    }
    here = await open_site(site, windows=[window("A01")], **hours)

    without = await slots(site, here)
    await put(
        site,
        here,
        roster(
            shift("a", "A01", hours="Mo-Fr 09:00-12:00"),
            shift("a", "A01", hours="Mo 17:00-18:00"),
        ),
    )
    rostered = await slots(site, here)
    late = await site.client.get(
        "/api/v1/sites",
        params={
            "open_at": f"{MONDAY}T17:30:00+08:00",
            "matter_code": here["matter"],
        },
    )
    by_appointment = await site.client.get(
        "/api/v1/sites",
        params={"open_at": f"{MONDAY}T19:30:00+08:00", "matter_code": here["matter"]},
    )

    assert without[0] == "01:00"
    assert without[-8:] == [*rostered[-4:], "11:00", "11:15", "11:30", "11:45"]
    assert rostered[-4:] == ["09:00", "09:15", "09:30", "09:45"]
    assert [one["id"] for one in late.json()["items"]] == [here["id"]]
    assert by_appointment.json()["items"] == []


async def test_an_appointment_needs_somebody_at_the_window(site: RunningService) -> None:
    here = await open_site(site, windows=[window("A01"), window("A02")])
    await put(site, here, roster(shift("a", "A01", hours="Mo-Fr 09:00-10:00")))

    async def book(nth: int, hour: int) -> int:
        answer = await site.client.post(
            "/api/v1/appointments",
            json={
                "site_id": here["id"],
                "matter_codes": [here["matter"]],
                "starts_at": f"{MONDAY}T{hour:02d}:00:00+08:00",
            },
            headers=site.district.headers("citizen", subject=f"{here['id']}-{nth}"),
        )
        return answer.status_code

    # One of two windows may be booked, the first, whose person is there for an hour alone.
    early = await asyncio.gather(*(book(nth, 9) for nth in range(10)))
    late = await book(11, 11)

    assert sorted(early) == [201] + [409] * 9
    assert late == 409


async def test_a_faulty_roster_is_refused_whole_with_each_place(site: RunningService) -> None:
    here = await open_site(site)
    body = roster(
        shift("a", "A01"),
        shift("a", "A01", "deputy"),
        shift("b", "Z99"),
        shift("c", "A01", valid_until="2025-01-01"),
    )
    body["shifts"].append(shift("stranger", "A01"))
    body["members"].append({"subject": "d", "name": "帮办员", "post": "helper"})
    body["shifts"].append(shift("d", "A01"))
    body["members"].append(body["members"][0])

    refused = await put(site, here, body)
    unreadable = await put(site, here, roster(shift("a", "A01", hours="Mo 17:00-09:00")))
    foreign = await site.client.put(
        f"/api/v1/sites/{here['id']}/roster",
        json=roster(),
        headers=site.district.headers("site_manager", site="another-site"),
    )

    assert refused.status_code == 422
    assert {(one["pointer"], one["code"]) for one in refused.json()["errors"]} == {
        ("/members/4/subject", "repeated"),
        ("/shifts/1/role", "own_deputy"),
        ("/shifts/2/window", "unknown"),
        ("/shifts/3/valid_until", "order"),
        ("/shifts/4/subject", "unknown"),
        ("/shifts/5/window", "post"),
    }
    assert unreadable.status_code == 422
    assert foreign.status_code == 403
    assert (await day(site, here))["stands"] == []


async def test_the_rosters_of_some_sites_are_imported_all_or_none(site: RunningService) -> None:
    here = await open_site(site)
    good = {"site_id": here["id"], **roster(shift("a", "A01"))}
    admin = site.district.headers("admin")
    path = "/api/v1/sites/rosters/import"

    faulty = {"site_id": here["id"], **roster(shift("b", "Z99"))}
    refused = await site.client.post(path, json={"rosters": [good, faulty]}, headers=admin)
    nothing = await day(site, here)
    stored = await site.client.post(path, json={"rosters": [good]}, headers=admin)
    nowhere = {"site_id": site_record()["id"], **roster(shift("a", "A01"))}
    unknown = await site.client.post(path, json={"rosters": [nowhere]}, headers=admin)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/rosters/1/shifts/0/window"
    assert nothing["stands"] == []
    assert stored.json() == {
        "members": 1,
        "shifts": 1,
        "without_deputy": [f"{here['id']}/A01"],
    }
    assert unknown.status_code == 404
