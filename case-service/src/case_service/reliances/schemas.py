"""Reliances as they come in and go out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from case_service.cases.rules import Stage
from case_service.reliances.vocabulary import RelianceState
from tongban.texts import Code

__all__ = ["AffectedCase", "RelianceRead", "RelyIn"]


class RelyIn(BaseModel):
    """Which material is proven, and by what was verified or fetched."""

    model_config = ConfigDict(extra="forbid")

    key: Code
    """所需材料 key"""
    proof_id: UUID
    """查验编号或证明调取编号 / the verification's id, or the evidence request's"""


class RelianceRead(BaseModel):
    """What a case rests on, and how that stands now."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    case_number: str
    material_key: str
    material_name: str
    proof_id: UUID
    issuer_district: str
    document_number: str
    counts_as: str
    relied_at: datetime
    state: RelianceState
    change: str | None
    """签发区的处理：注销、撤销、撤回或吊销 / cancelled, rescinded, withdrawn or revoked"""
    effective_from: date | None
    changed_at: datetime | None


class AffectedCase(RelianceRead):
    """A case that rests on a document, and how far the case is."""

    matter_code: str
    matter_name: str
    stage: Stage
    outcome: str | None
    site_id: str | None
