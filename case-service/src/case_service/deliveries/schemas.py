"""Deliveries as they go in and out."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.deliveries.rules import (
    DeliveryState,
    DeliveryStep,
    DeliveryWay,
    Direction,
    PostagePayer,
)
from tongban.problems import field_fault
from tongban.shapes import SIX_DIGITS
from tongban.texts import Code, Line

__all__ = ["ConfirmIn", "DeliveryIn", "DeliveryRead", "Recipient", "ReturnIn", "SendIn"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Recipient(_In):
    """收件人: to whom it goes, or by whom it was sent in."""

    name: Line
    address: Line | None = None
    phone: Line | None = None


class DeliveryIn(_In):
    """登记送达."""

    direction: Direction = Direction.TO_APPLICANT
    way: DeliveryWay
    things: Annotated[list[Line], Field(max_length=50)] = Field(default_factory=list)
    """送达文书、证照的编号，或寄入原件的名称；结果送达缺省为决定书和证照"""
    recipient: Recipient | None = None
    postage_by: PostagePayer | None = None
    locker: Line | None = None
    """自助柜位置与柜格 / which locker, which cell"""
    partner_district: Annotated[str | None, Field(pattern=SIX_DIGITS)] = None

    @model_validator(mode="after")
    def _way_has_what_it_needs(self) -> Self:
        if self.direction is Direction.FROM_APPLICANT:
            self._require(self.way is DeliveryWay.POST, "way", "原件寄入只能邮寄", "by post only")
            self._require(self.things, "things", "请列出寄入的原件", "list the originals")
        if self.way is DeliveryWay.POST:
            has_address = self.recipient is not None and self.recipient.address is not None
            self._require(has_address, "recipient", "邮寄须填地址", "post needs an address")
            self._require(self.postage_by, "postage_by", "请注明邮费由谁承担", "who bears postage")
        if self.way is DeliveryWay.LOCKER:
            self._require(self.locker, "locker", "请填写自助柜和柜格", "tell locker and cell")
        if self.way is DeliveryWay.PARTNER:
            self._require(
                self.partner_district, "partner_district", "请填写合作区代码", "tell the district"
            )
        return self

    @staticmethod
    def _require(given: object, name: str, zh: str, en: str) -> None:
        if not given:
            raise field_fault(f"{name}_missing", zh=f"{zh}（{name}）", en=f"{en} ({name})")


class SendIn(_In):
    """寄出."""

    carrier: Line | None = None
    tracking_number: Code | None = None
    """邮件号；邮寄必填 / needed for post"""


class ConfirmIn(_In):
    """签收."""

    recipient: Line | None = None
    """签收人；缺省为申请人 / who signed for it; the applicant by default"""
    code: Annotated[str | None, Field(pattern=SIX_DIGITS)] = None
    """自助柜取件码 / the locker's code"""


class ReturnIn(_In):
    """退回."""

    reason: Line


class DeliveryRead(BaseModel):
    """送达: how far a delivery is; the recipient is masked but for himself."""

    id: UUID
    case_id: UUID
    direction: Direction
    way: DeliveryWay
    state: DeliveryState
    steps: list[DeliveryStep]
    """此刻可以进行的操作 / what can be done with it now"""
    things: list[str]
    due_on: date | None
    recipient: dict[str, str]
    carrier: str | None
    tracking_number: str | None
    postage_by: PostagePayer | None
    locker: str | None
    code: str | None
    """取件码，仅申请人本人可见 / shown to the applicant alone"""
    code_ends_at: datetime | None
    consent_id: UUID | None
    partner_district: str | None
    prepared_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    returned_at: datetime | None
    return_reason: str | None
    proof_id: UUID | None
    """送达回证 / the proof of service, among the case's documents"""
    version: int
