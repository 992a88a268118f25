"""Asking an issuer about its licence (证照查验): states, and what an answer is worth. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from interop_service.issued.rules import Standing

__all__ = [
    "ANSWERED_WITHIN",
    "TRANSITIONS",
    "USABLE_FOR",
    "Doubt",
    "ProofState",
    "VerificationParty",
    "VerificationState",
    "VerificationStep",
    "doubts",
    "next_state",
]

ANSWERED_WITHIN: Final = timedelta(days=1)
"""So long a question waits for a partner that is down; then it is asked anew, if still wanted."""
USABLE_FOR: Final = timedelta(days=1)
"""An answer is about one moment: so long after it a case may rest on it."""


class VerificationParty(StrEnum):
    """Which of the two districts this one is."""

    ASKER = "asker"  # 查验区
    ISSUER = "issuer"  # 签发区


class VerificationState(StrEnum):
    """Where a question is."""

    ASKED = "asked"  # 已申请查验
    ANSWERED = "answered"  # 已答复
    REFUSED = "refused"  # 签发区不予答复
    EXPIRED = "expired"  # 逾期未答复


class VerificationStep(StrEnum):
    """What moves a question on."""

    ANSWER = "answer"  # 答复
    REFUSE = "refuse"  # 不予答复
    EXPIRE = "expire"  # 期限届满


TRANSITIONS: Mapping[tuple[VerificationState, VerificationStep], VerificationState] = (
    MappingProxyType(
        {
            (VerificationState.ASKED, VerificationStep.ANSWER): VerificationState.ANSWERED,
            (VerificationState.ASKED, VerificationStep.REFUSE): VerificationState.REFUSED,
            (VerificationState.ASKED, VerificationStep.EXPIRE): VerificationState.EXPIRED,
        }
    )
)


class ProofState(StrEnum):
    """Whether a partner's document that was verified or fetched may be relied on."""

    USABLE = "usable"  # 可采信
    DISPUTED = "disputed"  # 有异议
    ENDED = "ended"  # 已失效


class Doubt(StrEnum):
    """Why a licence, for all its issuer answered, does not count."""

    NOT_IN_FORCE = "not_in_force"  # 未在有效状态
    OTHER_CONTENT = "other_content"  # 内容与签发不符
    DISPUTED = "disputed"  # 有异议


def next_state(state: VerificationState, step: VerificationStep) -> VerificationState | None:
    """Return the state after a step; None where it may not be taken."""
    return TRANSITIONS.get((state, step))


def doubts(
    *, standing: Standing, content_matches: bool | None, is_disputed: bool
) -> tuple[Doubt, ...]:
    """Return every reason against a licence; none means that it is genuine and in force."""
    found = []
    if standing is not Standing.VALID:
        found.append(Doubt.NOT_IN_FORCE)
    if content_matches is False:
        found.append(Doubt.OTHER_CONTENT)
    if is_disputed:
        found.append(Doubt.DISPUTED)
    return tuple(found)
