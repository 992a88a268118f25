"""What is told of partners' documents that cases rest on; part of this service's public events."""

from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from tongban.messages import Event

__all__ = [
    "PUBLISHED_OF_RELIANCES",
    "DisputeOverdue",
    "ProofChanged",
    "RelianceCleared",
    "RelianceDisputed",
    "RelianceEnded",
]

_AT = datetime(2020, 6, 15, 1, 30, tzinfo=UTC)
_RELIANCE: dict[str, Any] = {
    "reliance_id": UUID("01981f3a-7c00-7000-8000-000000000031"),
    "case_id": UUID("01981f3a-7c00-7000-8000-000000000001"),
    "issuer_district": "610971",
    "document_number": "610971-ZZ-2020-000045",
    "at": _AT,
}


class ProofChanged(Event):
    """对方证照变更: a partner's document that was verified or fetched, as it counts now."""

    SUBJECT = "interop.proof.changed"

    proof_id: UUID
    """The verification's id, or the evidence request's."""
    issuer_district: str
    document_number: str
    counts_as: str
    """This district's word for what it counts as."""
    purpose: str
    """The code of the matter that it was verified or fetched for."""
    state: Literal["usable", "disputed", "ended"]
    usable_until: datetime
    """Past it a case does not begin to rest on it: it is to be verified anew."""
    valid_until: date | None

    def key(self) -> str:
        return str(self.proof_id)

    @classmethod
    def example(cls) -> Self:
        return cls(
            proof_id=UUID("01990000-0000-7000-8000-000000000021"),
            issuer_district="610971",
            document_number="610971-ZZ-2020-000045",
            counts_as="business_licence",
            purpose="11610131MB2H91845M4001030101000",
            state="usable",
            usable_until=_AT,
            valid_until=date(2030, 6, 14),
        )


class _RelianceEvent(Event):
    reliance_id: UUID
    case_id: UUID
    issuer_district: str
    document_number: str
    at: datetime

    def key(self) -> str:
        return str(self.reliance_id)

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(_RELIANCE)


class RelianceDisputed(_RelianceEvent):
    """所采信证照有异议: this district or another doubts a document that a case rests on."""

    SUBJECT = "interop.reliance.disputed"


class RelianceCleared(_RelianceEvent):
    """异议解除: the issuer found nothing wrong with it."""

    SUBJECT = "interop.reliance.cleared"


class RelianceEnded(_RelianceEvent):
    """所采信证照已失效: its issuer ended a document that a case rests on."""

    SUBJECT = "interop.reliance.ended"

    change: Literal["cancelled", "rescinded", "withdrawn", "revoked"]
    effective_from: date

    @classmethod
    def example(cls) -> Self:
        told = {"change": "revoked", "effective_from": date(2020, 6, 15)}
        return cls.model_validate(_RELIANCE | told)


class DisputeOverdue(Event):
    """异议逾期未答复: a dispute that its issuer did not answer in ten working days; told once."""

    SUBJECT = "interop.dispute.overdue"

    dispute_id: UUID
    reliance_id: UUID
    party: Literal["relying", "issuer"]
    """Which of the two this district is: as `issuer` the answer is its own to give."""
    partner: str
    """The other district."""
    document_number: str
    due_on: date

    def key(self) -> str:
        return str(self.dispute_id)

    @classmethod
    def example(cls) -> Self:
        return cls(
            dispute_id=UUID("01990000-0000-7000-8000-000000000041"),
            reliance_id=_RELIANCE["reliance_id"],
            party="issuer",
            partner="610171",
            document_number="610971-ZZ-2020-000045",
            due_on=date(2020, 7, 1),
        )


PUBLISHED_OF_RELIANCES: tuple[type[Event], ...] = (
    ProofChanged,
    RelianceDisputed,
    RelianceCleared,
    RelianceEnded,
    DisputeOverdue,
)
