"""Orders, counts, digests and recomputations, as supervision reads them."""

import asyncio
import itertools
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from case_service.app import SERVICE, create_app
from case_service.cases.deadlines import reckon_anew
from case_service.duty import Duty, run_due
from case_service.supervision.recomputing import (
    BEGINS_AFTER,
    RECOMPUTATION_DUTY,
    reckon_part,
)
from case_service.supervision.service import make_digest
from case_service.supervision.tables import Recomputation
from support.case_world import SITE, Counter, know_site
from support.time_passing import TimePassing, at_nine
from tongban.clock import start_of
from tongban.testing.fixtures import RunningService, envelope

_amendments = itertools.count(100)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(run_service: Any) -> RunningService:
    """A service of this module's own, whose calendar is amended."""
    started: RunningService = await run_service(SERVICE, create_app, yellow_days=1)
    await know_site(started)
    return started


@pytest.fixture
def passing(running: RunningService) -> TimePassing:
    return TimePassing(running)


async def get(passing: TimePassing, path: str, *roles: str, **claims: Any) -> httpx.Response:
    headers = passing.running.district.headers(*(roles or ("supervisor",)), **claims)
    return await passing.running.client.get(f"/api/v1/supervision/{path}", headers=headers)


async def answer(passing: TimePassing, order_id: Any, *roles: str, **claims: Any) -> httpx.Response:
    headers = passing.running.district.headers(*(roles or ("approver",)), **claims)
    return await passing.running.client.post(
        f"/api/v1/supervision/orders/{order_id}/reply",
        json={"answer": "已补正材料，当日办结"},
        headers=headers,
    )


async def a_red_case(passing: TimePassing) -> str:
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    await passing.on("2026-03-10")
    return case_id


async def tell_calendar(passing: TimePassing, *off: str, sequence: int | None = None) -> None:
    """Let the service hear of 2026 with these days off, besides none."""
    days = [{"day": day, "kind": "holiday", "name": "国庆节"} for day in off]
    number = sequence if sequence is not None else next(_amendments)
    event = {"year": 2026, "is_published": True, "days": days}
    await passing.running.hear(envelope("catalog.calendar.changed", "2026", event, sequence=number))


async def recomputed(passing: TimePassing) -> dict[str, Any]:
    """Let the newest recomputation run to its end; return it."""
    await passing.pass_to(passing.at + BEGINS_AFTER)
    found: dict[str, Any] = (await get(passing, "recomputations?year=2026")).json()["items"][0]
    return found


async def test_an_order_is_answered_once(passing: TimePassing) -> None:
    case_id = await a_red_case(passing)
    (order,) = await passing.orders(case_id)
    listed = (await get(passing, "orders?open=true&clock=promised")).json()["items"]

    answered = await answer(passing, order.id)
    again = await answer(passing, order.id)
    await passing.on("2026-03-31")

    assert str(order.answer_due_on) == "2026-03-12"
    assert case_id in [one["case_id"] for one in listed]
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    assert answered.headers["etag"] == '"2"'
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "order-answered")
    assert (await passing.orders(case_id))[0].level == 0


async def test_an_order_that_nobody_answers_is_handed_up_to_the_last(passing: TimePassing) -> None:
    case_id = await a_red_case(passing)

    await passing.on("2026-03-12")
    before = (await passing.orders(case_id))[0].post
    await passing.on("2026-03-13")
    await passing.on("2026-03-18")
    await passing.on("2026-06-01")

    (order,) = await passing.orders(case_id)
    assert before == "approver"
    assert [one["post"] for one in order.history] == ["approver", "supervisor", "head"]
    assert (order.post, order.state, order.next_due_at) == ("head", "escalated", None)
    listed = (await get(passing, "orders?open=true&post=head")).json()["items"]
    assert case_id in [one["case_id"] for one in listed]
    assert (await answer(passing, order.id, "supervisor")).status_code == 200


async def test_a_site_manager_sees_and_answers_the_orders_of_his_site(
    passing: TimePassing,
) -> None:
    case_id = await a_red_case(passing)
    (order,) = await passing.orders(case_id)

    here = (await get(passing, "orders", "site_manager", site=SITE)).json()["items"]
    there = (await get(passing, "orders", "site_manager", site="zhangba-street")).json()["items"]
    foreign = await answer(passing, order.id, "site_manager", site="zhangba-street")
    own = await answer(passing, order.id, "site_manager", site=SITE)

    assert case_id in [one["case_id"] for one in here]
    assert there == []
    assert (foreign.status_code, own.status_code) == (404, 200)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("orders", "citizen"),
        ("orders", "clerk"),
        ("lights", "helper"),
        ("digests", "site_manager"),
        ("recomputations", "clerk"),
    ],
)
async def test_supervision_is_not_for_everybody(passing: TimePassing, path: str, role: str) -> None:
    assert (await get(passing, path, role)).status_code == 403


async def test_an_unknown_order_is_not_found(passing: TimePassing) -> None:
    unknown = await answer(passing, UUID(int=1))

    assert unknown.status_code == 404


async def test_lights_are_counted_by_site_matter_and_department(passing: TimePassing) -> None:
    site = await know_site(passing.running, "caotang-street")
    counter = Counter(passing.running, site=site)
    code = await passing.matter(steps=[])
    for _ in range(2):
        await counter.accepted(code)
    await passing.on("2026-03-09")
    await counter.accepted(code)
    await passing.on("2026-03-10")
    await counter.accepted(code)

    counted = (await get(passing, f"lights?site_id={site}")).json()

    expected = {"green": 2, "yellow": 0, "red": 2}
    assert counted["total"] == {"key": None, **expected}
    assert counted["sites"] == [{"key": site, **expected}]
    assert counted["matters"] == [{"key": code, **expected}]
    assert counted["departments"] == [{"key": "高新区行政审批服务局", **expected}]
    everywhere = (await get(passing, "lights")).json()
    assert {one["key"] for one in everywhere["sites"]} >= {site}


async def test_the_digest_is_made_once_a_day_after_what_fell_due_is_done(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    number = (await passing.case(case_id)).number
    context = passing.running.context
    passing.at = at_nine("2026-03-11")

    async def make() -> None:
        async with context.sessions.begin() as session:
            await make_digest(session, context)

    await make()
    too_early = (await get(passing, "digests?day=2026-03-11")).json()["items"]
    await passing.on("2026-03-11")
    await make()
    await make()
    made = (await get(passing, "digests?day=2026-03-11")).json()["items"]

    assert too_early == []
    assert [one["department"] for one in made] == ["高新区行政审批服务局", ""]
    listed = {one["number"]: one for one in made[0]["overdue"]}
    assert listed[number]["was_due_on"] == "2026-03-09"
    assert made[1]["red"] >= made[0]["red"] > 0
    assert made[1]["open_orders"] > 0


async def test_an_amended_calendar_moves_the_open_deadlines_and_tells_which(
    passing: TimePassing,
) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    before = await passing.case(case_id)

    await tell_calendar(passing, "2026-11-05", "2026-11-06")
    told = await recomputed(passing)
    again = await passing.pass_to(passing.at + timedelta(hours=1))

    case = await passing.case(case_id)
    moved = (await get(passing, f"recomputations/{told['id']}/moved?limit=100")).json()["items"]
    mine = next(one for one in moved if one["case_id"] == case_id)
    assert (str(before.promised_due_on), str(case.promised_due_on)) == ("2026-11-09", "2026-11-11")
    assert mine["case_number"] == case.number
    assert mine["moved"]["promised_due_on"] == {"before": "2026-11-09", "after": "2026-11-11"}
    assert "notice_due_on" not in mine["moved"]  # met already
    assert told["state"] == "finished"
    assert told["moved"] == len(moved)
    assert again == 0


async def test_a_day_told_in_writing_stands_unless_it_is_a_day_off_now(
    passing: TimePassing,
) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    code = await passing.matter(
        materials=[
            {"key": "plan", "name": "平面图", "necessity": "required"},
            {"key": "report", "name": "检测报告", "necessity": "supply_later"},
            {"key": "safety", "name": "安全承诺", "necessity": "commitment"},
        ],
        supply_days=3,
        commitment_check_days=4,
        promised_days=15,
        steps=[],
    )
    given = [
        {"key": "report", "evidence": "supply_later"},
        {"key": "safety", "evidence": "commitment"},
    ]
    case_id = await passing.counter.accepted(code, materials=given)
    before = await passing.case(case_id)

    await tell_calendar(passing, "2026-11-03")  # counted anew, both would be a day later
    await recomputed(passing)
    told = await passing.case(case_id)
    await tell_calendar(passing, "2026-11-05", "2026-11-06")
    moved = await recomputed(passing)

    case = await passing.case(case_id)
    told_of = (await get(passing, f"recomputations/{moved['id']}/moved?limit=100")).json()["items"]
    mine = next(one for one in told_of if one["case_id"] == case_id)
    assert (str(before.supply_due_on), before.commitments[0]["check_due_on"]) == (
        "2026-11-05",
        "2026-11-06",
    )
    assert (told.supply_due_on, told.commitments) == (before.supply_due_on, before.commitments)
    assert mine["moved"]["supply_due_on"] == {"before": "2026-11-05", "after": "2026-11-09"}
    assert case.tolerated[0]["due_on"] == "2026-11-09"
    assert case.commitments[0]["check_due_on"] == "2026-11-09"
    assert mine["moved"]["check_due_on"] == {"before": "2026-11-06", "after": "2026-11-09"}


async def test_what_a_closed_case_promised_is_not_checked_on_a_new_day_off(
    passing: TimePassing,
) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    code = await passing.matter(
        materials=[
            {"key": "plan", "name": "平面图", "necessity": "required"},
            {"key": "safety", "name": "安全承诺", "necessity": "commitment"},
        ],
        commitment_check_days=4,
        steps=[],
    )
    case_id = await passing.counter.accepted(
        code, materials=[{"key": "safety", "evidence": "commitment"}]
    )
    await passing.counter.took(case_id, "review", "reviewer")
    await passing.counter.took(case_id, "decide", "approver", outcome="granted")
    await passing.counter.took(case_id, "issue", "seal_keeper")
    await passing.counter.took(case_id, "deliver", way="window")
    await passing.counter.took(case_id, "close")
    before = await passing.case(case_id)

    await tell_calendar(passing, "2026-11-06")
    moved = await recomputed(passing)

    case = await passing.case(case_id)
    told_of = (await get(passing, f"recomputations/{moved['id']}/moved?limit=100")).json()["items"]
    mine = next(one for one in told_of if one["case_id"] == case_id)
    assert before.closed_at is not None
    assert before.commitments[0]["check_due_on"] == "2026-11-06"
    assert mine["moved"] == {"check_due_on": {"before": "2026-11-06", "after": "2026-11-09"}}
    assert case.commitments[0]["check_due_on"] == "2026-11-09"
    assert case.next_due_at == start_of(date(2026, 11, 10))
    assert case.promised_due_on == before.promised_due_on


async def test_a_recomputation_puts_a_wrong_light_right(passing: TimePassing) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    await passing.on("2026-11-10")

    await tell_calendar(passing, "2026-11-03", "2026-11-04")
    await recomputed(passing)

    assert await passing.lights_told(case_id) == [("red", None), ("green", None)]


async def test_a_late_or_repeated_calendar_moves_nothing(passing: TimePassing) -> None:
    await passing.on("2026-11-02")
    newest = next(_amendments)
    await tell_calendar(passing, "2026-11-05", sequence=newest)
    await recomputed(passing)
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    before = (await get(passing, "recomputations?limit=100")).json()["items"]

    await tell_calendar(passing, "2026-11-06", sequence=newest - 1)
    await tell_calendar(passing, "2026-11-05", sequence=newest)
    await passing.pass_to(passing.at + BEGINS_AFTER)

    after = (await get(passing, "recomputations?limit=100")).json()["items"]
    assert len(after) == len(before)
    assert str((await passing.case(case_id)).promised_due_on) == "2026-11-10"


async def test_reckoning_goes_part_by_part_and_again_changes_nothing(
    passing: TimePassing,
) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    code = await passing.matter(steps=[])
    ids = [UUID(await passing.counter.accepted(code)) for _ in range(3)]
    await tell_calendar(passing, "2026-11-04")
    context = passing.running.context

    async def reckon() -> list[UUID]:
        moved: list[UUID] = []
        behind: UUID | None = None
        while True:
            async with context.sessions.begin() as session:
                part = await reckon_anew(
                    session, context, year=2026, behind=behind, most=2, at=passing.at
                )
            assert part.examined <= 2
            moved += [one.case_id for one in part.moved]
            behind = part.reached
            if behind is None:
                return moved

    first, second = await reckon(), await reckon()

    assert set(first) >= set(ids)
    assert len(first) == len(set(first))
    assert second == []


async def test_a_recomputation_goes_on_where_a_worker_died(passing: TimePassing) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    await passing.pass_to(passing.at + BEGINS_AFTER)  # what other tests left to do
    code = await passing.matter(steps=[])
    ids = {await passing.counter.accepted(code) for _ in range(3)}
    await tell_calendar(passing, "2026-11-04")
    passing.at += BEGINS_AFTER
    parts = 0

    async def one_by_one(session: Any, context: Any, row: Recomputation, at: Any) -> None:
        nonlocal parts
        await reckon_part(session, context, row, at, most=1)
        parts += 1
        if parts == 2:
            raise asyncio.CancelledError

    duty = Duty("recomputation", Recomputation, one_by_one)
    passing.at += timedelta(seconds=1)
    with pytest.raises(asyncio.CancelledError):
        await run_due(passing.running.context, duty)
    await run_due(passing.running.context, duty)

    told = (await get(passing, "recomputations?year=2026")).json()["items"][0]
    moved = (await get(passing, f"recomputations/{told['id']}/moved?limit=100")).json()["items"]
    assert parts > 3
    assert told["state"] == "finished"
    assert ids <= {one["case_id"] for one in moved}
    assert told["moved"] == len(moved)


async def test_workers_that_share_a_recomputation_examine_each_case_once(
    passing: TimePassing,
) -> None:
    await tell_calendar(passing)
    await passing.on("2026-11-02")
    await passing.counter.accepted(await passing.matter(steps=[]))
    await tell_calendar(passing, "2026-11-04", "2026-11-05")
    passing.at += BEGINS_AFTER

    await asyncio.gather(*(run_due(passing.running.context, RECOMPUTATION_DUTY) for _ in range(3)))

    told = (await get(passing, "recomputations?year=2026")).json()["items"][0]
    moved = (await get(passing, f"recomputations/{told['id']}/moved?limit=100")).json()["items"]
    assert told["state"] == "finished"
    assert told["moved"] == len(moved) == len({one["case_id"] for one in moved})


async def test_an_unknown_recomputation_is_not_found(passing: TimePassing) -> None:
    assert (await get(passing, f"recomputations/{UUID(int=1)}/moved")).status_code == 404
