"""Questions about licences: as they come in, go out, and travel between two districts."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from interop_service.exchanges.messages import Message
from interop_service.issued.rules import Standing
from interop_service.partners.schemas import DistrictCode, JsonObject, MatterCode
from interop_service.verifications.rules import (
    ProofState,
    VerificationParty,
    VerificationState,
)
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import DIGEST, shape
from tongban.texts import Code, Line

__all__ = [
    "Asked",
    "Finding",
    "FromList",
    "StatusPlace",
    "VerificationAnswerMessage",
    "VerificationDetail",
    "VerificationIn",
    "VerificationMessage",
    "VerificationRead",
]

Token = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
_PATH = shape(r"^/[\x21-\x7e]*$", zh="以 / 开头的路径", en="a path that begins with /")
Digest = Annotated[str, StringConstraints(pattern=DIGEST)]


class VerificationIn(BaseModel):
    """What was shown at the window: a number, a QR code, or the sealed licence itself."""

    model_config = ConfigDict(extra="forbid")

    agreement: Code
    licence_type: Code = Field(description="签发区证照类型 / the issuer's type")
    counts_as: Code = Field(description="相当于本区的类型 / our type that it counts as")
    purpose: MatterCode = Field(description="用于办理的事项 / the matter it is for")
    number: Line | None = Field(default=None, examples=["610971-ZZ-2026-000045"])
    presented: Line | None = Field(
        default=None, description="二维码内容或查验码 / what the QR code says, or the code"
    )
    document: JsonObject | None = Field(
        default=None, description="盖章的证照文件 / the sealed licence, as its holder has it"
    )

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if self.number is None and self.presented is None and self.document is None:
            raise field_fault(
                "one_of",
                zh="number、presented、document 至少填一个",
                en="give number, presented or document",
            )
        return self


class StatusPlace(BaseModel):
    """Where a licence's bit is in its issuer's public status lists."""

    idx: Annotated[int, Field(ge=0, le=2**31)]
    path: Annotated[str, StringConstraints(pattern=_PATH, max_length=300)]
    """At the issuer's registered address, and nowhere else."""


class VerificationRead(BaseModel):
    """A question about a licence, as this district knows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    party: VerificationParty
    partner: DistrictCode
    agreement: str
    licence_type: str
    counts_as: str
    purpose: str
    number: str | None
    state: VerificationState
    standing: Standing | None
    content_matches: bool | None
    is_disputed: bool
    valid_from: date | None
    valid_until: date | None
    invalid_from: date | None
    as_of: datetime | None
    reasons: list[str]
    proof_state: ProofState | None
    """能否据以办件；为空表示不能 / whether a case may rest on it; null: never"""
    expires_at: datetime
    created_at: datetime


class FromList(BaseModel):
    """状态列表: what the issuer's public list says, while it has not answered, or besides."""

    stands: bool
    as_of: datetime
    """When the issuer made the list."""


class VerificationDetail(VerificationRead):
    """A question with the issuer's answer as it signed it, and what its public list says."""

    answer: str | None
    from_list: FromList | None


class Asked(BaseModel):
    """What a question says in its encrypted part."""

    number: Line | None = None
    code: Line | None = None
    content_sha256: Digest | None = None


class Finding(BaseModel):
    """The issuer's answer, which it signs alone: how the licence stands at that moment."""

    protocol: Literal["2"] = "2"
    exchange_id: UUID
    issuer: DistrictCode
    asked_by: DistrictCode
    number: Line | None
    licence_type: Code
    standing: Standing
    content_matches: bool | None
    is_disputed: bool
    valid_from: date | None
    valid_until: date | None
    invalid_from: date | None
    as_of: Instant
    status_list: StatusPlace | None

    def claims(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class VerificationMessage(Message):
    """证照查验: asker to issuer."""

    agreement: Code
    licence_type: Code
    counts_as: Code
    purpose: MatterCode
    expires_at: Instant
    request: Token
    """A compact JWE of what was shown, for the issuer's encryption key."""


class VerificationAnswerMessage(Message):
    """查验答复: issuer to asker."""

    at: Instant
    answer: Token
    """A compact JWS of the finding, by one of the issuer's signing keys."""
