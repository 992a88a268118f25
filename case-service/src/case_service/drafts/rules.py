"""What a draft is, and who holds it (草稿). Pure: values in, values out."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

__all__ = ["CODE_ALPHABET", "CODE_HOURS", "CODE_LENGTH", "DraftState", "holds", "kept_until"]


class DraftState(StrEnum):
    OPEN = "open"  # 填写中
    SUBMITTED = "submitted"  # 已提交
    EXPIRED = "expired"  # 已过期


CODE_HOURS: Final = 24
"""So long a code resumes a draft, once."""
CODE_LENGTH: Final = 10
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without what is read for something else."""


def holds(subject: str, holders: Collection[str | None]) -> bool:
    """Tell whether a draft is open to this account: it began it, or resumed it."""
    return subject in holders


def kept_until(saved_at: datetime, days: int) -> datetime:
    """Return when a draft goes that nobody goes on with."""
    return saved_at + timedelta(days=days)
