"""How a licence of this district's stands on a day, as another district is told. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["ENDINGS", "Ending", "Standing", "Term", "code_digest", "presented_code", "standing_on"]

VERIFY_AT: Final = "/licences/verify/"
"""What stands before the code in the address that a QR code leads to."""


class Standing(StrEnum):
    """How a licence stands, in the same words as its issuer tells whoever is shown it."""

    VALID = "valid"  # 有效
    NOT_YET_VALID = "not_yet_valid"  # 尚未生效
    EXPIRED = "expired"  # 已过期
    SUPERSEDED = "superseded"  # 已换发
    CANCELLED = "cancelled"  # 已注销
    RESCINDED = "rescinded"  # 已撤销
    WITHDRAWN = "withdrawn"  # 已撤回
    REVOKED = "revoked"  # 已吊销
    UNKNOWN = "unknown"  # 查无此证


class Ending(StrEnum):
    """What ends a document; four acts of law, kept apart as their grounds and effects are."""

    CANCELLED = "cancelled"  # 注销
    RESCINDED = "rescinded"  # 撤销
    WITHDRAWN = "withdrawn"  # 撤回
    REVOKED = "revoked"  # 吊销


ENDINGS: Mapping[str, Ending] = MappingProxyType({one.value: one for one in Ending})
"""By the word for the state that each act brings about."""


@dataclass(frozen=True)
class Term:
    """When a licence is valid, and what was done about it."""

    state: str
    valid_from: date
    valid_until: date | None
    invalid_from: date | None


def standing_on(day: date, term: Term) -> Standing:
    """Return how a licence stands on a day: an ended one is never told to be merely expired."""
    if term.state in ENDINGS:
        return Standing(term.state)
    is_replaced = term.invalid_from is not None and day >= term.invalid_from
    if is_replaced or term.state == Standing.SUPERSEDED:
        return Standing.SUPERSEDED
    if day < term.valid_from:
        return Standing.NOT_YET_VALID
    is_over = term.valid_until is not None and day > term.valid_until
    return Standing.EXPIRED if is_over else Standing.VALID


def presented_code(presented: str) -> str:
    """Return the verification code of what a person shows: a QR code's address, or the code."""
    _, found, rest = presented.strip().partition(VERIFY_AT)
    code = rest if found else presented.strip()
    return code.split("?")[0].split("#")[0].strip("/")


def code_digest(code: str) -> str:
    """Return the digest that a code is found by, however it was typed from paper."""
    plain = code.upper().replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")
    return hashlib.sha256(plain.encode()).hexdigest()
