"""Numbers of persons, bodies and districts, by the national standards."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import gb
from tongban.gb import (
    District,
    IdentityKind,
    InvalidCreditCode,
    InvalidIdentityNumber,
    InvalidTownCode,
    UnknownDistrict,
)


def with_check_digit(body: str) -> str:
    """Written out here (ISO 7064 MOD 11-2), so that the code is held to the standard's text."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def full_width(text: str) -> str:
    """As a Chinese keyboard may write it."""
    return text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})


IDENTITY_NUMBERS = st.builds(
    lambda county, born, order: with_check_digit(f"{county:06}{born:%Y%m%d}{order:03}"),
    st.integers(110000, 829999),
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
)


@given(IDENTITY_NUMBERS)
def test_a_right_number_passes_as_people_type_it(number: str) -> None:
    assert gb.check_identity_number(number) == number
    assert gb.check_identity_number(f" {number[:6]} {number[6:].lower()}\n") == number
    assert gb.check_identity_number(full_width(number)) == number


@given(IDENTITY_NUMBERS, st.integers(0, 5), st.integers(1, 9))
def test_any_one_wrong_digit_is_found(number: str, place: int, by: int) -> None:
    wrong = str((int(number[place]) + by) % 10)

    with pytest.raises(InvalidIdentityNumber) as refusal:
        gb.check_identity_number(number[:place] + wrong + number[place + 1 :])

    assert refusal.value.reason == "check_digit"


def test_people_older_than_their_county_code_pass() -> None:
    # 610113 has been 雁塔区 since 1983, 610116 长安区 since 2002; both were given out to the old.
    for body in ("61011319460512123", "61011619350101001", "61010019281224002"):
        number = with_check_digit(body)
        assert gb.check_identity_number(number) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "length"),
        ("610113460512123", "length"),
        (with_check_digit("61011319460512123") + "1", "length"),
        ("61011319460512123A", "characters"),
        ("X10113194605121234", "characters"),
        ("6101131946051212" + chr(0x0663) + "4", "characters"),
        (with_check_digit("61011319461312123"), "birth_date"),
        (with_check_digit("61011319450229123"), "birth_date"),
        (with_check_digit("61011300010101123"), "birth_date"),
        ("610113194605121234", "check_digit"),
    ],
)
def test_a_wrong_number_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidIdentityNumber) as refusal:
        gb.check_identity_number(text)

    assert refusal.value.reason == reason
    assert str(refusal.value) == reason, "a number never gets into a message or a log"


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2020, 5, 11), 73),
        (date(2020, 5, 12), 74),
        (date(2020, 5, 13), 74),
        (date(1946, 5, 12), 0),
    ],
)
def test_age_counts_whole_years(day: date, age: int) -> None:
    assert gb.age_on(with_check_digit("61011319460512123"), day) == age


def test_who_is_born_on_29_february_is_a_year_older_on_1_march() -> None:
    number = with_check_digit("61011319600229123")

    assert gb.birth_date(number) == date(1960, 2, 29)
    assert gb.age_on(number, date(2021, 2, 28)) == 60
    assert gb.age_on(number, date(2021, 3, 1)) == 61


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (IdentityKind.PASSPORT, "e12345678", "E12345678"),
        (IdentityKind.PASSPORT, "EA1234567", "EA1234567"),
        (IdentityKind.MAINLAND_TRAVEL_PERMIT, "h12345678", "H12345678"),
        (IdentityKind.MAINLAND_TRAVEL_PERMIT, "M1234567802", "M1234567802"),
        (IdentityKind.TAIWAN_TRAVEL_PERMIT, "12345678", "12345678"),
        (IdentityKind.TAIWAN_TRAVEL_PERMIT, "1234567890B", "1234567890B"),
        (
            IdentityKind.RESIDENCE_PERMIT_HMT,
            with_check_digit("83000019900101123"),
            with_check_digit("83000019900101123"),
        ),
        (IdentityKind.PERMANENT_RESIDENT_CARD, "usa610185010112", "USA610185010112"),
        (
            IdentityKind.PERMANENT_RESIDENT_CARD,
            with_check_digit("96184019850101001"),
            with_check_digit("96184019850101001"),
        ),
    ],
)
def test_each_document_has_its_own_number(kind: IdentityKind, text: str, number: str) -> None:
    assert gb.check_document(kind, text) == number


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (IdentityKind.RESIDENT_IDENTITY_CARD, "610113194605121234", "check_digit"),
        (IdentityKind.PASSPORT, "E123", "length"),
        (IdentityKind.PASSPORT, "ABCDEFGH", "characters"),
        (IdentityKind.MAINLAND_TRAVEL_PERMIT, "A12345678", "characters"),
        (IdentityKind.TAIWAN_TRAVEL_PERMIT, "123456789", "length"),
        (IdentityKind.TAIWAN_TRAVEL_PERMIT, "1234567A", "characters"),
        (
            IdentityKind.RESIDENCE_PERMIT_HMT,
            with_check_digit("61011319460512123"),
            "characters",
        ),
        (IdentityKind.RESIDENCE_PERMIT_HMT, "830000199001011230", "check_digit"),
        (IdentityKind.PERMANENT_RESIDENT_CARD, "961840198513010010", "birth_date"),
    ],
)
def test_a_document_of_another_kind_is_refused(kind: IdentityKind, text: str, reason: str) -> None:
    with pytest.raises(InvalidIdentityNumber) as refusal:
        gb.check_document(kind, text)

    assert refusal.value.reason == reason


def test_a_credit_code_is_checked_by_its_last_digit() -> None:
    assert gb.check_credit_code(" 91110000600037341l ") == "91110000600037341L"

    for wrong in ("91110000600037342L", "91110000600037341", "911100006000373O1L", ""):
        with pytest.raises(InvalidCreditCode):
            gb.check_credit_code(wrong)


@pytest.mark.parametrize(
    ("code", "name", "parent", "is_local"),
    [
        ("610171", "西安高新区", "610100", True),
        ("610172", "西安曲江新区", "610100", True),
        ("610971", "安康高新区", "610900", True),
        ("610302", "渭滨区", "610300", False),
        ("610100", "西安市", "610000", False),
        ("610000", "陕西省", None, False),
        ("120110", "东丽区", "120100", False),
        ("429004", "仙桃市", "429000", False),
        ("441900", "东莞市", "440000", False),
    ],
)
def test_a_district_is_known_by_its_code(
    code: str, name: str, parent: str | None, is_local: bool
) -> None:
    assert gb.district(code) == District(code, name, parent, is_local)


@pytest.mark.parametrize(
    "code", ["610199", "", "6101", "6101711", "abcdef", full_width("610100"), "510902"]
)
def test_an_unknown_or_abolished_district_is_told(code: str) -> None:
    with pytest.raises(UnknownDistrict):
        gb.district(code)


def test_the_reviewed_table_names_known_parents_and_takes_no_national_code() -> None:
    local = gb._local_districts()

    assert {"610171", "610172", "610971"} <= local.keys()
    for code, zone in local.items():
        assert zone.parent is not None
        assert not gb.district(zone.parent).is_local
        assert gb._national_name(code) is None


def test_a_town_code_has_nine_digits() -> None:
    assert gb.check_town_code("610113011") == "610113011"

    for wrong in ("610113", "61011301a", "6101130110", full_width("610113011")):
        with pytest.raises(InvalidTownCode):
            gb.check_town_code(wrong)


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        (gb.mask_identity_number("610113194605121234"), "610113********1234"),
        (gb.mask_identity_number("E12345678"), "E1*****78"),
        (gb.mask_identity_number("E1234"), "*****"),
        (gb.mask_identity_number(""), ""),
        (gb.mask_phone("13812345678"), "138****5678"),
        (gb.mask_phone("88320000"), "******00"),
        (gb.mask_phone("1"), "1"),
        (gb.mask_name("黄先生"), "黄**"),
        (gb.mask_name("黄"), "*"),
    ],
)
def test_what_is_shown_of_personal_data(masked: str, shown: str) -> None:
    assert masked == shown
