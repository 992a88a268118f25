"""What a licence is (电子证照): its number, how long it is valid, and how it stands today.

Pure: values in, values out.
"""

import calendar
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from tongban import gb

__all__ = [
    "LicenceState",
    "Standing",
    "compose",
    "last_day",
    "mask_holder",
    "new_verification_code",
    "number_of",
    "read_code",
    "standing_on",
]

_LETTERS: Final = "ZZ"  # 证照
# Crockford's: no letter that is read for another one, as codes are typed from paper.
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 20


class LicenceState(StrEnum):
    VALID = "valid"  # 有效
    REVOKED = "revoked"  # 吊销


class Standing(StrEnum):
    """How a licence stands today, as whoever is shown one is told."""

    VALID = "valid"  # 有效
    EXPIRED = "expired"  # 已过期
    REVOKED = "revoked"  # 已吊销
    UNKNOWN = "unknown"  # 查无此证


def number_of(*, district: str, year: int, running: int) -> str:
    """Return the licence's number (证照编号), such as 610171-ZZ-2026-000045."""
    return f"{district}-{_LETTERS}-{year}-{running:06}"


def new_verification_code() -> str:
    """Return a code that nobody guesses: a hundred bits."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))


def read_code(typed: str) -> str:
    """Return a verification code as it is stored, however it was typed."""
    return typed.upper().replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")


def last_day(valid_from: date, months: int | None) -> date | None:
    """Return the last day of a validity of `months`; None where it has no end."""
    if months is None:
        return None
    year, month = divmod(valid_from.year * 12 + valid_from.month - 1 + months, 12)
    month += 1
    days_in_month = calendar.monthrange(year, month)[1]
    if valid_from.day > days_in_month:
        return date(year, month, days_in_month)
    return date(year, month, valid_from.day) - timedelta(days=1)


def standing_on(day: date, *, state: LicenceState, valid_until: date | None) -> Standing:
    """Return how a licence stands on `day`: a revoked one never counts as merely expired."""
    if state is LicenceState.REVOKED:
        return Standing.REVOKED
    if valid_until is not None and day > valid_until:
        return Standing.EXPIRED
    return Standing.VALID


def mask_holder(holder: Mapping[str, str]) -> str:
    """Return the holder's name as anybody may see it; a firm's is public, a person's is masked."""
    name = holder.get("name", "")
    return name if "credit_code" in holder else gb.mask_name(name)


def compose(
    *,
    number: str,
    verification_code: str,
    licence_type: str,
    name: str,
    district: str,
    body: str,
    case_number: str,
    holder: Mapping[str, str],
    valid_from: date,
    valid_until: date | None,
) -> dict[str, Any]:
    """Return the licence's content, as yet without its seal."""
    return {
        "number": number,
        "verification_code": verification_code,
        "licence_type": licence_type,
        "name": name,
        "issued_by": {"district": district, "body": body},
        "case_number": case_number,
        "holder": dict(holder),
        "valid_from": valid_from.isoformat(),
        "valid_until": valid_until.isoformat() if valid_until else None,
    }
