"""What becomes due by itself: which light when, and what silence brings about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases.clock import Clock, Commitment, Starts, Suspension, due_dates
from case_service.cases.moves import (
    Light,
    MoveKind,
    Shares,
    Standing,
    moves,
    next_moment,
    standing,
    when_past,
)
from tongban.workdays import Calendar, seed_years

REAL = Calendar.from_years(seed_years(2025, 2026))
SHARES = Shares()
MONDAY = date(2026, 3, 2)


def accepted(**more: Any) -> Starts:
    usual: dict[str, Any] = {
        "statutory_days": 20,
        "promised_days": 5,
        "received_on": MONDAY,
        "accepted_on": MONDAY,
    }
    return Starts(**{**usual, **more})


def stands(starts: Starts, today: date) -> Standing:
    due = due_dates(starts, REAL, today=today)
    return standing(starts, due, REAL, today=today, shares=SHARES)


def coming(starts: Starts) -> dict[MoveKind, str]:
    found = moves(starts, due_dates(starts, REAL), REAL, shares=SHARES)
    return {one.kind: one.on.isoformat() for one in found}


@pytest.mark.parametrize(
    ("promised_days", "yellow_on", "red_on"),
    [
        (0, None, "2026-03-03"),  # an immediate matter: green on the day itself
        (1, "2026-03-03", "2026-03-04"),
        (5, "2026-03-09", "2026-03-10"),  # a fifth is one day: the last
        (9, "2026-03-13", "2026-03-14"),
        (10, "2026-03-13", "2026-03-17"),  # a fifth is two days
        (20, "2026-03-25", "2026-03-31"),  # a fifth is four days
    ],
)
def test_a_light_is_yellow_for_the_last_fifth_and_red_when_past(
    promised_days: int, yellow_on: str | None, red_on: str
) -> None:
    found = coming(accepted(promised_days=promised_days))

    assert (found.get(MoveKind.TURN_YELLOW), found[MoveKind.TURN_RED]) == (yellow_on, red_on)


def test_the_shares_are_the_districts_to_set() -> None:
    early = Shares(yellow_share=0.5, yellow_days=3)

    assert [early.last_days(limit) for limit in (0, 1, 5, 10)] == [0, 1, 3, 5]
    assert Shares(yellow_share=0, yellow_days=0).last_days(20) == 0


@pytest.mark.parametrize(
    ("starts", "clock"),
    [
        (Starts(statutory_days=20, promised_days=5), None),
        (accepted(accepted_on=None), Clock.NOTICE),
        (accepted(accepted_on=None, notified_on=MONDAY), None),
        (accepted(), Clock.PROMISED),
        (accepted(statutory_days=3), Clock.STATUTORY),
        (accepted(decided_on=MONDAY), None),
        (accepted(decided_on=MONDAY, granted_on=MONDAY), Clock.ISSUE),
        (accepted(decided_on=MONDAY, granted_on=MONDAY, is_delivered=True), None),
        (accepted(is_finished=True), None),
        (accepted(accepted_on=None, forward_within_days=1), Clock.FORWARD),
    ],
)
def test_the_light_is_about_the_clock_that_runs(starts: Starts, clock: Clock | None) -> None:
    found = stands(starts, MONDAY)

    assert found.clock is clock
    assert (found.light is None) == (clock is None)


def test_the_lights_are_off_while_a_special_procedure_lasts() -> None:
    pause = Suspension(procedure="hearing", started_on=MONDAY, planned_days=2)
    starts = accepted(suspensions=(pause,), step_started_on=MONDAY, step_days=1)

    assert stands(starts, date(2026, 6, 1)) == Standing(Clock.PROMISED)
    assert MoveKind.TURN_RED not in coming(starts)
    ended = replace(starts, suspensions=(replace(pause, ended_on=date(2026, 3, 4)),))
    assert stands(ended, date(2026, 3, 5)).light is Light.GREEN


def test_a_procedure_that_outlasts_its_plan_is_looked_at_every_day() -> None:
    pause = Suspension(procedure="hearing", started_on=MONDAY, planned_days=2)
    starts = accepted(suspensions=(pause,))
    due = due_dates(starts, REAL)

    first = next_moment(starts, due, REAL, today=MONDAY, shares=SHARES)
    later = next_moment(starts, due, REAL, today=date(2026, 3, 9), shares=SHARES)

    assert first == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    assert later == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


def test_silence_ends_in_acceptance_for_licences_alone() -> None:
    waiting = accepted(accepted_on=None)

    assert coming(waiting)[MoveKind.DEEM_ACCEPTED] == "2026-03-10"
    assert MoveKind.DEEM_ACCEPTED not in coming(replace(waiting, is_licence=False))
    assert MoveKind.DEEM_ACCEPTED not in coming(replace(waiting, notified_on=MONDAY))
    corrected = replace(waiting, corrected_on=date(2026, 3, 12))
    assert coming(corrected)[MoveKind.DEEM_ACCEPTED] == "2026-03-20"


def test_what_the_applicant_owes_ends_the_case_and_checks_outlast_it() -> None:
    correcting = accepted(accepted_on=None, notified_on=MONDAY)
    owing = accepted(supply_due_on=date(2026, 3, 6))
    promised = (Commitment(key="lease", check_due_on=date(2026, 5, 8)),)
    closed = accepted(is_finished=True, commitments=promised, supply_due_on=date(2026, 3, 6))

    assert coming(correcting)[MoveKind.END_UNCORRECTED] == "2026-03-24"
    assert coming(owing)[MoveKind.END_UNSUPPLIED] == "2026-03-07"
    assert coming(closed) == {MoveKind.CHECK_COMMITMENT: "2026-05-09"}
    checked = replace(closed, commitments=(replace(promised[0], is_checked=True),))
    assert coming(checked) == {}


def test_what_is_due_on_a_day_is_past_at_the_midnight_after_it_in_shanghai() -> None:
    assert when_past(MONDAY) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 30))
def test_a_light_never_turns_back_by_itself_and_turns_when_it_was_told(
    promised_days: int, statutory_days: int, passed: int
) -> None:
    starts = accepted(promised_days=promised_days, statutory_days=statutory_days)
    today = MONDAY + timedelta(days=passed)
    due = due_dates(starts, REAL, today=today)
    order = list(Light)

    now = stands(starts, today).light
    tomorrow = stands(starts, today + timedelta(days=1)).light
    moment = next_moment(starts, due, REAL, today=today, shares=SHARES)

    assert now is not None
    assert tomorrow is not None
    assert order.index(tomorrow) >= order.index(now)
    if tomorrow is not now:
        assert moment == when_past(today)
