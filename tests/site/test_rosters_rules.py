"""Who stands at a window, and who takes over, whoever is away."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_service.rosters.rules import (
    AbRole,
    Absence,
    Gap,
    Shift,
    gaps,
    is_on_duty,
    merged,
    standing,
    unstaffed,
)
from tongban.workdays import Calendar, seed_years

CALENDAR = Calendar.from_rows(
    [day for year in seed_years() if year.year == 2026 for day in year.days],
    published_years=[2026],
)
QUARTER = timedelta(minutes=15)
HOURS = "Mo-Fr 09:00-17:00"
# Monday 12 October 2026, 10:00 in Shanghai.
AT = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
FROM = date(2026, 1, 1)


def one(number: int) -> UUID:
    return UUID(int=number)


def shift(member: int, window: int | None, role: AbRole = AbRole.PRIMARY, **more: str) -> Shift:
    hours = more.get("hours", HOURS)
    return Shift(one(member), None if window is None else one(window), role, hours, FROM)


def away(member: int) -> Absence:
    return Absence(one(member), AT - timedelta(hours=1), AT + timedelta(hours=1))


A1, A2 = shift(1, 101), shift(2, 102)
B1, B2 = shift(3, 101, AbRole.DEPUTY), shift(3, 102, AbRole.DEPUTY)
B3 = shift(4, 101, AbRole.DEPUTY)


@pytest.mark.parametrize(
    ("shifts", "absent", "there", "missing"),
    [
        ([A1, A2, B1, B2], [], {101: 1, 102: 2}, set()),
        ([A1, A2, B1, B2], [1], {101: 3, 102: 2}, set()),
        # One deputy for both windows: one of them stays empty, and that is told.
        ([A1, A2, B1, B2], [1, 2], None, None),
        # Two deputies, one of whom can take either window: both are covered.
        ([A1, A2, B1, B2, B3], [1, 2], {101: 4, 102: 3}, set()),
        ([A1, B1], [1, 3], {}, {101}),
        ([A1], [1], {}, {101}),
        # The first of one window is no deputy elsewhere while needed at home.
        ([A1, A2, shift(2, 101, AbRole.DEPUTY)], [1], {102: 2}, {101}),
    ],
)
def test_the_deputy_takes_over_and_nobody_stands_twice(
    shifts: list[Shift],
    absent: list[int],
    there: dict[int, int] | None,
    missing: set[int] | None,
) -> None:
    ((_, found, empty),) = standing(shifts, [away(one) for one in absent], [AT], CALENDAR)

    if there is None:
        assert len(found) == len(empty) == 1
        return
    assert {key.int: who.member_id.int for key, who in found.items()} == there
    assert {key.int for key in empty} == missing


@given(
    st.lists(
        st.builds(shift, st.integers(1, 6), st.integers(101, 105), st.sampled_from(AbRole)),
        max_size=20,
    ),
    st.sets(st.integers(1, 6)),
)
def test_whoever_is_away_nobody_stands_at_two_windows_and_no_absent_one_at_any(
    shifts: list[Shift], absent: set[int]
) -> None:
    ((_, found, empty),) = standing(shifts, [away(one) for one in absent], [AT], CALENDAR)

    people = [who.member_id for who in found.values()]
    assert len(people) == len(set(people))
    assert {who.int for who in people}.isdisjoint(absent)
    assert found.keys().isdisjoint(empty)
    assert found.keys() | empty == {each.window_id for each in shifts}
    # Who is left over could not have stood at an empty window.
    idle = {each.member_id for each in shifts} - set(people) - {one(who) for who in absent}
    assert not any(each.member_id in idle and each.window_id in empty for each in shifts)


@pytest.mark.parametrize(
    ("at", "is_there"),
    [
        (datetime(2026, 10, 12, 0, 59, tzinfo=UTC), False),  # 8:59 in Shanghai
        (AT, True),
        (datetime(2026, 10, 10, 2, 0, tzinfo=UTC), True),  # a Saturday, made up for
        (datetime(2026, 10, 1, 2, 0, tzinfo=UTC), False),  # National Day
        (datetime(2025, 12, 31, 2, 0, tzinfo=UTC), False),  # before the roster began
    ],
)
def test_a_shift_follows_the_districts_calendar(at: datetime, is_there: bool) -> None:
    assert is_on_duty(shift(1, None), [], at, CALENDAR) is is_there


def test_gaps_that_follow_each_other_are_one() -> None:
    times = [AT + nth * QUARTER for nth in range(8)]
    absence = Absence(one(1), AT + QUARTER, AT + 3 * QUARTER)

    assert gaps([A1, A2], [absence], times, CALENDAR, every=QUARTER) == [
        Gap(one(101), AT + QUARTER, AT + 3 * QUARTER)
    ]
    assert merged([(one(1), AT), (one(1), AT + 2 * QUARTER)], every=QUARTER) == [
        Gap(one(1), AT, AT + QUARTER),
        Gap(one(1), AT + 2 * QUARTER, AT + 3 * QUARTER),
    ]


def test_a_window_without_a_roster_is_not_asked_and_one_off_its_hours_is_unstaffed() -> None:
    evening = AT + timedelta(hours=9)

    assert unstaffed([A1], [], [AT, evening], CALENDAR) == {(one(101), evening)}
