"""What happens to a case by itself: lights, silence, ends; on time, once, after any standstill."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from case_service.app import SERVICE, create_app
from case_service.cases.moves import Light
from case_service.cases.rules import Stage
from case_service.duty import run_due
from case_service.supervision.watch import CASE_DUTY
from support.case_world import know_site
from support.time_passing import TimePassing, at_nine
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(run_service: Any) -> RunningService:
    """A service of this module's own: what falls due here is nobody else's."""
    started: RunningService = await run_service(SERVICE, create_app, yellow_days=1)
    await know_site(started)
    return started


@pytest.fixture
def passing(running: RunningService) -> TimePassing:
    return TimePassing(running)


async def test_a_light_turns_yellow_and_red_by_itself_and_is_told_each_time(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))
    accepted = await passing.case(case_id)

    await passing.pass_to(at_nine("2026-03-08").replace(hour=23, minute=59))
    before = await passing.case(case_id)
    await passing.pass_to(at_nine("2026-03-09").replace(hour=0))
    on_the_last_day = await passing.case(case_id)
    await passing.on("2026-03-10")
    after = await passing.case(case_id)
    again = await passing.on("2026-03-10")

    assert str(accepted.promised_due_on) == "2026-03-09"
    assert (accepted.light, before.light) == (Light.GREEN, Light.GREEN)
    assert (on_the_last_day.light, after.light) == (Light.YELLOW, Light.RED)
    assert await passing.lights_told(case_id) == [("yellow", None), ("red", None)]
    assert [str(order.was_due_on) for order in await passing.orders(case_id)] == ["2026-03-09"]
    assert again == 0


async def test_the_step_has_a_light_of_its_own(passing: TimePassing) -> None:
    case_id = await passing.counter.accepted(await passing.matter())

    await passing.on("2026-03-04")
    await passing.on("2026-03-05")
    late = await passing.case(case_id)
    await passing.counter.took(case_id, "review", "reviewer")
    reviewed = await passing.case(case_id)

    assert (late.light, late.step_light) == (Light.GREEN, Light.RED)
    assert [order.clock for order in await passing.orders(case_id)] == ["step"]
    assert reviewed.step_light is None
    assert (await passing.lights_told(case_id))[:2] == [("green", "yellow"), ("green", "red")]


async def test_after_a_week_of_standstill_the_light_is_right_and_told_once(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.accepted(await passing.matter(steps=[]))

    await passing.on("2026-03-16")

    assert (await passing.case(case_id)).light is Light.RED
    assert await passing.lights_told(case_id) == [("red", None)]
    assert len(await passing.orders(case_id)) == 1


async def test_a_decision_puts_the_light_out(passing: TimePassing) -> None:
    code = await passing.matter(steps=[], results=[])
    case_id = await passing.counter.accepted(code)
    await passing.on("2026-03-09")

    await passing.counter.took(case_id, "review", "reviewer")
    await passing.counter.took(case_id, "decide", "approver", outcome="granted")
    decided = await passing.case(case_id)
    await passing.on("2026-03-20")

    assert (decided.light, decided.next_due_at) == (None, None)
    assert str(decided.promised_due_on) == "2026-03-09"
    assert await passing.lights_told(case_id) == [("yellow", None), (None, None)]
    assert await passing.orders(case_id) == []


async def test_silence_past_the_fifth_working_day_is_acceptance_from_receipt(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.received(await passing.matter(steps=[]))

    await passing.on("2026-03-09")
    waiting = await passing.case(case_id)
    await passing.on("2026-03-10")

    case = await passing.case(case_id)
    assert (waiting.stage, waiting.light) == (Stage.RECEIVED, Light.YELLOW)
    assert (case.stage, case.deemed_accepted) == (Stage.ACCEPTED, True)
    assert case.accepted_at is not None
    assert str(local_date(case.accepted_at)) == "2026-03-02"
    assert str(case.promised_due_on) == "2026-03-09"
    assert case.light is Light.RED
    assert {order.clock.value for order in await passing.orders(case_id)} == {"notice", "promised"}
    path = f"/api/v1/cases/{case_id}/timeline"
    headers = passing.counter.headers()
    timeline = (await passing.running.client.get(path, headers=headers)).json()
    assert (timeline[-1]["action"], timeline[-1]["actor"]) == ("accept", "system")
    told = await passing.running.outbox.types(case_id)
    assert told.count("case.case.accepted") == 1


async def test_silence_accepts_no_other_type_of_matter(passing: TimePassing) -> None:
    code = await passing.matter(matter_type="public_service", results=[])
    case_id = await passing.counter.received(code)

    await passing.on("2026-04-30")

    case = await passing.case(case_id)
    assert (case.stage, case.notice_due_on) == (Stage.RECEIVED, None)


async def test_what_is_told_in_time_is_not_deemed_accepted_and_ends_uncorrected(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.received(await passing.matter(steps=[]))
    await passing.counter.took(case_id, "request_correction", missing=[{"what": "租约"}])

    await passing.on("2026-03-23")
    waiting = await passing.case(case_id)
    await passing.on("2026-03-24")

    case = await passing.case(case_id)
    assert (waiting.stage, str(waiting.correction_due_on)) == (Stage.CORRECTING, "2026-03-23")
    assert case.stage is Stage.TERMINATED
    assert case.next_due_at is None
    assert "case.case.terminated" in await passing.running.outbox.types(case_id)


async def test_silence_after_a_correction_counts_from_the_correction(passing: TimePassing) -> None:
    case_id = await passing.counter.received(await passing.matter(steps=[]))
    await passing.counter.took(case_id, "request_correction", missing=[{"what": "租约"}])
    await passing.on("2026-03-12")
    await passing.counter.took(case_id, "correct")

    await passing.on("2026-03-19")
    waiting = await passing.case(case_id)
    await passing.on("2026-03-20")

    assert waiting.stage is Stage.RECEIVED
    case = await passing.case(case_id)
    assert case.stage is Stage.ACCEPTED
    assert case.accepted_at is not None
    assert str(local_date(case.accepted_at)) == "2026-03-12"


async def test_a_material_that_stays_owed_ends_the_case(passing: TimePassing) -> None:
    materials = [
        {"key": "plan", "name": "平面图", "necessity": "required"},
        {"key": "report", "name": "检测报告", "necessity": "supply_later"},
    ]
    code = await passing.matter(materials=materials, promised_days=20, steps=[])
    owed = [{"key": "report", "evidence": "supply_later"}]
    case_id = await passing.counter.accepted(code, materials=owed)
    due_on = (await passing.case(case_id)).supply_due_on
    assert due_on is not None

    await passing.on(str(due_on))
    waiting = await passing.case(case_id)
    await passing.on(str(due_on + timedelta(days=1)))

    assert waiting.stage is Stage.ACCEPTED
    assert (await passing.case(case_id)).stage is Stage.TERMINATED

    # Reopened, it has as many days again: the past date does not end it anew.
    await passing.counter.took(
        case_id, "reopen", "supervisor", reason="材料当日已寄出", order_number="高督2026-3"
    )
    again_on = (await passing.case(case_id)).supply_due_on
    assert again_on is not None
    await passing.on(str(again_on))
    reopened = await passing.case(case_id)
    await passing.on(str(again_on + timedelta(days=1)))

    assert again_on > due_on
    assert [one["due_on"] for one in reopened.tolerated] == [str(again_on)]
    assert reopened.stage is Stage.ACCEPTED
    assert (await passing.case(case_id)).stage is Stage.TERMINATED


async def test_a_commitment_that_nobody_checks_raises_an_order(passing: TimePassing) -> None:
    materials = [
        {"key": "plan", "name": "平面图", "necessity": "required"},
        {"key": "promise", "name": "承诺书", "necessity": "commitment"},
    ]
    code = await passing.matter(materials=materials, promised_days=20, steps=[])
    promised = [{"key": "promise", "evidence": "commitment"}]
    case_id = await passing.counter.accepted(code, materials=promised)
    (commitment,) = (await passing.case(case_id)).commitments
    due_on = at_nine(commitment["check_due_on"])

    await passing.pass_to(due_on + timedelta(days=1))
    await passing.pass_to(due_on + timedelta(days=2))

    clocks = [order.clock.value for order in await passing.orders(case_id)]
    assert clocks.count("commitment") == 1


async def test_a_special_procedure_stops_the_lights_and_its_days_are_added(
    passing: TimePassing,
) -> None:
    procedures = [{"kind": "inspection", "days": 3}]
    code = await passing.matter(special_procedures=procedures, steps=[])
    case_id = await passing.counter.accepted(code)
    await passing.on("2026-03-03")
    await passing.counter.took(case_id, "suspend", "approver", procedure="inspection")
    suspended = await passing.case(case_id)

    await passing.on("2026-03-12")
    lasting = await passing.case(case_id)
    await passing.counter.took(case_id, "resume", "approver")
    resumed = await passing.case(case_id)
    shown = await passing.running.client.get(
        f"/api/v1/cases/{case_id}/clock", headers=passing.counter.headers()
    )

    assert (suspended.light, str(suspended.promised_due_on)) == (None, "2026-03-12")
    # Planned until the 6th; it lasts, and every further working day moves the promise.
    assert (lasting.light, str(lasting.promised_due_on)) == (None, "2026-03-18")
    assert (resumed.light, str(resumed.promised_due_on)) == (Light.GREEN, "2026-03-18")
    promised = next(one for one in shown.json()["clocks"] if one["clock"] == "promised")
    assert promised["counted_days"] == 5
    reasons = {day["day"]: day["reason"]["zh-CN"] for day in promised["days"]}
    assert reasons["2026-03-10"] == "特别程序（检验）期间，不计入"
    assert promised["due_on"] == "2026-03-18"


async def test_two_workers_at_once_do_everything_once(passing: TimePassing) -> None:
    code = await passing.matter(steps=[])
    ids = [await passing.counter.accepted(code) for _ in range(6)]
    ids += [await passing.counter.received(code) for _ in range(6)]
    passing.at = at_nine("2026-03-10")

    await asyncio.gather(*(run_due(passing.running.context, CASE_DUTY) for _ in range(3)))

    for case_id in ids:
        types = await passing.running.outbox.types(case_id)
        assert types.count("case.case.accepted") == 1
        assert types.count("case.case.light_changed") == 1
        told = await passing.running.outbox.envelopes(case_id)
        assert [one.sequence for one in told] == list(range(1, len(told) + 1))
        orders = [order.clock.value for order in await passing.orders(case_id)]
        assert len(orders) == len(set(orders))


async def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(
    passing: TimePassing,
) -> None:
    case_id = await passing.counter.received(await passing.matter(steps=[]))
    passing.at = at_nine("2026-03-10")
    context = passing.running.context

    async def die_before_the_commit(session: Any, *more: Any) -> None:
        await CASE_DUTY.perform(session, *more)
        raise asyncio.CancelledError

    dying = type(CASE_DUTY)(CASE_DUTY.name, CASE_DUTY.table, die_before_the_commit)
    with pytest.raises(asyncio.CancelledError):
        await run_due(context, dying)
    left = await passing.case(case_id)
    told = await passing.running.outbox.types(case_id)
    await run_due(context, CASE_DUTY)

    assert (left.stage, told) == (Stage.RECEIVED, ["case.case.submitted", "case.case.received"])
    assert await passing.orders(case_id) != []
    assert (await passing.running.outbox.types(case_id)).count("case.case.accepted") == 1


async def test_a_clerk_and_the_machine_at_once_accept_it_once(passing: TimePassing) -> None:
    case_id = await passing.counter.received(await passing.matter(steps=[]))
    passing.at = at_nine("2026-03-10")

    answer, _ = await asyncio.gather(
        passing.counter.act(case_id, "accept"), run_due(passing.running.context, CASE_DUTY)
    )

    assert answer.status_code in (200, 409)
    assert (await passing.running.outbox.types(case_id)).count("case.case.accepted") == 1
