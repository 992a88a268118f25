"""Text as it comes in: bounded, stripped, without control characters that no person types.

PostgreSQL refuses NUL in text; refusing it here names the field.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from tongban.problems import field_fault
from tongban.shapes import shape

__all__ = ["Code", "Line", "Paragraph", "Statement", "name_without_form"]

_FORM_WORDS = ("复印件", "原件", "副本", "电子版", "扫描件")
_LINE_BREAKS = str.maketrans("", "", "\n\r\t")


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise field_fault(
            "control_characters",
            zh="不能含有换行或控制字符",
            en="must not hold line breaks or control characters",
        )
    return text


def _lines(text: str) -> str:
    if not text.translate(_LINE_BREAKS).isprintable():
        raise field_fault(
            "control_characters",
            zh="不能含有控制字符",
            en="must not hold control characters",
        )
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_one_line),
]
"""One line: a name, a number, a title."""

Statement = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(_lines),
]
"""Some lines of text that say something: a reason, what was found."""

Paragraph = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_lines)]
"""Some lines of text; may be empty."""

_CODE = shape(
    r"^[A-Za-z0-9_-]+$",
    zh="字母、数字、连字符和下划线",
    en="letters, digits, hyphens and underscores",
)
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_CODE)]
"""A key made of letters, digits, hyphen and underscore: safe in paths and event subjects."""


def name_without_form(name: str) -> str:
    """Return what the names of one document have in common: original and copy are one document."""
    plain = unicodedata.normalize("NFKC", name).replace(" ", "").casefold()
    for word in _FORM_WORDS:
        plain = plain.removesuffix(f"({word})").removesuffix(word)
    return plain
