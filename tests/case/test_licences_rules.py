"""How long a licence is valid, and how it stands."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.licences.rules import (
    LicenceState,
    Standing,
    last_day,
    mask_holder,
    new_verification_code,
    number_of,
    read_code,
    standing_on,
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
