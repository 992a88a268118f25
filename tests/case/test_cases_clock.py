"""The clocks: the real calendars by hand, and what holds for any calendar whatever."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases.clock import (
    ISSUE_DAYS,
    JOINT_DAYS,
    NOTICE_DAYS,
    Clock,
    ClockExplained,
    Extension,
    Starts,
    Suspension,
    Unit,
    due_dates,
    explain,
    longest_extension,
    running,
)
from case_service.cases.clock_words import BASES
from tongban.workdays import Calendar, CalendarDay, CalendarYear, DayKind, seed_years

REAL = Calendar.from_years(seed_years(2019, 2026))
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
DAYS = st.dates(FIRST, LAST)


def accepted(on: date, **more: Any) -> Starts:
    return Starts(**{"statutory_days": 20, "promised_days": 5, "accepted_on": on, **more})


def explained(starts: Starts, clock: Clock, calendar: Calendar = REAL) -> ClockExplained:
    return next(one for one in explain(starts, calendar) if one.clock is clock)


# Reckoned by hand from the State Council's notices: accepted on, due after five working days.
BY_HAND = [
    ("2020-01-20", "2020-02-04"),  # Spring Festival, prolonged to 2 February
    ("2020-04-24", "2020-04-30"),  # Sunday the 26th made up for Labour Day
    ("2020-06-24", "2020-07-02"),  # Dragon Boat 25–27 June, Sunday the 28th made up
    ("2020-09-25", "2020-10-09"),  # National Day with Mid-Autumn 1–8, Sunday 27 September worked
    ("2021-02-05", "2021-02-18"),  # Sunday the 7th worked, Spring Festival 11–17
    ("2021-09-17", "2021-09-26"),  # Mid-Autumn 19–21, Saturday 18 and Sunday 26 worked
    ("2022-01-28", "2022-02-09"),  # Saturday 29 and Sunday 30 worked, 31 January–6 February off
    ("2022-09-29", "2022-10-11"),  # 1–7 October off, Saturday 8 and Sunday 9 worked
    ("2023-01-19", "2023-01-31"),  # 21–27 January off, Saturday 28 and Sunday 29 worked
    ("2023-09-27", "2023-10-10"),  # 29 September–6 October off, 7 and 8 worked
    ("2024-02-07", "2024-02-20"),  # 10–17 February off, Sunday 18 worked
    ("2024-09-27", "2024-10-10"),  # Sunday 29 September worked, 1–7 October off
    ("2025-01-24", "2025-02-07"),  # Sunday 26 worked, 28 January–4 February off
    ("2025-09-26", "2025-10-10"),  # Sunday 28 September worked, 1–8 October off
    ("2026-02-12", "2026-02-26"),  # Saturday 14 worked, 15–23 February off
    ("2026-09-30", "2026-10-13"),  # 1–7 October off, Saturday 10 worked
]


@pytest.mark.parametrize(("accepted_on", "due_on"), BY_HAND)
def test_the_real_calendars_give_the_dates_reckoned_by_hand(accepted_on: str, due_on: str) -> None:
    due = due_dates(accepted(date.fromisoformat(accepted_on)), REAL)

    assert due.promised_due_on == date.fromisoformat(due_on)
    assert not due.is_provisional


def test_a_limit_that_reaches_into_an_unpublished_year_is_provisional() -> None:
    starts = accepted(date(2026, 12, 28))

    due, told = due_dates(starts, REAL), explained(starts, Clock.PROMISED)

    assert (due.promised_due_on, due.is_provisional) == (date(2027, 1, 4), True)
    assert [day.day for day in told.days if day.is_provisional][-1] == date(2027, 1, 4)
    assert "尚未公布" in told.days[-1].reason_zh


def test_each_day_says_why_it_counts_or_not() -> None:
    pause = Suspension(
        procedure="hearing",
        started_on=date(2026, 10, 9),
        planned_days=2,
        ended_on=date(2026, 10, 12),
    )
    told = explained(accepted(date(2026, 9, 29), suspensions=(pause,)), Clock.PROMISED)

    reasons = {day.day: (day.is_counted, day.reason_zh) for day in told.days}
    assert date(2026, 9, 29) not in reasons  # the first day is the one after
    assert reasons[date(2026, 9, 30)] == (True, "工作日")
    assert reasons[date(2026, 10, 1)][0] is False
    assert "国庆" in reasons[date(2026, 10, 1)][1]
    assert reasons[date(2026, 10, 9)] == (True, "工作日")  # the day the hearing began
    assert reasons[date(2026, 10, 10)] == (False, "特别程序（听证）期间，不计入")
    assert reasons[date(2026, 10, 12)] == (False, "特别程序（听证）期间，不计入")
    assert reasons[date(2026, 10, 13)] == (True, "工作日")
    assert told.due_on == date(2026, 10, 14)
    make_up = explained(accepted(date(2026, 9, 29)), Clock.STATUTORY)
    assert {day.day: day.reason_zh for day in make_up.days}[date(2026, 10, 10)].endswith("调休上班")


@pytest.mark.parametrize(
    ("start", "days", "due_on"),
    [
        ("2026-09-01", 10, "2026-09-11"),
        ("2026-09-01", 31, "2026-10-08"),  # 2 October is a day off: on to the 8th
        ("2026-09-01", 4, "2026-09-07"),  # Saturday the 5th: on to Monday
        ("2026-09-08", 2, "2026-09-10"),
        ("2026-09-08", 0, "2026-09-08"),
    ],
)
def test_a_limit_in_calendar_days_ends_on_a_working_day(start: str, days: int, due_on: str) -> None:
    starts = accepted(
        date.fromisoformat(start), statutory_days=days, statutory_unit=Unit.CALENDAR_DAYS
    )

    told = explained(starts, Clock.STATUTORY)

    assert told.due_on == date.fromisoformat(due_on)
    assert told.counted == days


def test_one_extension_lengthens_limit_and_promise_by_its_days() -> None:
    start = accepted(date(2026, 3, 2))
    longer = replace(start, extension=Extension(days=10, granted_on=date(2026, 3, 5)))

    told, before = explained(longer, Clock.STATUTORY), explained(start, Clock.STATUTORY)

    assert (before.counted, told.counted) == (20, 30)
    assert explained(longer, Clock.PROMISED).counted == 15
    assert longest_extension(is_joint=False) == 10
    assert longest_extension(is_joint=True) == 15


def test_joint_handling_of_a_licence_has_forty_five_days() -> None:
    joint = accepted(date(2026, 3, 2), is_joint=True)

    assert explained(joint, Clock.STATUTORY).counted == JOINT_DAYS
    assert explained(replace(joint, is_licence=False), Clock.STATUTORY).counted == 20


def test_the_licensing_law_binds_licences_alone() -> None:
    starts = accepted(date(2026, 3, 9), received_on=date(2026, 3, 2), granted_on=date(2026, 3, 12))

    licence, other = due_dates(starts, REAL), due_dates(replace(starts, is_licence=False), REAL)

    assert licence.notice_due_on == date(2026, 3, 9)
    assert licence.issue_due_on == date(2026, 3, 26)
    assert (NOTICE_DAYS, ISSUE_DAYS) == (5, 10)
    assert (other.notice_due_on, other.issue_due_on) == (None, None)
    assert other.statutory_due_on == licence.statutory_due_on


def test_a_near_district_owes_forwarding_and_nothing_else() -> None:
    near = Starts(
        statutory_days=20, promised_days=5, received_on=date(2026, 3, 2), forward_within_days=1
    )

    assert running(near) == {Clock.FORWARD}
    assert due_dates(near, REAL).forward_due_on == date(2026, 3, 3)
    assert running(replace(near, is_forwarded=True)) == frozenset()


def test_a_special_procedure_that_lasts_counts_as_planned_and_then_day_by_day() -> None:
    pause = Suspension(procedure="test", started_on=date(2026, 3, 3), planned_days=3)
    starts = accepted(date(2026, 3, 2), suspensions=(pause,))

    planned = due_dates(starts, REAL, today=date(2026, 3, 4)).promised_due_on
    longer = due_dates(starts, REAL, today=date(2026, 3, 10)).promised_due_on
    ended = replace(starts, suspensions=(replace(pause, ended_on=date(2026, 3, 10)),))

    assert planned == date(2026, 3, 12)
    assert longer == date(2026, 3, 16)
    assert due_dates(ended, REAL).promised_due_on == longer


def test_every_clock_names_its_law_in_both_languages() -> None:
    assert set(BASES) == set(Clock)
    assert all(basis["zh-CN"] and basis["en"] for basis in BASES.values())


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Return 2024 and 2025 with any holidays and make-up days."""
    off = draw(st.sets(st.dates(FIRST, date(2025, 12, 31)), max_size=40))
    on = draw(st.sets(st.dates(FIRST, date(2025, 12, 31)), max_size=10)) - off
    return _calendar(off, on)


def _calendar(off: set[date], on: set[date]) -> Calendar:
    days = [CalendarDay(day, DayKind.HOLIDAY) for day in sorted(off)]
    days += [CalendarDay(day, DayKind.MAKE_UP_WORKDAY) for day in sorted(on)]
    return Calendar.from_years([CalendarYear(year, True, tuple(days)) for year in (2024, 2025)])


def _more_holidays(calendar: Calendar, more: set[date]) -> Calendar:
    known = [day for year in calendar.exceptions.values() for day in year.values()]
    off = {day.day for day in known if not day.kind.is_working} | more
    return _calendar(off, {day.day for day in known if day.kind.is_working} - off)


@st.composite
def histories(draw: st.DrawFn) -> Starts:
    """Return an accepted case with any limits, special procedures and extension."""
    start = draw(DAYS)
    pauses, day = [], start
    for _ in range(draw(st.integers(0, 3))):
        began = day + timedelta(days=draw(st.integers(0, 20)))
        day = began + timedelta(days=draw(st.integers(0, 30)))
        pauses.append(
            Suspension(procedure="hearing", started_on=began, planned_days=5, ended_on=day)
        )
    extension = draw(st.none() | st.integers(1, 10))
    return Starts(
        statutory_days=draw(st.integers(0, 60)),
        promised_days=draw(st.integers(0, 30)),
        statutory_unit=draw(st.sampled_from(Unit)),
        is_joint=draw(st.booleans()),
        received_on=start,
        accepted_on=start,
        suspensions=tuple(pauses),
        extension=Extension(days=extension, granted_on=start) if extension else None,
        step_started_on=start,
        step_days=draw(st.integers(0, 10)),
    )


CLOCKS = ("notice", "statutory", "promised", "step")


@given(calendars(), histories())
def test_what_is_explained_is_what_is_reckoned(calendar: Calendar, starts: Starts) -> None:
    due = due_dates(starts, calendar)

    for one in explain(starts, calendar):
        assert one.due_on == due.of(one.clock)
        assert one.counted == one.limit.days
        days = [day.day for day in one.days]
        assert days == [one.starts_on + timedelta(days=n + 1) for n in range(len(days))]


@given(calendars(), histories(), st.sets(st.dates(FIRST, date(2025, 12, 31)), max_size=20))
def test_more_holidays_never_make_anything_due_earlier(
    calendar: Calendar, starts: Starts, more: set[date]
) -> None:
    before, after = due_dates(starts, calendar), due_dates(starts, _more_holidays(calendar, more))

    for name in CLOCKS:
        assert after.of(Clock(name)) >= before.of(Clock(name))  # type: ignore[operator]  # all have a start


@given(calendars(), histories(), st.integers(0, 20))
def test_more_days_never_make_anything_due_earlier(
    calendar: Calendar, starts: Starts, more: int
) -> None:
    longer = replace(
        starts,
        statutory_days=starts.statutory_days + more,
        promised_days=starts.promised_days + more,
    )

    before, after = due_dates(starts, calendar), due_dates(longer, calendar)

    assert after.statutory_due_on >= before.statutory_due_on  # type: ignore[operator]  # accepted
    assert after.promised_due_on >= before.promised_due_on  # type: ignore[operator]  # accepted


@given(calendars(), histories(), st.integers(0, 40))
def test_a_later_start_never_makes_anything_due_earlier(
    calendar: Calendar, starts: Starts, later: int
) -> None:
    assert starts.accepted_on is not None
    moved = replace(starts, accepted_on=starts.accepted_on + timedelta(days=later))

    before, after = due_dates(starts, calendar), due_dates(moved, calendar)

    assert after.promised_due_on >= before.promised_due_on  # type: ignore[operator]  # accepted


@given(calendars(), histories())
def test_special_procedures_add_exactly_the_working_days_that_they_take(
    calendar: Calendar, starts: Starts
) -> None:
    told = explained(starts, Clock.PROMISED, calendar)
    stopped = {
        day.day
        for day in told.days
        for pause in starts.suspensions
        if pause.ended_on is not None and pause.started_on < day.day <= pause.ended_on
    }

    passed = calendar.working_days_between(told.starts_on, told.due_on).days
    lost = sum(map(calendar.is_working_day, stopped))

    assert passed == told.limit.days + lost
    assert not told.days or told.days[-1].is_counted


@given(calendars(), histories())
def test_reckoning_again_changes_nothing(calendar: Calendar, starts: Starts) -> None:
    assert due_dates(starts, calendar) == due_dates(starts, calendar, today=starts.accepted_on)
