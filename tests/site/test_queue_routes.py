"""Tickets over HTTP: taken, called once each, served; by day, site and role."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from support.identities import identity_number
from support.sites import (
    act,
    call_next,
    import_sites,
    matter_told,
    new_code,
    offer_told,
    open_site,
    site_record,
    take_ticket,
    window,
)
from tongban.testing.fixtures import RunningService

GRANNY = identity_number(date(1952, 3, 8))


@pytest.fixture(autouse=True)
def clock(site: RunningService) -> Iterator[list[datetime]]:
    """The service's clock, to be set: 2026-10-10, 09:30 in Shanghai, at first."""
    now = [datetime(2026, 10, 10, 1, 30, tzinfo=UTC)]
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


async def test_a_ticket_is_taken_called_served_and_done(site: RunningService) -> None:
    here = await open_site(site)

    taken = await take_ticket(site, here, role="citizen", holder={"name": "黄志远"})
    called = (await call_next(site, here)).json()["ticket"]
    serving = await act(site, called, "serve")
    done = await act(site, called, "done")

    ticket = taken.json()
    assert (taken.status_code, ticket["number"], ticket["is_green"]) == (201, "A001", False)
    assert taken.headers["location"] == f"/api/v1/tickets/{ticket['id']}"
    assert (called["id"], called["state"]) == (ticket["id"], "called")
    assert called["holder"] == {"name": "黄志远", "identity_tail": None}
    assert (serving.json()["state"], done.json()["state"]) == ("serving", "done")
    told = await site.outbox.envelopes(ticket["id"])
    assert [one.event_type for one in told] == [
        "site.ticket.issued",
        "site.ticket.called",
        "site.ticket.served",
    ]
    assert [one.sequence for one in told] == [1, 2, 3]
    assert told[-1].data["window_id"] == here["windows"][0]["id"]
    assert "黄志远" not in str([one.data for one in told])


async def test_an_old_person_goes_first_and_is_offered_a_helper(site: RunningService) -> None:
    here = await open_site(site)
    ordinary = (await take_ticket(site, here)).json()

    green = (await take_ticket(site, here, holder={"identity_number": GRANNY})).json()
    called = (await call_next(site, here)).json()["ticket"]

    assert (green["number"], green["is_helper_offered"]) == ("G001", True)
    assert green["people_ahead"] == 0
    assert called["id"] == green["id"]
    assert called["holder"] == {"name": None, "identity_tail": GRANNY[-4:]}
    assert ordinary["is_helper_offered"] is False


async def test_the_number_of_a_person_is_stored_sealed(site: RunningService) -> None:
    here = await open_site(site)

    ticket = (await take_ticket(site, here, holder={"identity_number": GRANNY})).json()

    row = (
        await site.execute("SELECT t::text FROM tickets t WHERE id = :id", id=ticket["id"])
    ).scalar_one()
    assert GRANNY not in row
    assert GRANNY.encode().hex() not in row


async def test_a_wrong_check_digit_is_refused_without_repeating_the_number(
    site: RunningService,
) -> None:
    here = await open_site(site)
    wrong = GRANNY[:-1] + ("0" if GRANNY[-1] != "0" else "1")

    answer = await take_ticket(site, here, holder={"identity_number": wrong})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/holder/identity_number"
    assert wrong not in answer.text


async def test_the_queue_tells_how_many_are_ahead(site: RunningService) -> None:
    here = await open_site(site, windows=[window("A01"), window("A02")])
    for _ in range(3):
        await take_ticket(site, here)

    fourth = (await take_ticket(site, here)).json()

    assert (fourth["number"], fourth["people_ahead"]) == ("A004", 3)
    # Two windows take the first two at once; the fourth follows the third or goes beside it.
    assert fourth["expected_wait"]["low"] <= fourth["expected_wait_minutes"] <= 16
    assert fourth["expected_wait_minutes"] <= fourth["expected_wait"]["high"]


async def test_fifty_windows_at_once_never_call_one_ticket_twice(site: RunningService) -> None:
    here = await open_site(site, windows=[window(f"A{nth:02d}") for nth in range(50)])
    for nth in range(50):
        needs = ["elderly"] if nth % 2 else []
        assert (await take_ticket(site, here, needs=needs)).status_code == 201

    answers = await asyncio.gather(*(call_next(site, here, nth=nth) for nth in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    called = [answer.json()["ticket"]["id"] for answer in answers]
    assert len(set(called)) == 50


async def test_twenty_at_once_get_twenty_numbers(site: RunningService) -> None:
    here = await open_site(site)

    answers = await asyncio.gather(*(take_ticket(site, here) for _ in range(20)))

    numbers = sorted(answer.json()["number"] for answer in answers)
    assert numbers == [f"A{nth:03d}" for nth in range(1, 21)]


async def test_after_two_green_calls_an_ordinary_ticket_is_called(site: RunningService) -> None:
    here = await open_site(site)
    await take_ticket(site, here)
    for _ in range(3):
        await take_ticket(site, here, needs=["disabled"])

    numbers = []
    for _ in range(4):
        ticket = (await call_next(site, here)).json()["ticket"]
        numbers.append(ticket["number"])
        await act(site, ticket, "serve")
        await act(site, ticket, "done")

    assert numbers == ["G001", "G002", "A001", "G003"]


async def test_numbers_begin_anew_each_day(site: RunningService, clock: list[datetime]) -> None:
    here = await open_site(site)
    first = (await take_ticket(site, here)).json()
    # 2026-10-10T15:59:59Z is the last second of the day in Shanghai.
    clock[0] = datetime(2026, 10, 10, 15, 59, 59, tzinfo=UTC)
    second = (await take_ticket(site, here)).json()

    clock[0] += timedelta(seconds=1)
    tomorrow = (await take_ticket(site, here)).json()
    called = (await call_next(site, here)).json()["ticket"]
    queue = (await site.client.get(f"/api/v1/sites/{here['id']}/queue")).json()

    assert [one["number"] for one in (first, second, tomorrow)] == ["A001", "A002", "A001"]
    assert called["id"] == tomorrow["id"]
    assert queue["waiting"] == 0


async def test_who_waited_half_an_hour_is_not_overtaken(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    ordinary = (await take_ticket(site, here)).json()
    clock[0] += timedelta(minutes=31)
    await take_ticket(site, here, needs=["pregnant"])

    called = (await call_next(site, here)).json()["ticket"]

    assert called["id"] == ordinary["id"]


async def test_an_empty_queue_has_no_next(site: RunningService) -> None:
    here = await open_site(site)

    answer = await call_next(site, here)

    assert (answer.status_code, answer.json()) == (200, {"ticket": None})


async def test_a_window_finishes_one_visitor_before_the_next(site: RunningService) -> None:
    here = await open_site(site)
    await take_ticket(site, here)
    await take_ticket(site, here)
    called = (await call_next(site, here)).json()["ticket"]

    answer = await call_next(site, here)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:tongban:problem:window-busy")
    assert answer.json()["ticket_id"] == called["id"]


async def test_a_missed_ticket_frees_the_window_and_can_be_called_again(
    site: RunningService,
) -> None:
    here = await open_site(site)
    await take_ticket(site, here)
    await take_ticket(site, here)
    first = (await call_next(site, here)).json()["ticket"]

    missed = await act(site, first, "miss")
    second = (await call_next(site, here)).json()["ticket"]
    too_early = await act(site, first, "recall")
    await act(site, second, "miss")
    recalled = await act(site, first, "recall")

    assert missed.json()["state"] == "missed"
    assert too_early.json()["type"] == "urn:tongban:problem:window-busy"
    assert recalled.json()["state"] == "called"
    assert await site.outbox.types(first["id"]) == [
        "site.ticket.issued",
        "site.ticket.called",
        "site.ticket.missed",
        "site.ticket.called",
    ]


async def test_an_action_out_of_turn_is_refused_with_what_is_allowed(site: RunningService) -> None:
    here = await open_site(site)
    ticket = (await take_ticket(site, here)).json()

    answer = await act(site, ticket, "done")

    assert answer.status_code == 409
    # Nobody makes a ticket lapse: midnight does.
    assert answer.json()["allowed"] == ["call", "withdraw"]
    assert await site.outbox.types(ticket["id"]) == ["site.ticket.issued"]


async def test_a_stale_ticket_is_refused(site: RunningService) -> None:
    here = await open_site(site)
    await take_ticket(site, here)
    ticket = (await call_next(site, here)).json()["ticket"]
    stale = {"If-Match": f'"{ticket["version"] - 1}"'}

    answer = await act(site, ticket, "serve", **stale)

    assert answer.status_code == 412


async def test_the_same_key_calls_one_ticket(site: RunningService) -> None:
    here = await open_site(site)
    await take_ticket(site, here)
    headers = {
        **site.district.headers("clerk", site=here["id"], subject="clerk-1"),
        "Idempotency-Key": f"call-{here['id']}",
    }
    path = f"/api/v1/windows/{here['windows'][0]['id']}/call-next"

    first = await site.client.post(path, headers=headers)
    again = await site.client.post(path, headers=headers)

    assert first.content == again.content


async def test_a_matter_not_handled_here_names_the_nearest_sites_that_do(
    site: RunningService,
) -> None:
    code = new_code()
    await site.hear(matter_told(code))
    others = [site_record(matters=[code], latitude=34.2 + nth / 100) for nth in (4, 1, 3, 2)]
    kiosks_only = site_record(matters=[code], windows=[])
    await import_sites(site, *others, kiosks_only)
    here = await open_site(site)

    not_here = await take_ticket(site, {**here, "matter": code})
    no_window = await take_ticket(site, {**kiosks_only, "matter": code})
    unknown = await take_ticket(site, {**here, "matter": new_code()})

    nearest = [others[1]["id"], others[3]["id"], others[2]["id"]]
    assert not_here.status_code == 409
    assert not_here.json()["type"] == "urn:tongban:problem:matter-not-here"
    assert [one["site_id"] for one in not_here.json()["other_sites"]] == nearest
    assert no_window.json()["type"] == "urn:tongban:problem:no-window-for-matter"
    assert [one["site_id"] for one in no_window.json()["other_sites"]] == nearest
    assert unknown.json()["other_sites"] == []


async def test_a_retired_matter_is_handled_nowhere(site: RunningService) -> None:
    here = await open_site(site)
    await site.hear(matter_told(here["matter"], sequence=2, state="retired"))

    answer = await take_ticket(site, here)

    assert answer.json()["type"] == "urn:tongban:problem:matter-not-here"


async def test_a_closed_site_gives_no_tickets_and_its_windows_call_nobody(
    site: RunningService,
) -> None:
    here = await open_site(site)
    other = site_record(matters=[here["matter"]])
    await import_sites(site, other)
    await take_ticket(site, here)
    await site.client.patch(
        f"/api/v1/sites/{here['id']}",
        json={"state": "closed", "reason": "停电"},
        headers=site.district.headers("admin"),
    )

    answer = await take_ticket(site, here)
    called = await call_next(site, here)
    booked = await site.client.get(
        f"/api/v1/sites/{here['id']}/slots",
        params={"matter_code": here["matter"], "day": "2026-10-12"},
    )

    for refused in (answer, called, booked):
        told = refused.json()
        assert (refused.status_code, told["type"]) == (409, "urn:tongban:problem:site-closed")
        assert "停电" in told["detail"]
        assert [one["site_id"] for one in told["other_sites"]] == [other["id"]]


async def test_a_partners_matter_goes_to_the_cross_district_window(site: RunningService) -> None:
    code = new_code()
    await site.hear(offer_told(code))
    windows = [window("B01", "specialist", "tax"), window("C01", "cross_district", "tax")]
    here = await open_site(site, matters=[], partner_matters=[code], windows=windows)

    ticket = (await take_ticket(site, {**here, "matter": code})).json()
    specialist = (await call_next(site, here, nth=0)).json()["ticket"]
    cross_district = (await call_next(site, here, nth=1)).json()["ticket"]

    assert (ticket["is_partner"], ticket["area"]) == (True, "tax")
    assert specialist is None
    assert cross_district["id"] == ticket["id"]


async def test_the_screen_shows_numbers_only(site: RunningService) -> None:
    here = await open_site(site)
    await take_ticket(site, here, holder={"name": "黄志远"}, needs=["elderly"])
    await take_ticket(site, here)
    await call_next(site, here)

    answer = await site.client.get(f"/api/v1/sites/{here['id']}/queue")

    queue = answer.json()
    assert (queue["waiting"], queue["waiting_green"], queue["waiting_ordinary"]) == (1, 0, 1)
    assert (queue["windows"][0]["ticket_number"], queue["windows"][0]["ticket_state"]) == (
        "G001",
        "called",
    )
    assert "黄志远" not in answer.text


async def test_one_sees_the_own_ticket_and_nobody_elses(site: RunningService) -> None:
    here = await open_site(site)
    owner = site.district.headers("citizen", subject="huang")
    body = {"matter_code": here["matter"], "channel": "online", "holder": {"name": "黄志远"}}
    ticket = (
        await site.client.post(f"/api/v1/sites/{here['id']}/tickets", json=body, headers=owner)
    ).json()
    path = f"/api/v1/tickets/{ticket['id']}"
    callers = {
        "owner": owner,
        "stranger": site.district.headers("citizen"),
        "clerk": site.district.headers("clerk", site=here["id"]),
        "clerk elsewhere": site.district.headers("clerk", site="elsewhere"),
        "nobody": {},
    }

    answers = {
        name: await site.client.get(path, headers=headers) for name, headers in callers.items()
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "owner": 200,
        "stranger": 404,
        "clerk": 200,
        "clerk elsewhere": 404,
        "nobody": 401,
    }
    assert answers["owner"].json()["holder"] is None
    assert answers["clerk"].json()["holder"]["name"] == "黄志远"


async def test_staff_act_only_at_their_own_site(site: RunningService) -> None:
    here, elsewhere = await open_site(site), await open_site(site)
    ticket = (await take_ticket(site, here)).json()
    foreign = site.district.headers("clerk", site=elsewhere["id"])
    body = {"matter_code": here["matter"], "channel": "window"}
    window_id = here["windows"][0]["id"]

    answers = [
        await site.client.post(f"/api/v1/sites/{here['id']}/tickets", json=body, headers=foreign),
        await site.client.post(f"/api/v1/windows/{window_id}/call-next", headers=foreign),
        await site.client.post(f"/api/v1/tickets/{ticket['id']}/serve", headers=foreign),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert {answer.json()["type"] for answer in answers} == {"urn:tongban:problem:foreign-site"}


@pytest.mark.parametrize(
    ("role", "takes", "calls"),
    [
        ("citizen", 201, 403),
        ("enterprise", 201, 403),
        ("clerk", 201, 200),
        ("helper", 201, 403),
        ("site_manager", 201, 200),
        ("reviewer", 403, 403),
        ("admin", 403, 403),
    ],
)
async def test_who_may_take_and_who_may_call(
    site: RunningService, role: str, takes: int, calls: int
) -> None:
    here = await open_site(site)

    taken = await take_ticket(site, here, role=role)
    called = await call_next(site, here, role=role)

    assert (taken.status_code, called.status_code) == (takes, calls)


@pytest.mark.parametrize(
    "path", ["windows/{id}/call-next", "tickets/{id}/serve", "tickets/{id}/recall"]
)
async def test_what_is_not_there_is_not_found(site: RunningService, path: str) -> None:
    nothing = "0192f0c1-0000-7000-8000-000000000000"

    answer = await site.client.post(
        f"/api/v1/{path.format(id=nothing)}", headers=site.district.headers("clerk")
    )

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"matter_code": "x"}, "/matter_code"),
        ({"channel": "pigeon"}, "/channel"),
        ({"needs": ["haste"]}, "/needs/0"),
        ({"birth_year": 10**20}, "/birth_year"),
        ({"holder": {"name": "a\u0000b"}}, "/holder/name"),
        ({"area": "magic"}, "/area"),
    ],
)
async def test_a_malformed_ticket_is_refused(
    site: RunningService, more: dict[str, Any], pointer: str
) -> None:
    here = await open_site(site)

    answer = await take_ticket(site, here, **more)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
