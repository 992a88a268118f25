"""The words for what a case rests on of another district's (采信)."""

from enum import StrEnum

__all__ = ["ProofFault", "ProofState", "RelianceState"]


class ProofState(StrEnum):
    """Whether a partner's document may be relied on, as the exchange tells."""

    USABLE = "usable"  # 可采信
    DISPUTED = "disputed"  # 有异议
    ENDED = "ended"  # 已失效


class RelianceState(StrEnum):
    """How what a case relied on stands since."""

    STANDING = "standing"  # 有效
    DISPUTED = "disputed"  # 有异议
    ENDED = "ended"  # 已失效


class ProofFault(StrEnum):
    """Why a partner's document does not prove a material here."""

    OTHER_TYPE = "other_type"  # 不能替代此材料
    OTHER_PURPOSE = "other_purpose"  # 与查验或调取的用途不符
    LAPSED = "lapsed"  # 查验或调取已过期限
    EXPIRED = "expired"  # 证照已过期
    DISPUTED = "disputed"  # 证照有异议
    ENDED = "ended"  # 证照已失效
