"""What staff see of exchanges, and what partners need to know of this district."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from interop_service.exchanges.messages import Standing
from interop_service.exchanges.rules import (
    DeliveryState,
    FaultOf,
    HopClock,
    Light,
    MessageKind,
    ReceiptKind,
    Side,
    State,
)
from interop_service.letters.rules import LetterKind
from interop_service.partners.rules import Mode, PostageBearer
from interop_service.partners.schemas import DistrictCode
from interop_service.suites import Suite
from tongban.shapes import SECURE_ADDRESS
from tongban.texts import Line

__all__ = [
    "DeadLetterRead",
    "DeliveryRead",
    "DiscardIn",
    "ExchangeDetail",
    "ExchangeRead",
    "HopRead",
    "JointRead",
    "OwnKeySet",
    "PossibleMessages",
    "PublicKey",
    "ReceiptRead",
    "ReconcileIn",
    "ReconcileRead",
    "ReconciliationRead",
    "RemoteHelpIn",
]


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
    mode: Mode
    matter_code: str
    case_id: UUID | None
    near_number: str | None
    owner_number: str | None
    outcome: str | None
    score: int | None
    state: State
    holder: str
    """现由哪个区办理 / which district has it in hand"""
    held_since: datetime
    """自何时起 / since when"""
    is_handing_over: bool
    """已发出移交、对方尚未签收 / on its way to the other, whose receipt is not here yet"""
    clock: HopClock | None
    due_on: date | None
    light: Light | None
    joint_id: UUID | None
    remote_help: str | None
    """远程视频帮办链接"""
    withdrawal_requested_at: datetime | None
    last_fault: str | None
    created_at: datetime
    updated_at: datetime


class HopRead(BaseModel):
    """Which district held the case since when, and the clock that ran against it."""

    state: State
    holder: str
    """The light of the hop is charged to this district."""
    at: datetime
    until: datetime | None
    clock: HopClock | None
    due_on: date | None
    light: Light | None
    note: str | None


class DeliveryRead(BaseModel):
    """A message to the partner and how its sending went."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    ordinal: int
    kind: MessageKind
    state: DeliveryState
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime
    last_fault: str | None
    fault_of: FaultOf | None


class DeadLetterRead(DeliveryRead):
    """逾期未送达或被拒收的消息 / a message that did not arrive in its time, or was refused."""

    kind: MessageKind | LetterKind  # type: ignore[assignment]  # letters are of other kinds
    exchange_id: UUID
    partner: str
    created_at: datetime


class DiscardIn(BaseModel):
    """放弃发送的理由 / why a dead letter is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: Line


class JointRead(BaseModel):
    """联办进展: how the districts stand that decide in concert."""

    standing: list[Standing]
    blocking: list[str]
    """尚未办结的区 / those that are still waited for"""
    slowest: str | None
    """最慢的区：未办结的以期限先后，均已办结的以办结先后 / due first, or the last to conclude"""


class PossibleMessages(BaseModel):
    """What each side may send next."""

    near: list[MessageKind]
    owner: list[MessageKind]


class ExchangeDetail(ExchangeRead):
    """An exchange with where it was, what may follow, and its messages."""

    possible: PossibleMessages
    joint: JointRead | None
    postage_borne_by: PostageBearer | None
    """邮寄费用由谁承担，依协议"""
    hops: list[HopRead]
    deliveries: list[DeliveryRead]


class ReconcileIn(BaseModel):
    """对账: with whom; with every partner where it is left out."""

    model_config = ConfigDict(extra="forbid")

    partner: DistrictCode | None = None


class ReconcileRead(BaseModel):
    """With whom the worker reconciles now."""

    partners: list[str]


class ReconciliationRead(BaseModel):
    """对账结果: how the last comparison with a partner went."""

    model_config = ConfigDict(from_attributes=True)

    partner: str
    wanted_at: datetime
    run_at: datetime | None
    examined: int
    mended: int
    last_fault: str | None


class RemoteHelpIn(BaseModel):
    """远程视频帮办: where the two windows meet."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern=SECURE_ADDRESS, max_length=500)]


class ReceiptRead(BaseModel):
    """A signed receipt, given or got."""

    model_config = ConfigDict(from_attributes=True)

    receipt_id: UUID
    message_id: UUID
    message_kind: MessageKind
    kind: ReceiptKind
    exchange_id: UUID
    digest: str
    digest_algorithm: str
    at: datetime
    by: str
    signature: str
