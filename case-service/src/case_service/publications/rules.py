"""What of a licence decision is made public, and by when (双公示). Pure: values in, values out.

A firm is named with its credit code. Of a person no more is told than a masked name: numbers,
phones and addresses are left out, and struck from whatever text is told.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tongban import gb

__all__ = ["PUBLISH_DAYS", "PublicationState", "disclosed_holder", "scrubbed"]

PUBLISH_DAYS: Final = 7
"""Working days within which a decision is made public."""
_STRUCK: Final = "*"
# A credit code has letters where these have none: a firm's number stays.
_IDENTITY: Final = re.compile(r"(?<![0-9A-Za-z])\d{6}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])")
_OLD_IDENTITY: Final = re.compile(r"(?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z])")
_PHONE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])"
)


class PublicationState(StrEnum):
    WAITING = "waiting"  # 待公示
    PUBLISHED = "published"  # 已公示
    WITHDRAWN = "withdrawn"  # 已撤下


def disclosed_holder(holder: Mapping[str, str]) -> dict[str, str | None]:
    """Return what is told of a holder: a firm's name and code, a person's masked name."""
    name, code = holder.get("name", ""), holder.get("credit_code")
    if code:
        return {"holder": scrubbed(name), "credit_code": code}
    return {"holder": gb.mask_name(name), "credit_code": None}


def scrubbed(text: str) -> str:
    """Return a text without the numbers that lead to a person."""
    for pattern in (_IDENTITY, _OLD_IDENTITY, _PHONE):
        text = pattern.sub(lambda found: _STRUCK * len(found.group()), text)
    return text
