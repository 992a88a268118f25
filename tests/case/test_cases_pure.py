"""Numbers and clocks: properties that hold whatever the values."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases import numbers
from case_service.cases.clock import ISSUE_DAYS, NOTICE_DAYS, Starts, due_dates
from tongban.workdays import Calendar, seed_years

CALENDAR = Calendar.from_years(seed_years())
DAYS = st.dates(min_value=date(2019, 1, 1), max_value=date(2026, 6, 30))


@given(day=DAYS, running=st.integers(min_value=1, max_value=999_999))
def test_a_made_number_is_a_number(day: date, running: int) -> None:
    number = numbers.make("610171", day, running)

    assert numbers.is_case_number(number)
    assert number.startswith(f"610171{day:%Y%m%d}")


@given(
    running=st.integers(min_value=1, max_value=999_999),
    place=st.integers(min_value=0, max_value=numbers.LENGTH - 1),
    shift=st.integers(min_value=1, max_value=9),
)
def test_one_wrong_digit_is_noticed(running: int, place: int, shift: int) -> None:
    number = numbers.make("610171", date(2026, 1, 5), running)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert not numbers.is_case_number(wrong)


@pytest.mark.parametrize("text", ["", "abc", "6" * 20, "\uff16" * 21, "610171202601050000018x"])
def test_what_is_no_number_is_told_so(text: str) -> None:
    assert not numbers.is_case_number(text)


@given(accepted=DAYS, statutory=st.integers(0, 60), promised=st.integers(0, 60))
def test_due_dates_are_working_days_after_acceptance_in_their_order(
    accepted: date, statutory: int, promised: int
) -> None:
    starts = Starts(
        received_on=accepted,
        accepted_on=accepted,
        statutory_days=max(statutory, promised),
        promised_days=min(statutory, promised),
    )

    due = due_dates(starts, CALENDAR)

    assert due.promised_due_on is not None
    assert due.statutory_due_on is not None
    assert accepted <= due.promised_due_on <= due.statutory_due_on
    counted = CALENDAR.working_days_between(accepted, due.statutory_due_on)
    assert counted.days == starts.statutory_days


def test_what_does_not_run_has_no_date() -> None:
    due = due_dates(Starts(statutory_days=20, promised_days=5), CALENDAR)

    assert due == type(due)()


def test_the_near_district_owes_forwarding_and_no_notice() -> None:
    # 2026-01-05 is a Monday.
    starts = Starts(
        received_on=date(2026, 1, 5), statutory_days=20, promised_days=5, forward_within_days=1
    )

    due = due_dates(starts, CALENDAR)

    assert due.forward_due_on == date(2026, 1, 6)
    assert due.notice_due_on is None


def test_the_law_names_five_days_for_the_notice_and_ten_for_the_licence() -> None:
    monday = date(2026, 1, 5)
    starts = Starts(received_on=monday, granted_on=monday, statutory_days=20, promised_days=5)

    due = due_dates(starts, CALENDAR)

    assert (NOTICE_DAYS, ISSUE_DAYS) == (5, 10)
    assert due.notice_due_on == monday + timedelta(days=7)
    assert due.issue_due_on == monday + timedelta(days=14)


def test_a_year_without_published_holidays_makes_it_provisional() -> None:
    starts = Starts(accepted_on=date(2031, 3, 3), statutory_days=20, promised_days=5)

    assert due_dates(starts, CALENDAR).is_provisional
