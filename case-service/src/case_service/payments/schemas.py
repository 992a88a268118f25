"""Fees, payments and refunds as they are asked for and read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.cases.rules import Action
from case_service.payments.rules import (
    ChargeState,
    PaymentMethod,
    PaymentState,
    RefundReason,
    RefundState,
)
from tongban.texts import Code, Line

__all__ = ["ChargeRead", "ExemptIn", "FeesRead", "PaymentIn", "PaymentRead", "RefundRead"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PaymentIn(_In):
    """缴费: how it is paid; at a window the clerk takes it there and then."""

    method: PaymentMethod = PaymentMethod.ONLINE
    reference: Code | None = None
    """刷卡凭证号或纸质缴款书编号 / number of the card slip or the paper slip"""


class ExemptIn(_In):
    """窗口认定减免."""

    name: Line
    """减免情形，须为该事项所列 / an exemption that the matter lists"""
    evidence: Line
    """证明材料编号或说明 / what shows it"""


class ChargeRead(BaseModel):
    """应收费用."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID | None = None
    """空：受理前的预估 / null: what it will be, before acceptance"""
    name: str
    amount_cents: int
    due_cents: int
    basis: str | None
    exemption: str | None
    exemption_basis: str | None
    state: ChargeState


class PaymentRead(BaseModel):
    """缴费单."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    number: str
    amount_cents: int
    items: list[dict[str, Any]]
    method: PaymentMethod
    state: PaymentState
    pay_url: str | None = Field(default=None, description="支付页面 / where it is paid, while open")
    cashier_number: str | None
    paid_at: datetime | None
    receipt_id: UUID | None
    """电子票据 / among the case's documents"""
    expires_at: datetime | None = None
    version: int


class RefundRead(BaseModel):
    """退费."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    payment_id: UUID
    amount_cents: int
    method: PaymentMethod
    reason: RefundReason
    state: RefundState
    done_at: datetime | None
    document_id: UUID | None
    """退费凭证 / among the case's documents"""


class FeesRead(BaseModel):
    """办件收费: what it costs, what is due, what waits for it."""

    is_quote: bool
    """受理前为预估 / before acceptance: what it will cost as things are"""
    charges: list[ChargeRead]
    due_cents: int
    waiting: list[Action]
    """等待缴费的环节 / what is not done before it is paid"""
    payments: list[PaymentRead]
    refunds: list[RefundRead]
