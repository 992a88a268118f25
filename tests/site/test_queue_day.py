"""A day in the hall: windows pause, visitors move, come back and give up, kiosks go off-line."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from httpx import Response

from site_service.app import create_app
from site_service.queue.days import end_of_day
from support.sites import (
    act,
    call_next,
    import_sites,
    matter_told,
    new_code,
    new_site_id,
    open_site,
    site_record,
    take_ticket,
    window,
)
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

KIOSK = {"code": "k1", "model": "TB-1800", "functions": ["query"]}


@pytest.fixture(autouse=True)
def clock(site: RunningService) -> Iterator[list[datetime]]:
    """The service's clock, to be set: 2026-10-12, 09:30 in Shanghai, at first."""
    now = [datetime(2026, 10, 12, 1, 30, tzinfo=UTC)]
    usual, site.context.clock = site.context.clock, lambda: now[0]
    yield now
    site.context.clock = usual


async def manage(
    site: RunningService, path: str, body: Any = None, *, method: str = "POST"
) -> Response:
    headers = site.district.headers("site_manager")
    return await site.client.request(method, f"/api/v1/{path}", json=body, headers=headers)


async def sync(site: RunningService, here: dict[str, Any], *tickets: dict[str, Any]) -> Response:
    return await manage(
        site,
        f"sites/{here['id']}/tickets/sync",
        {"kiosk_code": "k1", "tickets": list(tickets)},
    )


def printed(here: dict[str, Any], nth: int, minute: int = 0) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "number": f"K1-{nth:03d}",
        "matter_code": here["matter"],
        "issued_at": f"2026-10-12T09:{minute:02d}:00+08:00",
    }


async def test_a_transferred_visitor_keeps_the_place(
    site: RunningService, clock: list[datetime]
) -> None:
    codes = [new_code(), new_code()]
    await site.hear(matter_told(codes[0], area="family"), matter_told(codes[1], area="tax"))
    windows = [window("A01", "integrated", "family"), window("B01", "integrated", "tax")]
    here = await open_site(site, matters=codes, windows=windows)
    moved = (await take_ticket(site, {**here, "matter": codes[0]})).json()
    clock[0] += timedelta(minutes=1)
    await take_ticket(site, {**here, "matter": codes[1]})
    await call_next(site, here, nth=0)
    headers = site.district.headers("clerk", site=here["id"])

    answer = await site.client.post(
        f"/api/v1/tickets/{moved['id']}/transfer", json={"area": "tax"}, headers=headers
    )
    called = (await call_next(site, here, nth=1)).json()["ticket"]

    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert called["id"] == moved["id"]


async def test_a_transfer_says_where_to_and_is_told_where_else(site: RunningService) -> None:
    code = new_code()
    await site.hear(matter_told(code, area="family"))
    here = await open_site(site, matters=[code], windows=[window("A01", "integrated", "family")])
    elsewhere = site_record(matters=[code], windows=[window("T01", "integrated", "tax")])
    assert (await import_sites(site, elsewhere)).status_code == 200
    ticket = (await take_ticket(site, {**here, "matter": code})).json()
    await call_next(site, here)
    path = f"/api/v1/tickets/{ticket['id']}/transfer"
    headers = site.district.headers("clerk", site=here["id"])

    nowhere = await site.client.post(path, json={}, headers=headers)
    not_here = await site.client.post(path, json={"area": "tax"}, headers=headers)

    assert (nowhere.status_code, not_here.status_code) == (422, 409)
    assert nowhere.json()["errors"][0]["code"] == "transfer_nowhere"
    assert [one["site_id"] for one in not_here.json()["other_sites"]] == [elsewhere["id"]]
    assert (await act(site, ticket, "serve")).status_code == 200


async def test_a_transfer_to_one_window_waits_for_that_one_until_it_pauses(
    site: RunningService,
) -> None:
    here = await open_site(site, windows=[window("A01"), window("A02")])
    ticket = (await take_ticket(site, here)).json()
    await call_next(site, here, nth=0)
    second = here["windows"][1]["id"]
    headers = site.district.headers("clerk", site=here["id"])
    await site.client.post(
        f"/api/v1/tickets/{ticket['id']}/transfer", json={"window_id": second}, headers=headers
    )

    before = (await call_next(site, here, nth=0)).json()["ticket"]
    paused = await manage(site, f"windows/{second}/pause", {"reason": "午休"})
    after = (await call_next(site, here, nth=0)).json()["ticket"]
    at_paused = await call_next(site, here, nth=1)
    resumed = await manage(site, f"windows/{second}/resume")

    assert (before, after["id"]) == (None, ticket["id"])
    assert (paused.status_code, resumed.status_code) == (204, 204)
    assert at_paused.json()["type"] == "urn:tongban:problem:window-paused"
    assert (await call_next(site, here, nth=1)).status_code == 200


async def test_who_missed_the_call_comes_back_once(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    ticket = (await take_ticket(site, here, role="citizen")).json()
    headers = site.district.headers("clerk", site=here["id"])
    path = f"/api/v1/tickets/{ticket['id']}/return"

    async def call_and_miss() -> None:
        await act(site, (await call_next(site, here)).json()["ticket"], "miss")

    await call_and_miss()
    clock[0] += timedelta(minutes=20)
    back = await site.client.post(path, headers=headers)
    await call_and_miss()
    again = await site.client.post(path, headers=headers)

    assert back.json()["state"] == "waiting"
    assert back.json()["placed_at"] == "2026-10-12T01:35:00Z"
    assert again.json()["type"] == "urn:tongban:problem:ticket-return-over"


async def test_who_gives_up_is_not_called(site: RunningService) -> None:
    here = await open_site(site)
    ticket = (await take_ticket(site, here)).json()

    gone = await act(site, ticket, "withdraw")

    assert gone.json()["state"] == "withdrawn"
    assert (await call_next(site, here)).json()["ticket"] is None


async def test_who_takes_a_ticket_from_afar_is_called_when_there(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    coming = await take_ticket(
        site, here, channel="online", expected_at="2026-10-12T10:00:00+08:00"
    )
    clock[0] += timedelta(minutes=20)
    present = (await take_ticket(site, here)).json()

    first = (await call_next(site, here)).json()["ticket"]
    await act(site, first, "miss")
    too_early = (await call_next(site, here)).json()["ticket"]
    clock[0] += timedelta(minutes=10)
    then = (await call_next(site, here)).json()["ticket"]

    assert (first["id"], too_early, then["id"]) == (present["id"], None, coming.json()["id"])
    assert coming.json()["expected_wait_minutes"] is None


@pytest.mark.parametrize("expected_at", ["2026-10-12T09:00:00+08:00", "2026-10-13T10:00:00+08:00"])
async def test_an_arrival_that_cannot_be_is_refused(site: RunningService, expected_at: str) -> None:
    here = await open_site(site)

    answer = await take_ticket(site, here, channel="phone", expected_at=expected_at)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expected_at")


async def test_the_same_id_is_the_same_ticket(site: RunningService) -> None:
    here = await open_site(site)
    headers = site.district.headers("citizen", subject=uuid4().hex)
    body = {"id": str(new_id()), "matter_code": here["matter"], "channel": "online"}
    path = f"/api/v1/sites/{here['id']}/tickets"

    first, again = await asyncio.gather(
        *(site.client.post(path, json=body, headers=headers) for _ in range(2))
    )
    stranger = await site.client.post(path, json=body, headers=site.district.headers("citizen"))

    assert first.json()["number"] == again.json()["number"] == "A001"
    assert stranger.json()["type"] == "urn:tongban:problem:ticket-id-taken"
    assert await site.outbox.types(body["id"]) == ["site.ticket.issued"]


async def test_a_closed_day_gives_no_tickets_but_calls_who_waits(site: RunningService) -> None:
    here = await open_site(site)
    waiting = (await take_ticket(site, here)).json()

    closed = await manage(site, f"sites/{here['id']}/queue/close")
    refused = await take_ticket(site, here)
    called = (await call_next(site, here)).json()["ticket"]
    await manage(site, f"sites/{here['id']}/queue/reopen")

    assert closed.json()["is_day_closed"] is True
    assert refused.json()["type"] == "urn:tongban:problem:day-closed"
    assert called["id"] == waiting["id"]
    assert (await take_ticket(site, here)).status_code == 201


async def test_at_midnight_who_waits_lapses_and_who_is_served_is_served_on(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site, windows=[window("A01"), window("A02")])
    serving, called, waiting = [(await take_ticket(site, here)).json() for _ in range(3)]
    await call_next(site, here, nth=0)
    await act(site, serving, "serve")
    await call_next(site, here, nth=1)
    clock[0] += timedelta(days=3)
    headers = site.district.headers("clerk", site=here["id"])

    async with site.context.sessions.begin() as session:
        await end_of_day(session, site.context)

    states = [
        (await site.client.get(f"/api/v1/tickets/{one['id']}", headers=headers)).json()["state"]
        for one in (serving, called, waiting)
    ]
    assert states == ["serving", "lapsed", "lapsed"]
    assert (await act(site, serving, "done")).json()["state"] == "done"
    assert (await call_next(site, here, nth=1)).json()["ticket"] is None
    assert (await take_ticket(site, here)).json()["number"] == "A001"


async def test_what_a_kiosk_printed_off_line_stands_where_its_visitors_came(
    site: RunningService,
) -> None:
    here = await open_site(site, kiosks=[KIOSK])
    present = (await take_ticket(site, here)).json()
    earlier, later = printed(here, 1, minute=5), printed(here, 2, minute=10)

    first = await sync(site, here, later, earlier)
    again = await sync(site, here, later, earlier)

    order = []
    for _ in range(3):
        ticket = (await call_next(site, here)).json()["ticket"]
        order.append(ticket["number"])
        await act(site, ticket, "miss")
    assert [one["outcome"] for one in first.json()["tickets"]] == ["kept", "kept"]
    assert [one["outcome"] for one in again.json()["tickets"]] == ["known", "known"]
    assert order == ["K1-001", "K1-002", present["number"]]
    assert await site.outbox.types(earlier["id"]) == [
        "site.ticket.issued",
        "site.ticket.called",
        "site.ticket.missed",
    ]


async def test_a_number_may_leave_the_sites_part_of_the_kiosks_code_out(
    site: RunningService,
) -> None:
    site_id = new_site_id()
    here = await open_site(site, id=site_id, kiosks=[{**KIOSK, "code": f"{site_id}-k1"}])
    whole = {**printed(here, 2), "number": f"{site_id.upper()}-K1-002"}
    tickets = [printed(here, 1), whole, {**printed(here, 3), "number": "K2-003"}]

    answer = await manage(
        site,
        f"sites/{site_id}/tickets/sync",
        {"kiosk_code": f"{site_id}-k1", "tickets": tickets},
    )

    told = [(one["outcome"], one["reason"]) for one in answer.json()["tickets"]]
    assert told == [("kept", None), ("kept", None), ("refused", "number_not_the_kiosks")]


async def test_one_kiosk_telling_twice_at_once_does_nothing_twice(site: RunningService) -> None:
    here = await open_site(site, kiosks=[KIOSK])
    tickets = [printed(here, nth) for nth in range(1, 11)]

    answers = await asyncio.gather(*(sync(site, here, *tickets) for _ in range(3)))

    queue = (await site.client.get(f"/api/v1/sites/{here['id']}/queue")).json()
    assert {answer.status_code for answer in answers} == {200}
    assert queue["waiting"] == 10


async def test_each_ticket_that_a_kiosk_cannot_have_given_is_refused_by_itself(
    site: RunningService,
) -> None:
    here = await open_site(site, kiosks=[KIOSK])
    good = printed(here, 1)
    tickets = [
        good,
        {**printed(here, 2), "number": "K2-002"},
        {**printed(here, 3), "issued_at": "2026-10-12T11:00:00+08:00"},
        {**printed(here, 4), "issued_at": "2026-09-01T11:00:00+08:00"},
        {**printed(here, 5), "matter_code": new_code()},
        {**printed(here, 1), "number": "K1-001"},
        {**printed(here, 7), "issued_at": "2026-10-11T11:00:00+08:00"},
    ]

    answer = await sync(site, here, *tickets)
    unknown = await manage(
        site,
        f"sites/{here['id']}/tickets/sync",
        {"kiosk_code": "k9", "tickets": [good]},
    )

    told = [(one["outcome"], one["reason"], one["state"]) for one in answer.json()["tickets"]]
    assert told == [
        ("kept", None, "waiting"),
        ("refused", "number_not_the_kiosks", None),
        ("refused", "issued_in_the_future", None),
        ("refused", "issued_too_long_ago", None),
        ("refused", "matter_not_here", None),
        ("refused", "number_taken", None),
        ("kept", None, "lapsed"),
    ]
    assert unknown.status_code == 404


async def test_a_site_has_its_own_classes(site: RunningService) -> None:
    here = await open_site(site)
    usual = (await site.client.get(f"/api/v1/sites/{here['id']}/queue/policy")).json()
    veterans = {
        "code": "veteran",
        "prefix": "V",
        "name": "退役军人",
        "english_name": "Veterans",
        "head_start_minutes": 60,
        "when": {"fact": "veteran", "is": True},
    }
    path = f"sites/{here['id']}/queue/policy"

    kept = await manage(
        site, path, {**usual, "classes": [veterans, *usual["classes"]]}, method="PUT"
    )
    ticket = (await take_ticket(site, here, needs=["veteran"])).json()
    refused = await manage(site, path, {"classes": [veterans]}, method="PUT")
    unreadable = await manage(
        site,
        path,
        {"classes": [{**veterans, "when": {"fact": "x"}}, *usual["classes"]]},
        method="PUT",
    )

    assert (kept.status_code, ticket["number"], ticket["call_class"]) == (200, "V001", "veteran")
    assert (refused.status_code, unreadable.status_code) == (422, 422)
    assert unreadable.json()["errors"][0]["pointer"] == "/classes/0/when"


async def test_waits_are_told_by_area_and_for_a_ticket(site: RunningService) -> None:
    here = await open_site(site, windows=[window("A01", "integrated", "business_registration")])
    tickets = [(await take_ticket(site, here, role="clerk")).json() for _ in range(4)]
    headers = site.district.headers("clerk", site=here["id"])

    areas = (await site.client.get(f"/api/v1/sites/{here['id']}/queue/waits")).json()["waits"]
    own = (
        await site.client.get(f"/api/v1/tickets/{tickets[3]['id']}/wait", headers=headers)
    ).json()

    waits = {(one["area"], one["is_green"]): one["expected_wait"] for one in areas}
    ordinary = waits["business_registration", False]
    assert own["people_ahead"] == 3
    assert ordinary["low"] <= ordinary["middle"] <= ordinary["high"]
    assert waits["business_registration", True]["middle"] < ordinary["middle"]
    assert own["expected_wait"]["middle"] <= ordinary["middle"]


async def test_who_took_a_number_by_a_clock_that_is_ahead_is_waited_for(
    site: RunningService,
) -> None:
    here = await open_site(site, windows=[window("A01", "integrated", "business_registration")])
    for _ in range(4):
        await take_ticket(site, here, role="clerk")
    usual = site.context.clock
    site.context.clock = lambda: usual() - timedelta(seconds=1.5)
    try:
        told = await site.client.get(f"/api/v1/sites/{here['id']}/queue/waits")
    finally:
        site.context.clock = usual

    waits = {(one["area"], one["is_green"]): one["expected_wait"] for one in told.json()["waits"]}
    assert waits["business_registration", False]["middle"] > 0


async def test_a_restart_in_mid_queue_loses_nothing_and_keeps_the_order(
    site: RunningService, clock: list[datetime]
) -> None:
    here = await open_site(site)
    taken = []
    for needs in ([], ["elderly"], [], []):
        clock[0] += timedelta(minutes=1)
        taken.append((await take_ticket(site, here, needs=needs)).json()["number"])
    first = (await call_next(site, here)).json()["ticket"]
    again = create_app(site.settings)
    headers = site.district.headers("clerk", site=here["id"])

    async with (
        again.router.lifespan_context(again),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=again), base_url="http://test"
        ) as client,
    ):
        again.state.context.clock = lambda: clock[0]
        order = [first["number"]]
        busy = await client.get(f"/api/v1/sites/{here['id']}/queue")
        await client.post(f"/api/v1/tickets/{first['id']}/miss", headers=headers)
        for _ in range(3):
            path = f"/api/v1/windows/{here['windows'][0]['id']}/call-next"
            called = (await client.post(path, headers=headers)).json()["ticket"]
            order.append(called["number"])
            await client.post(f"/api/v1/tickets/{called['id']}/miss", headers=headers)

    assert taken == ["A001", "G001", "A002", "A003"]
    assert busy.json()["windows"][0]["ticket_number"] == "G001"
    assert order == ["G001", "A001", "A002", "A003"]
