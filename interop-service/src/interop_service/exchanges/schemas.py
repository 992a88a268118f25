"""What goes between two districts, and what staff see of it."""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from interop_service.errors import PackageUnreadable
from interop_service.exchanges.rules import (
    DeliveryState,
    FaultOf,
    MessageKind,
    Side,
    Stage,
    State,
)
from interop_service.partners.schemas import DistrictCode, MatterCode
from interop_service.suites import Suite
from tongban.texts import Code, Line

__all__ = [
    "CasePackage",
    "DistrictMessage",
    "ExchangeDetail",
    "ExchangeRead",
    "OwnKeySet",
    "PackageMessage",
    "ReceiptMessage",
    "ReceiptRead",
    "ResultMessage",
    "ResultPayload",
]

Encrypted = Annotated[str, StringConstraints(min_length=1)]
Outcome = Literal["granted", "denied", "declined", "withdrawn"]
Score = Annotated[int, Field(ge=1, le=5)]


class DistrictMessage(BaseModel):
    """What every message between two districts says of itself."""

    protocol: Literal["2"]
    from_district: DistrictCode
    to_district: DistrictCode
    sent_at: AwareDatetime


class Message(DistrictMessage):
    """A message of an exchange."""

    exchange_id: UUID


class PackageMessage(Message):
    """办件材料包: near side to owner, opens the exchange."""

    agreement: Code
    mode: Code
    matter_code: MatterCode
    near_number: Line
    package: Encrypted
    """A compact JWE of the case package, for the owner's encryption key."""


class ReceiptMessage(Message):
    """进度或评价: the owner's progress, or the near side's rating."""

    kind: Literal["accepted", "corrections_requested", "decided", "rated"]
    owner_number: Line | None = None
    """With a progress: the case's number at the owner."""
    score: Score | None = None
    """With a rating: 1 to 5."""
    at: AwareDatetime

    @property
    def stage(self) -> Stage | None:
        return None if self.kind == "rated" else Stage(self.kind)


class ResultMessage(Message):
    """办理结果: owner to near side, ends the exchange."""

    result: Encrypted
    """A compact JWE of the result, for the near side's encryption key."""


class PackageMaterial(BaseModel):
    """One material with its bytes."""

    model_config = ConfigDict(extra="allow")

    key: Code
    name: Line
    media_type: Line
    size: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    content: str


class PackageApplicant(BaseModel):
    """The applicant: what must be there; the rest passes to the case as it is."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["person", "enterprise"]
    name: Line


class CasePackage(BaseModel):
    """办件材料包, opened: the case as the near side received it."""

    model_config = ConfigDict(extra="allow")

    near_number: Line
    matter_code: MatterCode
    channel: Code
    applicant: PackageApplicant
    agent: dict[str, Any] | None = None
    form: dict[str, Any] = {}
    situation_answers: dict[str, Any] = {}
    materials: list[PackageMaterial] = []
    receipt: dict[str, Any] | None = None
    received_at: AwareDatetime

    def require_whole(self) -> None:
        """Check each material's bytes against its size and digest.

        Raises:
            PackageUnreadable: 422, naming the material.
        """
        for material in self.materials:
            try:
                content = base64.b64decode(material.content, validate=True)
            except binascii.Error:
                raise PackageUnreadable(reason=f"material {material.key}: base64") from None
            if len(content) != material.size:
                raise PackageUnreadable(reason=f"material {material.key}: size")
            if hashlib.sha256(content).hexdigest() != material.sha256:
                raise PackageUnreadable(reason=f"material {material.key}: sha256")


class ResultPayload(BaseModel):
    """办理结果, opened."""

    model_config = ConfigDict(extra="allow")

    owner_number: Line
    outcome: Outcome
    outside_number: Line | None = None
    notice: dict[str, Any] | None = None
    """The sealed result notice."""


class PublicKey(BaseModel):
    """A public JWK."""

    kty: Literal["OKP", "EC"]
    crv: Literal["Ed25519", "X25519", "SM2"]
    x: str
    y: str | None = None
    kid: str
    use: Literal["sig", "enc"]
    nbf: int | None = None
    exp: int | None = None


class OwnKeySet(BaseModel):
    """本区公钥: a JWK set (RFC 7517), and what a partner needs to know besides."""

    district: str
    name: str
    protocol: Literal["2"] = "2"
    suites: list[Suite]
    keys: list[PublicKey]


class ExchangeRead(BaseModel):
    """An exchange, as this district knows it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    side: Side
    partner: str
    agreement: str | None
    mode: str
    matter_code: str
    case_id: UUID | None
    near_number: str | None
    owner_number: str | None
    outcome: str | None
    score: int | None
    state: State
    last_fault: str | None
    created_at: datetime
    updated_at: datetime


class HopRead(BaseModel):
    """Which district held the case since when."""

    model_config = ConfigDict(from_attributes=True)

    state: State
    holder: str
    at: datetime
    note: str | None


class DeliveryRead(BaseModel):
    """A message to the partner and how its sending went."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: MessageKind
    state: DeliveryState
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime
    last_fault: str | None
    fault_of: FaultOf | None


class ExchangeDetail(ExchangeRead):
    """An exchange with where it was, and its messages."""

    hops: list[HopRead]
    deliveries: list[DeliveryRead]


class ReceiptRead(BaseModel):
    """A signed receipt, given or got."""

    model_config = ConfigDict(from_attributes=True)

    receipt_id: UUID
    message_id: UUID
    message_kind: MessageKind
    exchange_id: UUID
    digest: str
    digest_algorithm: str
    at: datetime
    by: str
    signature: str
