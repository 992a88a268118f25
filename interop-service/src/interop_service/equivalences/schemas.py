"""The register as it comes in and goes out, and the question what need not be brought."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from interop_service.equivalences.rules import EquivalentKind
from interop_service.partners.schemas import DistrictCode, KnownDistrict, MatterCode
from tongban.problems import field_fault
from tongban.texts import Code, Line

__all__ = [
    "EquivalenceIn",
    "EquivalenceRead",
    "EquivalenceVersionRead",
    "LookUpIn",
    "LookedUp",
    "RowVerdict",
    "VerdictRead",
]


class EquivalenceIn(BaseModel):
    """A line to keep, new or changed; it is known by agreement, kind and the two types."""

    model_config = ConfigDict(extra="forbid")

    agreement: Code
    kind: EquivalentKind
    our_type: Code = Field(examples=["business_licence"])
    their_type: Code = Field(examples=["enterprise_licence"])
    valid_from: date
    valid_until: date | None = None
    basis: Line = Field(
        description="互认依据 / what it rests on", examples=["《跨区通办合作协议》第六条"]
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise field_fault("dates", zh="截止日早于生效日", en="valid_until is before valid_from")
        return self


class EquivalenceRead(BaseModel):
    """A line of the register."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    partner: str
    agreement: str
    kind: EquivalentKind
    our_type: str
    their_type: str
    valid_from: date
    valid_until: date | None
    basis: str
    updated_at: datetime


class EquivalenceVersionRead(BaseModel):
    """What a line said, from then until the next version."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    valid_from: date
    valid_until: date | None
    basis: str
    kept_at: datetime
    kept_by: str


class AskedMaterial(BaseModel):
    """A material, as a matter asks for it."""

    model_config = ConfigDict(extra="ignore")

    key: Code
    name: Line
    waived_by: list[Code] = []
    """The owner's licence types that prove it instead."""


class HeldLicence(BaseModel):
    """What the applicant holds; its number is not asked for."""

    model_config = ConfigDict(extra="forbid")

    issuer: KnownDistrict
    licence_type: Code
    valid_until: date | None = None


class LookUpIn(BaseModel):
    """免提交查询: for a matter, or materials, and what the applicant holds; or for an agreement."""

    model_config = ConfigDict(extra="forbid")

    agreement: Code
    owner: DistrictCode | None = Field(
        default=None, description="办理区，默认协议的合作区 / by default the agreement's partner"
    )
    matter_code: MatterCode | None = None
    materials: Annotated[list[AskedMaterial], Field(max_length=200)] = []
    held: Annotated[list[HeldLicence], Field(max_length=200)] = []


class VerdictRead(BaseModel):
    """Whether a material must be brought, and why."""

    key: str
    name: str
    is_needed: bool
    proven_by: HeldLicence | None
    equivalence_id: UUID | None
    reasons: list[str]


class RowVerdict(EquivalenceRead):
    """A line, whether it counts today, and if not, why."""

    counts: bool
    reasons: list[str]


class LookedUp(BaseModel):
    """What need not be brought, and what counts as equal under the agreement today."""

    agreement: str
    owner: str
    materials: list[VerdictRead]
    equivalences: list[RowVerdict]
