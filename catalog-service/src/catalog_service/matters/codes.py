"""The codes of the catalog's hierarchy (编码): basic item, matter, handling item. Pure.

Basic item 12 → main matter and sub-matter are basic items of 12, the main one ending in 000 →
implementation (matter) 31 → handling item 33.
"""

import re
from dataclasses import dataclass

from catalog_service.matters.vocabulary import LEVEL_CODES, TYPE_CODES, Level, MatterType
from tongban.gb import InvalidCreditCode, check_credit_code
from tongban.problems import field_fault
from tongban.shapes import MATTER_CODE, shape

__all__ = [
    "BASIC_PATTERN",
    "HANDLING_PATTERN",
    "BasicCode",
    "HandlingCode",
    "MatterCode",
    "parse_basic_code",
    "parse_code",
    "parse_handling_code",
    "valid_code",
    "valid_credit_code",
]

BASIC_PATTERN = shape(r"^[0-9]{12}$", zh="12 位基本编码", en="a basic code of 12 digits")
HANDLING_PATTERN = shape(
    r"^[0-9A-Z]{18}[1-5][0-9]{14}$",
    zh="33 位业务办理项编码：实施编码加 2 位数字",
    en="a handling item's code of 33 characters: its matter's and 2 digits",
)

_TYPES = {digits: kind for kind, digits in TYPE_CODES.items()}


@dataclass(frozen=True)
class BasicCode:
    """基本编码: area, type, department, main matter, sub-matter."""

    text: str

    @property
    def type_code(self) -> str:
        return self.text[2:4]

    @property
    def matter_type(self) -> MatterType:
        return _TYPES[self.type_code]

    @property
    def is_main(self) -> bool:
        return self.text.endswith("000")

    @property
    def main(self) -> str:
        """The code of the main matter (主项) that this is, or is a part of."""
        return f"{self.text[:9]}000"


@dataclass(frozen=True)
class MatterCode:
    """实施编码: whose it is, at which level, and the basic item that it carries out."""

    body: str
    level_code: str
    basic: str

    @property
    def level(self) -> Level:
        return LEVEL_CODES[self.level_code]

    @property
    def type_code(self) -> str:
        """The two digits of the basic code that tell the matter's type."""
        return self.basic[2:4]


@dataclass(frozen=True)
class HandlingCode:
    """业务办理项编码: a matter's code and two digits."""

    matter: str
    number: str


def parse_basic_code(text: str) -> BasicCode:
    """Read a 12-character basic code.

    Raises:
        ValueError: its form is wrong, or no type of matter has its digits.
    """
    if not re.fullmatch(BASIC_PATTERN, text):
        raise ValueError("a basic code is 12 digits")
    code = BasicCode(text)
    if code.type_code not in _TYPES:
        raise ValueError("no type of matter has these digits")
    return code


def parse_code(text: str) -> MatterCode:
    """Read a 31-character implementation code.

    Raises:
        ValueError: its form is wrong, or the body's credit code is not valid.
    """
    if not re.fullmatch(MATTER_CODE, text):
        raise ValueError("a code is 18 + 1 + 12 characters")
    body = text[:18]
    if check_credit_code(body) != body:
        raise ValueError("the credit code is not in its normal form")
    return MatterCode(body=body, level_code=text[18], basic=text[19:])


def parse_handling_code(text: str) -> HandlingCode:
    """Read a 33-character code of a handling item.

    Raises:
        ValueError: its form is wrong, or the matter's code in it is not valid.
    """
    if not re.fullmatch(HANDLING_PATTERN, text):
        raise ValueError("a handling item's code is 31 + 2 characters")
    parse_code(text[:31])
    return HandlingCode(matter=text[:31], number=text[31:])


def valid_code(text: str) -> str:
    """Refuse what is no implementation code, as a fault of the field it stands in."""
    try:
        parse_code(text)
    except ValueError:
        raise field_fault(
            "matter_code",
            zh="应为 31 位实施编码：18 位统一社会信用代码、1 位层级（1–5）、12 位基本编码",
            en="a code has 31 characters: the body's credit code (18), its level (1–5), "
            "the basic code (12)",
        ) from None
    return text


def valid_credit_code(text: str) -> str:
    """Refuse what is no unified social credit code, as a fault of the field it stands in."""
    try:
        return check_credit_code(text)
    except InvalidCreditCode:
        raise field_fault(
            "credit_code",
            zh="统一社会信用代码校验不通过",
            en="not a valid unified social credit code",
        ) from None
