"""The shape of a text, as a pattern and in words (格式): who is refused learns what to write.

A pattern alone tells a person nothing; `problems` says the words of a pattern that does not fit.
"""

from collections.abc import Mapping
from typing import Final

__all__ = [
    "DIGEST",
    "LIKE_A_MATTER_CODE",
    "MATTER_CODE",
    "PHONE",
    "SECURE_ADDRESS",
    "SIX_DIGITS",
    "WEB_ADDRESS",
    "shape",
    "words_of",
]

_WORDS: dict[str, Mapping[str, str]] = {}


def shape(pattern: str, *, zh: str, en: str) -> str:
    """Return the pattern, its words known from now on: what a text should be, as in “6 digits”."""
    _WORDS[pattern] = {"zh-CN": zh, "en": en}
    return pattern


def words_of(pattern: str) -> Mapping[str, str] | None:
    """Return what a text of this pattern is, in each language; None where nobody said."""
    return _WORDS.get(pattern)


SIX_DIGITS: Final = shape(r"^[0-9]{6}$", zh="6 位数字", en="6 digits")
"""The code of an administrative division (GB/T 2260), or one that is typed once."""
DIGEST: Final = shape(
    r"^[0-9a-f]{64}$",
    zh="64 位十六进制数（小写），如 SHA-256 摘要",
    en="64 hexadecimal digits in lower case, such as a SHA-256",
)
WEB_ADDRESS: Final = shape(
    r"^https?://[^\s\x00-\x1f]{1,480}$",
    zh="以 http:// 或 https:// 开头的网址",
    en="an address that begins with http:// or https://",
)
SECURE_ADDRESS: Final = shape(
    r"^https://\S+$",
    zh="以 https:// 开头的网址",
    en="an address that begins with https://",
)
PHONE: Final = shape(
    r"^\+?[0-9][0-9 -]{5,19}$",
    zh="电话号码：6 至 20 位数字，可含空格和连字符，可以 + 开头",
    en="a phone number of 6 to 20 digits, spaces and hyphens, with or without a + before",
)
MATTER_CODE: Final = shape(
    r"^[0-9A-Z]{18}[1-5][0-9]{12}$",
    zh="31 位实施编码：18 位统一社会信用代码、1 位行使层级（1–5）、12 位基本编码",
    en="a matter's code: 18 characters of a credit code, a level from 1 to 5, 12 digits",
)
"""事项实施编码, by 政务服务事项基本目录编码规则."""
LIKE_A_MATTER_CODE: Final = shape(
    r"^[0-9A-Z]{31}$",
    zh="31 位实施编码（大写字母和数字）",
    en="a matter's code of 31 capital letters and digits",
)
"""Of its length and letters: whether there is such a matter tells more than its parts."""
