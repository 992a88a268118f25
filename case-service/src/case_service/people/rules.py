"""What is erased at a person's wish, and what the law keeps (个人信息保护法 Art. 47).

Pure: values in, values out.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from case_service.cases.rules import Outcome, Stage

__all__ = ["CaseAge", "Kept", "PersonRequest", "kept_because"]


class PersonRequest(StrEnum):
    EXPORT = "export"  # 查阅复制
    ERASURE = "erasure"  # 删除


class Kept(StrEnum):
    """Why something is not erased."""

    UNDER_WAY = "under_way"  # 正在办理
    RETENTION = "retention"  # 法定保存期内
    APPRAISAL = "appraisal"  # 期满待鉴定销毁
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
    kept_until: date | None
    """The first day on which the law keeps its file no longer; None is for ever."""
    is_filed: bool
    """It is in the archive, from which nothing goes without an appraisal and two persons."""


def kept_because(case: CaseAge, *, today: date) -> Kept | None:
    """Return why a case's personal data stays; None where it is erased at once."""
    if case.closed_on is None:
        return Kept.UNDER_WAY
    if case.has_valid_licence:
        return Kept.LICENCE_VALID
    # Withdrawn before anybody took it in: nothing official was done, so nothing is filed.
    if case.stage is Stage.WITHDRAWN and not case.was_received:
        return None
    if case.kept_until is None or today < case.kept_until:
        return Kept.RETENTION
    return Kept.APPRAISAL if case.is_filed else None
