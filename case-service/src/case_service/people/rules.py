"""What is erased at a person's wish, and what the law keeps (个人信息保护法 Art. 47).

Pure: values in, values out.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from case_service.cases.rules import Outcome, Stage

__all__ = ["CASE_YEARS", "CaseAge", "Kept", "PersonRequest", "kept_because", "retention_ends_on"]

CASE_YEARS: Final = 10
"""归档保存期限: how long the law keeps the file of a handled case (文书档案保管期限规定)."""


class PersonRequest(StrEnum):
    EXPORT = "export"  # 查阅复制
    ERASURE = "erasure"  # 删除


class Kept(StrEnum):
    """Why something is not erased."""

    UNDER_WAY = "under_way"  # 正在办理
    RETENTION = "retention"  # 法定保存期内
    LICENCE_VALID = "licence_valid"  # 证照有效
    PROOF_OF_CONSENT = "proof_of_consent"  # 同意的证明
    ENQUIRY_OPEN = "enquiry_open"  # 咨询投诉未办结


@dataclass(frozen=True, kw_only=True)
class CaseAge:
    """What the law asks about a case before its personal data goes."""

    stage: Stage
    outcome: Outcome | None
    was_received: bool
    closed_on: date | None
    has_valid_licence: bool


def retention_ends_on(closed_on: date) -> date:
    """Return the first day on which the law keeps the file no longer."""
    try:
        return closed_on.replace(year=closed_on.year + CASE_YEARS)
    except ValueError:  # 29 February
        return date(closed_on.year + CASE_YEARS, 3, 1)


def kept_because(case: CaseAge, *, today: date) -> Kept | None:
    """Return why a case's personal data stays; None where it is erased at once."""
    if case.closed_on is None:
        return Kept.UNDER_WAY
    if case.has_valid_licence:
        return Kept.LICENCE_VALID
    # Withdrawn before anybody took it in: nothing official was done, so nothing is filed.
    if case.stage is Stage.WITHDRAWN and not case.was_received:
        return None
    return Kept.RETENTION if today < retention_ends_on(case.closed_on) else None
