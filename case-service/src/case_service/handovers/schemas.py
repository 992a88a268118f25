"""Handovers as they come in and go out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.handovers.rules import HandoverState
from case_service.licences.vocabulary import LicenceDecision
from tongban.texts import Paragraph

__all__ = ["AcknowledgeIn", "HandoverRead"]


class HandoverRead(BaseModel):
    """审管联动移交单."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    licence_id: UUID
    case_number: str
    licence_number: str
    licence_type: str
    licence_name: str
    holder_masked: str = Field(description="持证人（已脱敏）/ masked")
    decision: LicenceDecision
    department: str
    handed_over_at: datetime
    due_on: date
    is_provisional: bool
    state: HandoverState
    acknowledged_at: datetime | None
    measure: str | None
    version: int


class AcknowledgeIn(BaseModel):
    """签收."""

    model_config = ConfigDict(extra="forbid")

    measure: Paragraph | None = None
    """拟采取的监管措施 / what the department does about it"""
