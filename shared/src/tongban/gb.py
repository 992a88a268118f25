"""National standards of identity (国家标准): persons, bodies and districts by their numbers.

Pure. Nothing here says that a person, body or document exists; only that its number can be right.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from stdnum import numdb
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

Reason = Literal["length", "characters", "birth_date", "check_digit"]


class InvalidIdentityNumber(ValueError):
    """The message names the reason and never the number: it is personal data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class InvalidCreditCode(ValueError):
    pass


class UnknownDistrict(LookupError):
    pass


class InvalidTownCode(ValueError):
    pass


class IdentityKind(StrEnum):
    RESIDENT_IDENTITY_CARD = "resident_identity_card"  # 居民身份证
    PASSPORT = "passport"  # 护照
    MAINLAND_TRAVEL_PERMIT = "mainland_travel_permit"  # 港澳居民来往内地通行证
    TAIWAN_TRAVEL_PERMIT = "taiwan_travel_permit"  # 台湾居民来往大陆通行证, 台胞证
    RESIDENCE_PERMIT_HMT = "residence_permit_hmt"  # 港澳台居民居住证
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"  # 外国人永久居留身份证


_GB_11643 = re.compile(r"[0-9]{17}[0-9X]")

# The lengths and the shape of each document's number, where it is not GB 11643 alone.
_SHAPES: Mapping[IdentityKind, tuple[frozenset[int], re.Pattern[str]]] = MappingProxyType(
    {
        # ICAO 9303: at most nine letters and digits; some digit is always among them.
        IdentityKind.PASSPORT: (
            frozenset(range(5, 10)),
            re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]+"),
        ),
        # Hong Kong or Macao and eight digits; older cards count their renewals in two more.
        IdentityKind.MAINLAND_TRAVEL_PERMIT: (frozenset({9, 11}), re.compile(r"[HM][0-9]+")),
        # Eight digits since 2015; older booklets have ten, and some a letter.
        IdentityKind.TAIWAN_TRAVEL_PERMIT: (
            frozenset({8, 10, 11}),
            re.compile(r"[0-9]{8,10}|[0-9]{10}[A-Z]"),
        ),
        # 810000 Hong Kong, 820000 Macao, 830000 Taiwan; then as GB 11643.
        IdentityKind.RESIDENCE_PERMIT_HMT: (
            frozenset({18}),
            re.compile(r"8[123]0000[0-9]{11}[0-9X]"),
        ),
        # Since 2023 a 9 and then as GB 11643; before, a nation's letters and twelve digits.
        IdentityKind.PERMANENT_RESIDENT_CARD: (
            frozenset({15, 18}),
            re.compile(r"9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12}"),
        ),
    }
)
_EARLIEST_BIRTH_YEAR = 1850


def check_identity_number(text: str) -> str:
    """Return the number of a 居民身份证, normalised; only check digit and birth date are checked.

    Its county code is not: numbers were given to people born before their county had its code.
    """
    number = _normalised(text)
    if len(number) != 18:
        raise InvalidIdentityNumber("length")
    if not _GB_11643.fullmatch(number):
        raise InvalidIdentityNumber("characters")
    birth_date(number)
    if number[-1] != ric.calc_check_digit(number):
        raise InvalidIdentityNumber("check_digit")
    return number


def check_document(kind: IdentityKind, text: str) -> str:
    """Return a document's number, normalised, when it can be one of that kind."""
    if kind is IdentityKind.RESIDENT_IDENTITY_CARD:
        return check_identity_number(text)
    number = _normalised(text)
    lengths, shape = _SHAPES[kind]
    if len(number) not in lengths:
        raise InvalidIdentityNumber("length")
    if not shape.fullmatch(number):
        raise InvalidIdentityNumber("characters")
    return check_identity_number(number) if len(number) == 18 else number


def birth_date(number: str) -> date:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdentityNumber("birth_date") from None
    if born.year < _EARLIEST_BIRTH_YEAR:
        raise InvalidIdentityNumber("birth_date")
    return born


def age_on(number: str, day: date) -> int:
    """Whole years (周岁) on `day`."""
    born = birth_date(number)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def check_credit_code(text: str) -> str:
    """Return a unified social credit code (统一社会信用代码), normalised, by its MOD 31 digit."""
    try:
        return uscc.validate(_normalised(text))
    except ValidationError as fault:
        raise InvalidCreditCode(str(fault)) from None


@dataclass(frozen=True, slots=True)
class District:
    code: str
    name: str
    parent: str | None
    is_local: bool  # locally assigned, by the reviewed table; else GB/T 2260


@cache
def district(code: str) -> District:
    """A district that exists today; an abolished code is unknown."""
    local = _local_districts().get(code)
    if local is not None:
        return local
    name = _national_name(code)
    if name is None:
        raise UnknownDistrict(code)
    return District(code, name, _national_parent(code), is_local=False)


def check_town_code(text: str) -> str:
    """Return a town's or street's code (GB/T 10114): nine digits.

    Its first six may be a county's though the street is a zone's, so they are not looked up.
    """
    if not re.fullmatch(r"[0-9]{9}", text):
        raise InvalidTownCode(text)
    return text


def mask_identity_number(number: str) -> str:
    """610113194605121234 is shown as 610113********1234; of shorter numbers two at each end."""
    if len(number) == 18:
        return _masked(number, head=6, tail=4)
    return _masked(number, head=2, tail=2) if len(number) > 6 else "*" * len(number)


def mask_phone(number: str) -> str:
    """13812345678 is shown as 138****5678."""
    return _masked(number, head=3, tail=4) if len(number) > 9 else _masked(number, head=0, tail=2)


def mask_name(name: str) -> str:
    """黄先生 is shown as 黄**."""
    return _masked(name, head=1, tail=0) if len(name) > 1 else "*" * len(name)


def _masked(text: str, *, head: int, tail: int) -> str:
    hidden = max(len(text) - head - tail, 0)
    return text[:head] + "*" * hidden + text[head + hidden :]


def _normalised(text: str) -> str:
    # NFKC: a Chinese keyboard writes full-width digits and letters.
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def _national_name(code: str) -> str | None:
    if not re.fullmatch(r"[0-9]{6}", code):
        return None
    names = "".join(found.get("county", "") for _, found in numdb.get("cn/loc").info(code))
    current = _CURRENT_NAME.search(names)
    return current.group(1) if current else None


# The table writes "[-1991]东郊区,[1992-]东丽区": a name is current when its years have no end.
_CURRENT_NAME = re.compile(r"(?:^|,)(?:\[[0-9]*-\])?([^\[\],]+)$")


def _national_parent(code: str) -> str | None:
    province, city = f"{code[:2]}0000", f"{code[:4]}00"
    if code == province:
        return None
    # A county under its province has no city above it.
    return city if code != city and _national_name(city) else province


@cache
def _local_districts() -> Mapping[str, District]:
    rows = json.loads(resources.files("tongban").joinpath("districts.json").read_text("utf-8"))
    return {row["code"]: District(**row, is_local=True) for row in rows}
