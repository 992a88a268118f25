"""Appointments over HTTP: offered, booked once each, moved, given back, checked in, missed."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import icalendar
import pytest
from httpx import Response

from site_service.appointments.due import settle_appointments
from support.sites import act, call_next, matter_told, new_code, open_site, window
from tongban.testing.fixtures import RunningService

MONDAY = "2026-10-12"


@pytest.fixture
def clock(site: RunningService) -> Iterator[list[datetime]]:
    """The service's clock, to be set: Saturday 2026-10-10, 09:30 in Shanghai, at first."""
    now = [datetime(2026, 10, 10, 1, 30, tzinfo=UTC)]
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


@pytest.fixture(autouse=True)
def _in_october(clock: list[datetime]) -> None:
    """Every test here is on the same days."""


def at(hour: int, minute: int = 0, *, day: str = MONDAY) -> str:
    return f"{day}T{hour:02d}:{minute:02d}:00+08:00"


async def book(site: RunningService, here: dict[str, Any], starts_at: str, **more: Any) -> Response:
    subject = more.pop("subject", f"citizen-{uuid4().hex}")
    role = more.pop("role", "citizen")
    body = {
        "site_id": here["id"],
        "matter_codes": [here["matter"]],
        "starts_at": starts_at,
        **more,
    }
    return await site.client.post(
        "/api/v1/appointments", json=body, headers=site.district.headers(role, subject=subject)
    )


async def change(
    site: RunningService, appointment: dict[str, Any], action: str, body: Any = None
) -> Response:
    return await site.client.post(
        f"/api/v1/appointments/{appointment['id']}/{action}",
        json=body,
        headers=site.district.headers("clerk", site=appointment["site_id"]),
    )


async def read(site: RunningService, appointment: dict[str, Any]) -> dict[str, Any]:
    answer = await site.client.get(
        f"/api/v1/appointments/{appointment['id']}",
        headers=site.district.headers("clerk", site=appointment["site_id"]),
    )
    found: dict[str, Any] = answer.json()
    return found


async def slots(site: RunningService, here: dict[str, Any], day: str = MONDAY) -> list[Any]:
    answer = await site.client.get(
        f"/api/v1/sites/{here['id']}/slots", params={"matter_code": here["matter"], "day": day}
    )
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["slots"]
    return found


async def settle(site: RunningService) -> None:
    async with site.context.sessions.begin() as session:
        await settle_appointments(session, site.context)


@pytest.mark.parametrize(
    ("day", "first", "count"),
    [
        (MONDAY, "2026-10-12T01:00:00Z", 32),
        ("2026-10-11", None, 0),
        ("2026-10-10", "2026-10-10T02:00:00Z", 28),  # a Saturday, but a make-up working day
        ("2026-12-01", None, 0),
        ("2026-10-09", None, 0),
    ],
)
async def test_times_are_offered_while_the_site_is_open(
    site: RunningService, day: str, first: str | None, count: int
) -> None:
    here = await open_site(site)

    offered = await slots(site, here, day)

    assert len(offered) == count
    assert (offered[0]["starts_at"] if offered else None) == first


async def test_a_holiday_and_a_special_day_have_their_own_hours(
    site: RunningService, clock: list[datetime]
) -> None:
    clock[0] = datetime(2026, 9, 28, 1, 0, tzinfo=UTC)
    special = [{"day": "2026-09-30", "hours": "10:00-11:00"}]
    here = await open_site(site, special_days=special)

    national_day = await slots(site, here, "2026-10-01")
    short_day = await slots(site, here, "2026-09-30")

    assert national_day == []
    assert [one["starts_at"] for one in short_day] == [
        f"2026-09-30T02:{minute:02d}:00Z" for minute in (0, 15, 30, 45)
    ]


async def test_while_a_site_is_closed_for_a_time_nothing_is_booked_there(
    site: RunningService,
) -> None:
    here = await open_site(site)
    body = {"state": "closed", "reason": "培训", "until": at(14)}
    await site.client.patch(
        f"/api/v1/sites/{here['id']}", json=body, headers=site.district.headers("admin")
    )

    offered = await slots(site, here)
    early = await book(site, here, at(10))

    assert offered[0]["starts_at"] == f"{MONDAY}T06:00:00Z"
    assert early.json()["type"] == "urn:tongban:problem:slot-not-offered"


async def test_a_part_of_the_windows_is_for_those_who_just_come(site: RunningService) -> None:
    here = await open_site(site, windows=[window(f"A{nth}") for nth in range(4)])

    offered = await slots(site, here)

    assert {one["free"] for one in offered} == {2}


async def test_two_hundred_at_once_get_what_there_is_and_no_more(site: RunningService) -> None:
    here = await open_site(site, windows=[window(f"A{nth}") for nth in range(6)])

    answers = await asyncio.gather(*(book(site, here, at(10)) for _ in range(200)))

    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    booked = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(booked) == 3
    assert len({one["visits"][0]["window_id"] for one in booked}) == 3
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["type"] == "urn:tongban:problem:slot-taken"
    assert refused["free"][0] == "2026-10-12T09:45:00+08:00"
    assert "可改约：2026-10-12 09:45、" in refused["detail"]
    # That one did not come is noted by the clock, not by somebody.
    assert booked[0]["actions"] == ["reschedule", "check_in", "cancel"]


async def test_the_database_refuses_a_quarter_hour_taken_twice(site: RunningService) -> None:
    here = await open_site(site)
    booked = (await book(site, here, at(10))).json()

    with pytest.raises(Exception, match="pk_booked_quarters"):
        await site.execute(
            "INSERT INTO booked_quarters SELECT window_id, starts_at, :id FROM booked_quarters"
            " WHERE appointment_id = :id",
            id=booked["id"],
        )


async def test_who_comes_is_stored_sealed_and_not_told(site: RunningService) -> None:
    here = await open_site(site)

    holder = {"name": "黄志远", "phone": "13800001111"}
    booked = (await book(site, here, at(10), holder=holder)).json()

    row = await site.execute("SELECT a::text FROM appointments a WHERE id = :id", id=booked["id"])
    text = row.scalar_one()
    told = str([one.data for one in await site.outbox.envelopes(booked["id"])])
    assert "黄志远" not in text + told
    assert "13800001111" not in text + told
    assert "黄志远".encode().hex() not in text


async def test_an_appointment_is_moved_and_its_old_time_is_free_again(
    site: RunningService,
) -> None:
    here = await open_site(site)
    booked = (await book(site, here, at(10))).json()
    other = (await book(site, here, at(11))).json()

    to_taken = await change(site, booked, "reschedule", {"starts_at": at(11)})
    after_refusal = await read(site, booked)
    moved = await change(site, booked, "reschedule", {"starts_at": at(14)})
    again = await book(site, here, at(10))

    assert (to_taken.status_code, to_taken.json()["type"]) == (
        409,
        "urn:tongban:problem:slot-taken",
    )
    assert after_refusal["starts_at"] == "2026-10-12T02:00:00Z"
    assert moved.json()["starts_at"] == "2026-10-12T06:00:00Z"
    assert again.status_code == 201
    assert (await read(site, other))["starts_at"] == "2026-10-12T03:00:00Z"
    assert await site.outbox.types(booked["id"]) == [
        "site.appointment.booked",
        "site.appointment.rescheduled",
    ]


async def test_what_is_given_back_goes_to_the_first_who_waits_for_it(
    site: RunningService,
) -> None:
    here = await open_site(site, opening_hours="Mo-Fr 09:00-09:30")
    first = (await book(site, here, at(9))).json()
    await book(site, here, at(9, 15))

    async def wait_between(begins: str, ends: str) -> dict[str, Any]:
        body = {
            "site_id": here["id"],
            "matter_codes": [here["matter"]],
            "wanted_from": begins,
            "wanted_until": ends,
        }
        answer = await site.client.post(
            "/api/v1/appointments/waiting-list",
            json=body,
            headers=site.district.headers("citizen", subject=uuid4().hex),
        )
        assert answer.status_code == 201, answer.text
        waiting: dict[str, Any] = answer.json()
        return waiting

    too_late = await wait_between(at(9, 15), at(9, 30))
    suits = await wait_between(at(9), at(9, 30))
    behind = await wait_between(at(9), at(9, 30))
    assert behind["actions"] == ["cancel"]
    await change(site, first, "cancel")

    found = [await read(site, one) for one in (too_late, suits, behind)]
    assert [one["state"] for one in found] == ["waiting", "booked", "waiting"]
    assert found[1]["starts_at"] == "2026-10-12T01:00:00Z"
    assert await site.outbox.types(suits["id"]) == ["site.appointment.booked"]


async def test_one_checks_in_near_the_time_and_is_called_before_who_came_earlier(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    booked = (await book(site, here, at(10))).json()
    clock[0] = datetime(2026, 10, 12, 1, 20, tzinfo=UTC)
    too_early = await change(site, booked, "check-in")
    for _ in range(2):
        body = {"matter_code": here["matter"], "channel": "window"}
        await site.client.post(
            f"/api/v1/sites/{here['id']}/tickets",
            json=body,
            headers=site.district.headers("clerk"),
        )
    clock[0] = datetime(2026, 10, 12, 1, 40, tzinfo=UTC)
    checked_in = await change(site, booked, "check-in")
    not_yet = (await call_next(site, here)).json()["ticket"]
    await act(site, not_yet, "miss")
    clock[0] = datetime(2026, 10, 12, 1, 56, tzinfo=UTC)

    called = (await call_next(site, here)).json()["ticket"]

    assert too_early.json()["type"] == "urn:tongban:problem:check-in-not-now"
    assert checked_in.json()["state"] == "checked_in"
    assert not_yet["number"] == "A001"
    assert called["id"] == checked_in.json()["ticket"]["id"]
    assert called["appointment_id"] == booked["id"]


async def test_who_does_not_come_is_noted_and_booking_stops_for_a_while(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    absent = uuid4().hex
    booked = [(await book(site, here, at(hour), subject=absent)).json() for hour in (9, 10, 11)]
    clock[0] = datetime(2026, 10, 12, 3, 16, tzinfo=UTC)
    await settle(site)
    await settle(site)

    states = [(await read(site, one))["state"] for one in booked]
    refused = await book(site, here, at(15), subject=absent)
    other = await book(site, here, at(15))

    assert states == ["no_show"] * 3
    assert refused.json()["type"] == "urn:tongban:problem:booking-suspended"
    assert other.status_code == 201
    assert await site.outbox.types(booked[0]["id"]) == [
        "site.appointment.booked",
        "site.appointment.missed",
    ]


async def test_a_life_event_is_one_appointment_across_windows(
    site: RunningService, clock: list[datetime]
) -> None:
    codes = [new_code(), new_code()]
    await site.hear(
        matter_told(codes[0], area="business_registration"), matter_told(codes[1], area="tax")
    )
    windows = [
        window("A01", "integrated", "business_registration"),
        window("B01", "integrated", "tax"),
    ]
    here = await open_site(site, matters=codes, windows=windows)

    booked = (
        await book(site, here, at(10), matter_codes=codes, life_event="open-a-restaurant")
    ).json()
    clock[0] = datetime(2026, 10, 12, 1, 55, tzinfo=UTC)
    checked_in = (await change(site, booked, "check-in")).json()
    first = (await call_next(site, here, nth=0)).json()["ticket"]
    await act(site, first, "serve")
    done = (await act(site, first, "done")).json()
    clock[0] = datetime(2026, 10, 12, 2, 12, tzinfo=UTC)
    second = (await call_next(site, here, nth=1)).json()["ticket"]

    times = [(one["area"], one["starts_at"]) for one in booked["visits"]]
    assert times == [
        ("business_registration", "2026-10-12T02:00:00Z"),
        ("tax", "2026-10-12T02:15:00Z"),
    ]
    assert first["id"] == checked_in["ticket"]["id"]
    assert done["next_ticket"]["id"] == second["id"]
    assert (second["area"], second["due_at"]) == ("tax", "2026-10-12T02:15:00Z")


async def test_the_calendar_file_is_read_by_a_calendar(site: RunningService) -> None:
    here = await open_site(site)
    booked = (await book(site, here, at(10))).json()

    answer = await site.client.get(
        f"/api/v1/appointments/{booked['id']}/calendar.ics",
        headers=site.district.headers("clerk", site=here["id"]),
    )

    told = icalendar.Calendar.from_ical(answer.content)
    event = told.walk("VEVENT")[0]
    assert answer.headers["content-type"].startswith("text/calendar")
    assert event.decoded("dtstart") == datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 10, 12, 2, 15, tzinfo=UTC)
    assert str(event["summary"]).startswith("食品经营许可（新办）预约")
    assert here["name"] in str(event["summary"])
    assert "食品经营许可（新办）" in str(event["description"])
    assert len(told.walk("VALARM")) == 1


@pytest.mark.parametrize(
    ("starts_at", "kind"),
    [
        (at(3), "slot-not-offered"),
        (at(10, 7), "slot-not-offered"),
        ("2026-10-10T09:45:00+08:00", "slot-not-offered"),
        ("2027-01-04T10:00:00+08:00", "slot-not-offered"),
    ],
)
async def test_what_is_not_offered_is_refused(
    site: RunningService, starts_at: str, kind: str
) -> None:
    here = await open_site(site)

    answer = await book(site, here, starts_at)

    assert (answer.status_code, answer.json()["type"]) == (409, f"urn:tongban:problem:{kind}")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"starts_at": "2026-10-12T10:00:00"}, "/starts_at"),
        ({"matter_codes": []}, "/matter_codes"),
        ({"holder": {"phone": "call me"}}, "/holder/phone"),
        ({"needs": ["haste"]}, "/needs/0"),
    ],
)
async def test_a_malformed_appointment_is_refused(
    site: RunningService, more: dict[str, Any], pointer: str
) -> None:
    here = await open_site(site)
    body = {"starts_at": at(10), **more}

    answer = await book(site, here, **body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_one_sees_the_own_appointments_and_nobody_elses(site: RunningService) -> None:
    here = await open_site(site)
    mine = uuid4().hex
    booked = (await book(site, here, at(10), subject=mine)).json()
    await book(site, here, at(11))
    path = f"/api/v1/appointments/{booked['id']}"
    owner = site.district.headers("citizen", subject=mine)

    answers = [
        await site.client.get(path, headers=owner),
        await site.client.get(path, headers=site.district.headers("citizen")),
        await site.client.get(path, headers=site.district.headers("clerk", site="elsewhere")),
        await site.client.post(f"{path}/cancel", headers=site.district.headers("citizen")),
    ]
    listed = await site.client.get("/api/v1/appointments", headers=owner)
    at_site = await site.client.get(
        "/api/v1/appointments", headers=site.district.headers("clerk", site=here["id"])
    )

    assert [answer.status_code for answer in answers] == [200, 404, 404, 404]
    assert [one["id"] for one in listed.json()["items"]] == [booked["id"]]
    assert len(at_site.json()["items"]) == 2


async def test_one_books_so_many_ahead_and_no_more(site: RunningService) -> None:
    here = await open_site(site)
    keen = uuid4().hex

    answers = [await book(site, here, at(hour), subject=keen) for hour in range(10, 16)]

    assert [answer.status_code for answer in answers] == [201] * 5 + [409]
    assert answers[-1].json()["type"] == "urn:tongban:problem:too-many-appointments"


async def test_waiting_in_vain_lapses(site: RunningService, clock: list[datetime]) -> None:
    here = await open_site(site, windows=[window("A01")])
    body = {
        "site_id": here["id"],
        "matter_codes": [here["matter"]],
        "wanted_from": at(9),
        "wanted_until": at(10),
    }
    waiting = await site.client.post(
        "/api/v1/appointments/waiting-list", json=body, headers=site.district.headers("citizen")
    )
    clock[0] = datetime(2026, 10, 12, 2, 0, tzinfo=UTC) + timedelta(seconds=1)

    await settle(site)

    assert (await read(site, waiting.json()))["state"] == "lapsed"
