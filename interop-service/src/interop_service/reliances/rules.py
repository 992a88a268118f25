"""What becomes of a document that another district relied on (采信与异议). Pure.

One table for both sides: the relying district (采信区) may dispute what it relied on, the issuer
(签发区) clears it or ends it. What ended stays ended, and a step that came already changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "ANSWER_DAYS",
    "TAKEN_BY",
    "TRANSITIONS",
    "DisputeGround",
    "DisputeState",
    "RelianceParty",
    "RelianceState",
    "RelianceStep",
    "next_state",
    "steps_from",
]

ANSWER_DAYS: Final = 10
"""Working days in which an issuer answers a dispute, from its receipt."""


class RelianceParty(StrEnum):
    """Which of the two districts this one is."""

    RELYING = "relying"  # 采信区
    ISSUER = "issuer"  # 签发区


class RelianceState(StrEnum):
    """How what was relied on stands since."""

    STANDING = "standing"  # 有效
    DISPUTED = "disputed"  # 有异议
    ENDED = "ended"  # 已失效


class RelianceStep(StrEnum):
    """What happens to a document that was relied on."""

    DISPUTE = "dispute"  # 提出异议
    CLEAR = "clear"  # 异议解除
    END = "end"  # 失效


class DisputeState(StrEnum):
    """Where a dispute is."""

    RAISED = "raised"  # 待答复
    UPHELD = "upheld"  # 异议成立
    REJECTED = "rejected"  # 异议不成立


class DisputeGround(StrEnum):
    """Why a district doubts a document."""

    SEAL_DOUBTED = "seal_doubted"  # 印章存疑
    CONTENT_WRONG = "content_wrong"  # 内容与事实不符
    OTHER_HOLDER = "other_holder"  # 持证人不符
    OBTAINED_WRONGLY = "obtained_wrongly"  # 涉嫌不当取得
    OTHER_GROUND = "other_ground"  # 其他理由


TRANSITIONS: Mapping[tuple[RelianceState, RelianceStep], RelianceState] = MappingProxyType(
    {
        (RelianceState.STANDING, RelianceStep.DISPUTE): RelianceState.DISPUTED,
        (RelianceState.STANDING, RelianceStep.CLEAR): RelianceState.STANDING,
        (RelianceState.STANDING, RelianceStep.END): RelianceState.ENDED,
        # A second dispute of the same document is a dispute of its own; this stays disputed.
        (RelianceState.DISPUTED, RelianceStep.DISPUTE): RelianceState.DISPUTED,
        (RelianceState.DISPUTED, RelianceStep.CLEAR): RelianceState.STANDING,
        (RelianceState.DISPUTED, RelianceStep.END): RelianceState.ENDED,
        # The two districts' letters may cross: what ended is ended whatever else comes.
        (RelianceState.ENDED, RelianceStep.DISPUTE): RelianceState.ENDED,
        (RelianceState.ENDED, RelianceStep.CLEAR): RelianceState.ENDED,
        (RelianceState.ENDED, RelianceStep.END): RelianceState.ENDED,
    }
)

TAKEN_BY: Mapping[RelianceStep, frozenset[RelianceParty]] = MappingProxyType(
    {
        RelianceStep.DISPUTE: frozenset(RelianceParty),
        RelianceStep.CLEAR: frozenset({RelianceParty.ISSUER}),
        RelianceStep.END: frozenset({RelianceParty.ISSUER}),
    }
)
"""Whose step it is: the issuer passes on what another district disputes."""


def next_state(state: RelianceState, step: RelianceStep) -> RelianceState:
    """Return the state after a step; every step may come in every state."""
    return TRANSITIONS[state, step]


def steps_from(state: RelianceState, party: RelianceParty) -> list[RelianceStep]:
    """Return what this side may do that changes something."""
    return [
        step
        for (at, step), after in TRANSITIONS.items()
        if at is state and after is not state and party in TAKEN_BY[step]
    ]
