"""Reliances and disputes: as they come in, go out, and travel between two districts."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from interop_service.exchanges.messages import Message
from interop_service.issued.rules import Ending
from interop_service.partners.schemas import DistrictCode
from interop_service.reliances.rules import (
    DisputeGround,
    DisputeState,
    RelianceParty,
    RelianceState,
    RelianceStep,
)
from tongban.instants import Instant
from tongban.texts import Code, Line, Statement

__all__ = [
    "AnswerIn",
    "DisputeDetail",
    "DisputeIn",
    "DisputeRead",
    "DocumentEndingIn",
    "Reason",
    "RelianceDetail",
    "RelianceMessage",
    "RelianceRead",
    "RelianceStepMessage",
    "StepKind",
    "UpholdIn",
]

Encrypted = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
StepKind = Literal["dispute_raised", "dispute_answered", "disputed", "cleared", "ended"]


class RelianceRead(BaseModel):
    """A case that rests on a document: which, whose, and how it stands since."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    party: RelianceParty
    partner: DistrictCode
    agreement: str
    proof_id: UUID
    document_number: str
    case_id: UUID | None
    case_number: str
    """采信区的办件号 / the relying district's case"""
    relied_at: datetime
    state: RelianceState
    change: Ending | None
    effective_from: date | None
    changed_at: datetime | None
    told_at: datetime | None
    last_fault: str | None


class DisputeIn(BaseModel):
    """Why this district doubts what it relied on."""

    model_config = ConfigDict(extra="forbid")

    ground: DisputeGround
    reason: Statement = Field(description="事实与理由 / what was found")


class AnswerIn(BaseModel):
    """What the issuer found."""

    model_config = ConfigDict(extra="forbid")

    reason: Statement = Field(description="核查情况 / what was found")


class UpholdIn(AnswerIn):
    """What the issuer found, and what becomes of the document."""

    change: Ending = Ending.RESCINDED


class DocumentEndingIn(BaseModel):
    """A document of this district's, no licence, that stands no more."""

    model_config = ConfigDict(extra="forbid")

    document_number: Line
    change: Ending
    effective_from: date
    reason: Statement = Field(description="事实与依据，留存备查 / why, kept on record")


class DisputeRead(BaseModel):
    """A dispute, as this district knows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    party: RelianceParty
    partner: DistrictCode
    reliance_id: UUID
    document_number: str
    ground: DisputeGround
    state: DisputeState
    raised_at: datetime
    due_on: date | None
    answered_at: datetime | None
    is_overdue: bool = False
    """未在期限内答复 / not answered in time"""


class DisputeDetail(DisputeRead):
    """A dispute with what either district says; each reading is on record."""

    reason: str
    answer: str | None


class RelianceDetail(RelianceRead):
    """A reliance with its disputes, and what may be done here now."""

    disputes: list[DisputeRead]
    actions: list[RelianceStep]


class Reason(BaseModel):
    """What one district tells the other alone, in the encrypted part."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=5000)]


class RelianceMessage(Message):
    """采信告知: relying district to issuer, once for each case."""

    proof_id: UUID
    document_number: Line
    case_number: Line
    relied_at: Instant


class RelianceStepMessage(Message):
    """What follows for a document that was relied on, from whose step it is."""

    kind: StepKind
    at: Instant
    change: Ending | None = None
    """With `ended`: what ended it."""
    effective_from: date | None = None
    ground: Code | None = None
    """With `dispute_raised`: a word of the list."""
    dispute_id: UUID | None = None
    """With `dispute_raised` and `dispute_answered`."""
    outcome: Literal["upheld", "rejected"] | None = None
    is_cleared: bool | None = None
    """With a rejection: nobody else disputes it either."""
    content: Encrypted | None = None
    """A compact JWE of the reason, for the receiver's encryption key."""
