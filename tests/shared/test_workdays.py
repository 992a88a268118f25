"""The working-day calendar: on real dates by table, and by its properties."""

from datetime import date, timedelta
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel import CalendarDayRow
from tongban.workdays import (
    Calendar,
    CalendarDay,
    CalendarYear,
    DayKind,
    published_years,
    seed_rows,
    seed_years,
)

CHINA = Calendar.from_rows(seed_rows())
DAYS = st.dates(date(2018, 1, 1), date(2026, 12, 1))
LIMITS = st.integers(0, 60)
EXTRA_HOLIDAYS = st.sets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=40)


@pytest.mark.parametrize(
    ("day", "kind", "is_working"),
    [
        (date(2020, 1, 19), DayKind.MAKE_UP_WORKDAY, True),
        # 国务院办公厅关于延长2020年春节假期的通知: a holiday until 2 February.
        (date(2020, 1, 31), DayKind.HOLIDAY, False),
        (date(2020, 2, 1), DayKind.HOLIDAY, False),
        (date(2020, 2, 2), DayKind.HOLIDAY, False),
        (date(2020, 2, 3), DayKind.WORKDAY, True),
        (date(2018, 12, 29), DayKind.MAKE_UP_WORKDAY, True),
        (date(2018, 12, 31), DayKind.HOLIDAY, False),
        (date(2026, 10, 1), DayKind.HOLIDAY, False),
        (date(2026, 10, 10), DayKind.MAKE_UP_WORKDAY, True),
        (date(2026, 10, 11), DayKind.WEEKEND, False),
        (date(2026, 11, 23), DayKind.WORKDAY, True),
    ],
)
def test_a_day_is_what_the_state_council_made_of_it(
    day: date, kind: DayKind, is_working: bool
) -> None:
    assert CHINA.kind_of(day) is kind
    assert CHINA.is_working_day(day) is is_working


@pytest.mark.parametrize(
    ("start", "days", "due_on", "is_provisional"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23), False),
        (date(2026, 11, 22), 0, date(2026, 11, 22), False),
        (date(2020, 1, 23), 1, date(2020, 2, 3), False),
        (date(2026, 9, 30), 3, date(2026, 10, 10), False),
        (date(2026, 9, 30), 20, date(2026, 11, 3), False),
        (date(2018, 12, 28), 2, date(2019, 1, 2), False),
        (date(2026, 12, 25), 1, date(2026, 12, 28), False),
        # The notice for 2027 may still make a working day or a holiday of these.
        (date(2026, 12, 28), 1, date(2026, 12, 29), True),
        (date(2026, 12, 21), 20, date(2027, 1, 18), True),
        (date(2027, 3, 1), 5, date(2027, 3, 8), True),
        (date(2027, 3, 1), 0, date(2027, 3, 1), False),
    ],
)
def test_a_deadline_falls_on_the_last_working_day(
    start: date, days: int, due_on: date, is_provisional: bool
) -> None:
    deadline = CHINA.add_working_days(start, days)

    assert (deadline.due_on, deadline.is_provisional) == (due_on, is_provisional)


def test_a_time_limit_is_never_negative() -> None:
    with pytest.raises(ValueError, match="-1"):
        CHINA.add_working_days(date(2026, 1, 5), -1)


@given(DAYS, LIMITS)
def test_counting_a_deadline_gives_back_its_limit(start: date, days: int) -> None:
    due_on = CHINA.add_working_days(start, days).due_on

    assert CHINA.working_days_between(start, due_on).days == days
    assert CHINA.working_days_between(due_on, start).days == -days


@given(DAYS, LIMITS, LIMITS)
def test_a_longer_limit_ends_later(start: date, days: int, more: int) -> None:
    sooner = CHINA.add_working_days(start, days)
    later = CHINA.add_working_days(start, days + more)

    assert sooner.due_on <= later.due_on
    assert sooner.is_provisional <= later.is_provisional


@given(DAYS, LIMITS, EXTRA_HOLIDAYS)
def test_more_holidays_never_make_a_deadline_earlier(
    start: date, days: int, extra: set[date]
) -> None:
    more_holidays = Calendar.from_rows(
        [*seed_rows(), *(CalendarDay(day, DayKind.HOLIDAY, "放假") for day in extra)]
    )

    due_on = more_holidays.add_working_days(start, days).due_on

    assert due_on >= CHINA.add_working_days(start, days).due_on


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(0, 400))
def test_an_answer_is_provisional_when_any_day_in_it_is(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    days = [start + timedelta(days=count) for count in range(1, length + 1)]

    count = CHINA.working_days_between(start, end)

    assert count.is_provisional is any(not CHINA.is_settled(day) for day in days)


@given(DAYS, st.integers(0, 100))
def test_the_explanation_counts_the_same_days(start: date, length: int) -> None:
    end = start + timedelta(days=length)

    explained = CHINA.explain(start, end)

    assert len(explained) == length
    assert sum(day.is_counted for day in explained) == CHINA.working_days_between(start, end).days


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (date(2026, 10, 1), "国庆节放假", "public holiday: National Day"),
        (date(2026, 10, 10), "国庆节调休上班", "make-up working day: National Day"),
        (date(2026, 10, 11), "周末", "weekend"),
        (date(2026, 10, 12), "工作日", "working day"),
        (date(2027, 1, 4), "工作日（节假日安排尚未公布，暂按已知情况推算）", "provisional"),
    ],
)
def test_each_day_is_explained_in_words(day: date, zh: str, en: str) -> None:
    [explained] = CHINA.explain(day - timedelta(days=1), day)

    assert explained.reason_zh == zh
    assert en in explained.reason_en


def test_publishing_a_year_settles_its_deadlines() -> None:
    start = date(2026, 12, 28)
    new_year = CalendarYear(
        2027, is_published=True, days=(CalendarDay(date(2027, 1, 1), DayKind.HOLIDAY, "元旦"),)
    )

    before = CHINA.add_working_days(start, 4)
    after = Calendar.from_years([*seed_years(), new_year]).add_working_days(start, 4)

    assert (before.due_on, before.is_provisional) == (date(2027, 1, 1), True)
    assert (after.due_on, after.is_provisional) == (date(2027, 1, 4), False)


def test_an_expected_holiday_of_an_unpublished_year_counts_but_stays_provisional() -> None:
    expected = CalendarYear(
        2027, is_published=False, days=(CalendarDay(date(2027, 1, 1), DayKind.HOLIDAY, "元旦"),)
    )

    deadline = Calendar.from_years([*seed_years(), expected]).add_working_days(
        date(2026, 12, 31), 1
    )

    assert (deadline.due_on, deadline.is_provisional) == (date(2027, 1, 4), True)


def test_the_seed_holds_every_published_year_from_2018() -> None:
    rows = seed_rows()

    assert {row.day.year for row in rows} == {year for year in published_years() if year >= 2018}
    assert CalendarDay(date(2026, 10, 10), DayKind.MAKE_UP_WORKDAY, "国庆节") in rows
    assert all(row.day.weekday() >= 5 for row in rows if row.kind is DayKind.MAKE_UP_WORKDAY)
    assert [year.year for year in seed_years(2020, 2021)] == [2020, 2021]


def test_equal_calendars_are_equal_however_they_were_read() -> None:
    assert Calendar.from_years(seed_years()) == CHINA


def test_a_calendar_is_read_from_stored_rows() -> None:
    stored = [
        CalendarDayRow(day=row.day, kind=row.kind.value, name=row.name or "") for row in seed_rows()
    ]

    assert Calendar.from_rows(stored) == CHINA


def test_a_deadline_of_twenty_days_takes_microseconds() -> None:
    seconds = timeit(lambda: CHINA.add_working_days(date(2026, 9, 1), 20), number=1000) / 1000

    assert seconds < 200e-6
