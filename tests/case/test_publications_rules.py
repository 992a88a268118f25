"""What is made public leads to no person, and names every firm."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.publications.rules import disclosed_holder, scrubbed
from support.identities import identity_number

FIRM = {
    "name": "曲江文化有限公司",
    "credit_code": "91610133MA6TX0000X",
    "legal_representative": "王小明",
}


def test_a_firm_is_named_with_its_code_and_nobody_behind_it() -> None:
    assert disclosed_holder(FIRM) == {
        "holder": "曲江文化有限公司",
        "credit_code": "91610133MA6TX0000X",
    }


@pytest.mark.parametrize("name", ["黄先生", "欧阳修", "John Smith"])
def test_a_person_is_masked_and_has_no_number(name: str) -> None:
    told = disclosed_holder(
        {"name": name, "identity_number": "610113197001011232", "phone": "13800000000"}
    )

    assert told["credit_code"] is None
    assert told["holder"] not in (None, name)
    assert set(told) == {"holder", "credit_code"}


@given(
    born=st.dates(min_value=date(1920, 1, 1), max_value=date(2020, 1, 1)),
    order=st.integers(min_value=0, max_value=999),
    phone=st.integers(min_value=13_000_000_000, max_value=19_999_999_999),
)
def test_no_number_of_a_person_stays_in_a_text(born: date, order: int, phone: int) -> None:
    number = identity_number(born, order=order)

    told = scrubbed(f"经营者身份证{number}，电话{phone}或+86 {phone}，地址唐延路1号")

    assert number not in told
    assert str(phone) not in told
    assert "唐延路1号" in told


@pytest.mark.parametrize(
    "text",
    ["食品经营许可证", "91610133MA6TX0000X", "610171-ZZ-2026-000045", "610171202603020000018"],
)
def test_other_numbers_stay(text: str) -> None:
    assert scrubbed(text) == text


def test_a_year_is_no_person() -> None:
    assert scrubbed(str(date(2026, 1, 1) + timedelta(days=1))) == "2026-01-02"
