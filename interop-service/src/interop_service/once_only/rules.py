"""How evidence is fetched from its owner, and when it must not be (证明调取). Pure.

After the EU's Once-Only system: request, preview, the applicant's word, delivery. Nothing is
handed over without his consent, past its limit, for another purpose, or under no agreement
(个人信息保护法 Art. 13, 23).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from interop_service.equivalences.rules import Shortfall
from interop_service.partners.rules import Denial

__all__ = [
    "FINAL",
    "TAKEN_BY",
    "TRANSITIONS",
    "Consent",
    "EvidenceState",
    "EvidenceStep",
    "Impediment",
    "Party",
    "Wish",
    "impediments",
    "next_state",
    "steps_from",
]


class Party(StrEnum):
    """Which of the two districts this one is."""

    REQUESTER = "requester"  # 调取区
    PROVIDER = "provider"  # 提供区


class EvidenceState(StrEnum):
    """Where a request is; both sides use the same words."""

    REQUESTED = "requested"  # 已申请调取
    PREVIEWED = "previewed"  # 已可预览
    ACCEPTED = "accepted"  # 申请人已同意
    REFUSED = "refused"  # 申请人已拒绝
    DELIVERED = "delivered"  # 已提供
    DENIED = "denied"  # 不予提供
    EXPIRED = "expired"  # 已过期限


class EvidenceStep(StrEnum):
    """What moves a request on."""

    PREVIEW = "preview"  # 提供预览
    ACCEPT = "accept"  # 同意使用
    REFUSE = "refuse"  # 拒绝使用
    DELIVER = "deliver"  # 提供证明
    DENY = "deny"  # 不予提供
    EXPIRE = "expire"  # 期限届满


TRANSITIONS: Mapping[tuple[EvidenceState, EvidenceStep], EvidenceState] = MappingProxyType(
    {
        (EvidenceState.REQUESTED, EvidenceStep.PREVIEW): EvidenceState.PREVIEWED,
        (EvidenceState.REQUESTED, EvidenceStep.REFUSE): EvidenceState.REFUSED,
        (EvidenceState.REQUESTED, EvidenceStep.DENY): EvidenceState.DENIED,
        (EvidenceState.REQUESTED, EvidenceStep.EXPIRE): EvidenceState.EXPIRED,
        (EvidenceState.PREVIEWED, EvidenceStep.ACCEPT): EvidenceState.ACCEPTED,
        (EvidenceState.PREVIEWED, EvidenceStep.REFUSE): EvidenceState.REFUSED,
        (EvidenceState.PREVIEWED, EvidenceStep.DENY): EvidenceState.DENIED,
        (EvidenceState.PREVIEWED, EvidenceStep.EXPIRE): EvidenceState.EXPIRED,
        (EvidenceState.ACCEPTED, EvidenceStep.DELIVER): EvidenceState.DELIVERED,
        (EvidenceState.ACCEPTED, EvidenceStep.DENY): EvidenceState.DENIED,
        (EvidenceState.ACCEPTED, EvidenceStep.EXPIRE): EvidenceState.EXPIRED,
    }
)

TAKEN_BY: Mapping[EvidenceStep, frozenset[Party]] = MappingProxyType(
    {
        EvidenceStep.PREVIEW: frozenset({Party.PROVIDER}),
        EvidenceStep.ACCEPT: frozenset({Party.REQUESTER}),
        EvidenceStep.REFUSE: frozenset({Party.REQUESTER}),
        EvidenceStep.DELIVER: frozenset({Party.PROVIDER}),
        EvidenceStep.DENY: frozenset({Party.PROVIDER}),
        # Each by its own clock: nobody has to be told that a time is over.
        EvidenceStep.EXPIRE: frozenset(Party),
    }
)
"""Whose step it is; the other learns of it by a letter."""


class Impediment(StrEnum):
    """Why evidence may not be fetched, besides what speaks against agreement and types."""

    NO_CONSENT = "no_consent"  # 无申请人授权
    CONSENT_NOT_YET = "consent_not_yet"  # 授权尚未生效
    CONSENT_OVER = "consent_over"  # 授权已过期
    OTHER_PURPOSE = "other_purpose"  # 与授权用途不符
    OTHER_EVIDENCE = "other_evidence"  # 与授权证明不符
    LIMIT_PAST = "limit_past"  # 已过调取期限
    LIMIT_BEYOND_CONSENT = "limit_beyond_consent"  # 期限超出授权
    OTHER_DOCUMENT = "other_document"  # 与预览不符
    CLOSED = "closed"  # 调取已结束


@dataclass(frozen=True)
class Consent:
    """What the applicant said yes to."""

    reference: str
    purpose: str
    evidence_type: str
    given_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Wish:
    """What is asked for, what for, and until when."""

    purpose: str
    evidence_type: str
    expires_at: datetime


FINAL = frozenset(EvidenceState) - {state for state, _ in TRANSITIONS}


def steps_from(state: EvidenceState, party: Party) -> list[EvidenceStep]:
    """Return what this side may do now; that its time runs out is nobody's to do."""
    return [
        step
        for at, step in TRANSITIONS
        if at is state and party in TAKEN_BY[step] and step is not EvidenceStep.EXPIRE
    ]


def next_state(state: EvidenceState, step: EvidenceStep, *, by: Party) -> EvidenceState | None:
    """Return the state after a side's step; None where it may not take it now."""
    return TRANSITIONS.get((state, step)) if by in TAKEN_BY[step] else None


def impediments(
    wish: Wish,
    consent: Consent | None,
    *,
    standing: Sequence[Denial],
    shortfalls: Sequence[Shortfall],
    at: datetime,
) -> list[str]:
    """Return every reason why evidence may not be fetched now; none means that it may."""
    found: list[str] = []
    if consent is None:
        found.append(Impediment.NO_CONSENT)
    else:
        if consent.given_at > at:
            found.append(Impediment.CONSENT_NOT_YET)
        if consent.expires_at <= at:
            found.append(Impediment.CONSENT_OVER)
        if consent.purpose != wish.purpose:
            found.append(Impediment.OTHER_PURPOSE)
        if consent.evidence_type != wish.evidence_type:
            found.append(Impediment.OTHER_EVIDENCE)
        if consent.expires_at < wish.expires_at:
            found.append(Impediment.LIMIT_BEYOND_CONSENT)
    if wish.expires_at <= at:
        found.append(Impediment.LIMIT_PAST)
    return [*found, *standing, *shortfalls]
