"""Licences as they come in and go out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.documents.schemas import IssuedBy
from case_service.licences.rules import LicenceState, Standing
from tongban.texts import Line

__all__ = ["LicenceRead", "LicenceSummary", "LicenceVerified", "Revocation", "SealedLicence"]


class SealedLicence(BaseModel):
    """A licence as it was handed out; the seal covers every letter of it."""

    number: str = Field(examples=["610171-ZZ-2026-000045"])
    verification_code: str
    licence_type: str
    name: str
    issued_by: IssuedBy
    case_number: str
    holder: dict[str, str]
    # Text, not dates: to write them another way would break the seal.
    valid_from: str
    valid_until: str | None
    seal: str = Field(description="电子印章：JWS 紧凑格式 / compact JWS, alg Ed25519")


class LicenceSummary(BaseModel):
    """A licence in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    number: str
    verification_code: str
    licence_type: str
    name: str
    standing: Standing
    valid_from: date
    valid_until: date | None


class LicenceRead(LicenceSummary):
    """A licence for its holder, or for who works with it."""

    state: LicenceState
    issued_at: datetime
    revoked_at: datetime | None
    revocation_reason: str | None
    document: SealedLicence


class LicenceVerified(BaseModel):
    """What anybody is told who is shown a licence: enough to believe it, and no more."""

    standing: Standing
    number: str | None = None
    licence_type: str | None = None
    name: str | None = None
    issued_by: IssuedBy | None = None
    holder: str | None = Field(default=None, description="持证人（已脱敏）/ masked")
    valid_from: date | None = None
    valid_until: date | None = None
    revoked_at: datetime | None = None
    seal: str | None = Field(
        default=None, description="对整份证照规范化摘要的签名 / the seal over the whole licence"
    )


class Revocation(BaseModel):
    """Why a licence is revoked."""

    model_config = ConfigDict(extra="forbid")

    reason: Line
