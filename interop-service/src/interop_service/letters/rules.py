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
    VERIFICATION_ASKED = "verification_asked"  # 证照查验申请
    VERIFICATION_ANSWERED = "verification_answered"  # 证照查验答复
    RELIED_ON = "relied_on"  # 采信告知
    RELIANCE_DISPUTED = "reliance_disputed"  # 异议告知
    RELIANCE_CLEARED = "reliance_cleared"  # 异议解除告知
    RELIANCE_ENDED = "reliance_ended"  # 失效告知
    DISPUTE_RAISED = "dispute_raised"  # 提出异议
    DISPUTE_ANSWERED = "dispute_answered"  # 异议答复
