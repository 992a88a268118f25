"""The words of letters. Pure."""

from enum import StrEnum

__all__ = ["LetterKind"]


class LetterKind(StrEnum):
    """What a letter says."""

    EVIDENCE_REQUESTED = "evidence_requested"  # 调取申请
    EVIDENCE_PREVIEWED = "evidence_previewed"  # 证明预览
    EVIDENCE_ACCEPTED = "evidence_accepted"  # 申请人同意使用
    EVIDENCE_REFUSED = "evidence_refused"  # 申请人拒绝使用
    EVIDENCE_DELIVERED = "evidence_delivered"  # 证明已提供
    EVIDENCE_DENIED = "evidence_denied"  # 证明不予提供
