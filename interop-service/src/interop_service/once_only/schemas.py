"""Requests for evidence: as they come in, go out, and travel between two districts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from interop_service.exchanges.messages import Message
from interop_service.once_only.rules import Consent, EvidenceState, EvidenceStep, Party
from interop_service.partners.schemas import DistrictCode, JsonObject, MatterCode
from tongban.instants import Instant
from tongban.texts import Code, Line

__all__ = [
    "DenialIn",
    "EvidenceContent",
    "EvidenceOffer",
    "EvidenceRequestDetail",
    "EvidenceRequestIn",
    "EvidenceRequestMessage",
    "EvidenceRequestRead",
    "EvidenceStepMessage",
    "Holder",
    "Preview",
    "RequestContent",
]

Encrypted = Annotated[str, StringConstraints(min_length=1)]


class Holder(BaseModel):
    """Whose evidence it is."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["person", "enterprise"]
    name: Line
    identity_number: Line | None = None
    credit_code: Line | None = None


class ConsentGiven(BaseModel):
    """授权: what the applicant agreed to, and where that is on record."""

    model_config = ConfigDict(extra="forbid")

    reference: Line = Field(description="授权记录编号 / where the consent is on record")
    purpose: MatterCode
    evidence_type: Code
    given_at: Instant
    expires_at: Instant

    def terms(self) -> Consent:
        return Consent(**self.model_dump())


class EvidenceRequestIn(BaseModel):
    """A request for evidence, with the applicant's consent."""

    model_config = ConfigDict(extra="forbid")

    agreement: Code
    evidence_type: Code = Field(description="对方证照类型 / the provider's type")
    counts_as: Code = Field(description="相当于本区的类型 / our type that it counts as")
    purpose: MatterCode = Field(description="用于办理的事项 / the matter it is for")
    holder: Holder
    consent: ConsentGiven | None = None
    expires_at: Instant = Field(description="调取和使用的期限 / the limit of fetch and use")


class EvidenceOffer(BaseModel):
    """What the provider has: its sealed document."""

    model_config = ConfigDict(extra="forbid")

    document: JsonObject


class DenialIn(BaseModel):
    """Why the provider does not provide."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["not_found", "not_shared"]


class Preview(BaseModel):
    """预览: what the applicant sees before he says yes."""

    number: str
    kind: str
    name: str | None = None
    issued_by: dict[str, Any]
    valid_from: str | None = None
    valid_until: str | None = None
    sha256: str
    """Of the document's canonical JSON: what is delivered later must be this one."""


class EvidenceRequestRead(BaseModel):
    """A request for evidence, as this district knows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    party: Party
    partner: DistrictCode
    agreement: str
    evidence_type: str
    counts_as: str
    purpose: str
    consent_reference: str
    expires_at: datetime
    state: EvidenceState
    reasons: list[str]
    created_at: datetime
    updated_at: datetime


class EvidenceRequestDetail(EvidenceRequestRead):
    """A request with its preview, where there is one, and what may be done here now."""

    preview: Preview | None
    holder: Holder | None
    """For who has to look for it: at the provider, as long as the request is open."""
    actions: list[EvidenceStep]


class RequestContent(BaseModel):
    """What a request says in its encrypted part."""

    holder: Holder
    consent: ConsentGiven | None = None


class EvidenceContent(BaseModel):
    """What is delivered: the sealed document, as its issuer has it."""

    document: dict[str, Any]


class EvidenceRequestMessage(Message):
    """调取申请: requester to provider."""

    agreement: Code
    evidence_type: Code
    counts_as: Code
    purpose: MatterCode
    expires_at: Instant
    request: Encrypted
    """A compact JWE of holder and consent, for the provider's encryption key."""


class EvidenceStepMessage(Message):
    """What follows a request, from whose step it is."""

    kind: Literal["previewed", "accepted", "refused", "delivered", "denied"]
    purpose: MatterCode
    """The request's own, again: nothing is handed over for another."""
    at: Instant
    content: Encrypted | None = None
    """With `previewed` and `delivered`: a compact JWE for the requester's encryption key."""
    reasons: list[Code] = []
