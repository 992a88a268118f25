"""How long a licence is valid, and how it stands."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.licences.rules import (
    ENDINGS,
    TRANSITIONS,
    Term,
    acts_from,
    effective_on,
    is_in_time,
    last_day,
    mask_holder,
    new_verification_code,
    next_day_due,
    number_of,
    read_code,
    reminder_due,
    standing_on,
    term_of,
)
from case_service.licences.status_lists import LIST_SIZE, bits_of
from case_service.licences.vocabulary import (
    EndGround,
    LicenceAct,
    LicenceOperation,
    LicenceState,
    Standing,
)


def test_a_number_names_district_and_year() -> None:
    assert number_of(district="610171", year=2026, running=45) == "610171-ZZ-2026-000045"


@pytest.mark.parametrize(
    ("valid_from", "months", "until"),
    [
        (date(2026, 11, 22), 60, date(2031, 11, 21)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2026, 12, 15), 1, date(2027, 1, 14)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 3, 1), 12, date(2027, 2, 28)),
        (date(2026, 3, 1), None, None),
    ],
)
def test_a_validity_ends_the_day_before_it_would_begin_again(
    valid_from: date, months: int | None, until: date | None
) -> None:
    assert last_day(valid_from, months) == until


@given(
    st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)),
    st.integers(min_value=1, max_value=600),
)
def test_one_month_more_is_valid_longer(valid_from: date, months: int) -> None:
    until, longer = last_day(valid_from, months), last_day(valid_from, months + 1)

    assert until is not None
    assert longer is not None
    assert valid_from < until < longer


@pytest.mark.parametrize(
    ("state", "until", "standing"),
    [
        (LicenceState.VALID, None, Standing.VALID),
        (LicenceState.VALID, date(2026, 3, 2), Standing.VALID),
        (LicenceState.VALID, date(2026, 3, 1), Standing.EXPIRED),
        (LicenceState.REVOKED, None, Standing.REVOKED),
        (LicenceState.REVOKED, date(2026, 3, 1), Standing.REVOKED),
    ],
)
def test_a_licence_is_valid_through_its_last_day(
    state: LicenceState, until: date | None, standing: Standing
) -> None:
    assert standing_on(date(2026, 3, 2), state=state, valid_until=until) is standing


def test_a_code_is_found_however_it_was_typed() -> None:
    code = new_verification_code()

    assert read_code("-".join(code[at : at + 5] for at in range(0, 20, 5)).lower()) == code


def test_no_two_codes_are_alike() -> None:
    assert len({new_verification_code() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("holder", "masked"),
    [
        ({"name": "黄先生", "identity_number": "610113197001011232"}, "黄**"),
        ({"name": "曲江某文化公司", "credit_code": "91610133MA6TX0000X"}, "曲江某文化公司"),
        ({}, ""),
    ],
)
def test_a_person_is_masked_and_a_firm_is_not(holder: dict[str, str], masked: str) -> None:
    assert mask_holder(holder) == masked


@pytest.mark.parametrize(
    ("state", "act"), sorted(set(product(LicenceState, LicenceAct)) - set(TRANSITIONS))
)
def test_no_other_act_ends_a_licence(state: LicenceState, act: LicenceAct) -> None:
    assert act not in acts_from(state, is_struck_off=False)


@pytest.mark.parametrize("state", LicenceState)
def test_nothing_ends_what_is_struck_off(state: LicenceState) -> None:
    assert acts_from(state, is_struck_off=True) == []


def test_each_act_rests_on_grounds_that_no_other_has() -> None:
    grounds = [ground for ending in ENDINGS.values() for ground in ending.grounds]

    assert sorted(grounds) == sorted(EndGround)
    assert len({ending.document for ending in ENDINGS.values()}) == len(LicenceAct)


@pytest.mark.parametrize("act", LicenceAct)
def test_a_rescission_alone_counts_from_the_beginning(act: LicenceAct) -> None:
    began, today = date(2026, 1, 5), date(2026, 6, 1)

    since = effective_on(act, valid_from=began, today=today)

    assert since == (began if act is LicenceAct.RESCIND else today)


@given(
    began=st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1)),
    months=st.integers(min_value=1, max_value=120),
    left=st.integers(min_value=0, max_value=200),
)
def test_a_renewal_leaves_no_day_without_a_licence_and_none_with_two(
    began: date, months: int, left: int
) -> None:
    until = last_day(began, months)
    assert until is not None
    today = max(began, until - timedelta(days=left))

    term = term_of(LicenceOperation.RENEW, today=today, months=months, before=Term(began, until))

    assert term.valid_from == until + timedelta(days=1)


@given(
    until=st.dates(min_value=date(2026, 6, 1), max_value=date(2030, 1, 1)),
    start=st.integers(min_value=0, max_value=400),
)
def test_what_is_due_comes_in_order_and_comes_to_an_end(until: date, start: int) -> None:
    day: date | None = until - timedelta(days=start)
    days = []
    while day is not None:
        days.append(day)
        day = next_day_due(day, valid_until=until, invalid_from=None)

    assert days == sorted(set(days))
    assert len(days) <= 4
    assert days[-1] == until + timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "reminded", "owed"),
    [(91, None, None), (90, None, 90), (61, 90, None), (60, 90, 60), (30, None, 60), (0, 60, None)],
)
def test_a_reminder_is_given_once_and_a_missed_one_not_twice(
    left: int, reminded: int | None, owed: int | None
) -> None:
    until = date(2027, 3, 1)

    assert reminder_due(until - timedelta(days=left), until, reminded) == owed


@pytest.mark.parametrize(("left", "is_early"), [(30, True), (29, False), (365, True)])
def test_a_renewal_is_in_time_thirty_days_before(left: int, is_early: bool) -> None:
    until = date(2027, 3, 1)

    assert is_in_time(until - timedelta(days=left), until) is is_early


@given(st.sets(st.integers(min_value=0, max_value=LIST_SIZE - 1), max_size=50))
def test_a_status_list_tells_those_and_no_others(places: set[int]) -> None:
    bits = bits_of(places)

    told = {at for at in range(LIST_SIZE) if bits[at // 8] and bits[at // 8] >> at % 8 & 1}

    assert told == places
