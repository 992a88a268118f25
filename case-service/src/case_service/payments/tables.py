"""The rows of fees: what a case is charged, how it is paid, what is given back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.payments.rules import (
    ChargeState,
    PaymentMethod,
    PaymentState,
    RefundReason,
    RefundState,
)
from tongban.db import Record

__all__ = ["PAYMENT_NUMBERS", "Charge", "Payment", "Refund"]

PAYMENT_NUMBERS = Sequence("payment_numbers", metadata=CaseTables.metadata)


class Charge(Record, CaseTables):
    """应收费用: one fee of a case, as it stood at acceptance."""

    __tablename__ = "charges"
    __table_args__ = (
        Index("ix_charges_case_id", "case_id", "id"),
        CheckConstraint("0 <= due_cents AND due_cents <= amount_cents", name="cents"),
    )

    # Deferred: a charge is stored with its case's step, in whatever order.
    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    name: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    due_cents: Mapped[int] = mapped_column(BigInteger)
    """What is left of it once exemptions are applied."""
    basis: Mapped[str | None]
    exemption: Mapped[str | None]
    exemption_basis: Mapped[str | None]
    state: Mapped[ChargeState]
    exempted_by: Mapped[str | None]
    """Who found the exemption; null where its condition held."""
    payment_id: Mapped[UUID | None]


class Payment(Record, Due, CaseTables):
    """缴费单: one sum asked for, and how it was paid; it falls due when it expires."""

    __tablename__ = "payments"
    __table_args__ = (
        Index("ix_payments_case_id", "case_id", "id"),
        # One at a time: whoever asks again gets the same.
        Index("uq_payments_open", "case_id", unique=True, postgresql_where=text("state = 'open'")),
        CheckConstraint("amount_cents > 0", name="cents"),
        due_index("payments"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    number: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    items: Mapped[list[Any]]
    """Name and cents of each charge that it is for."""
    method: Mapped[PaymentMethod]
    state: Mapped[PaymentState]
    cashier: Mapped[str | None]
    """By which interface it is paid; null for what is paid at a window."""
    cashier_number: Mapped[str | None]
    """The cashier's own number of it, or that of the paper slip."""
    asked_by: Mapped[str]
    taken_by: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    receipt_id: Mapped[UUID | None]
    """The electronic receipt (电子票据) among the case's documents."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Refund(Record, Due, CaseTables):
    """退费: what is given back of a payment; it falls due when it is to be tried (again)."""

    __tablename__ = "refunds"
    __table_args__ = (
        Index("ix_refunds_case_id", "case_id", "id"),
        # What the cashier confirms twice is one payment, however it is given back.
        Index("uq_refunds_cashier_number", "payment_id", "cashier_number", unique=True),
        due_index("refunds"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    payment_id: Mapped[UUID]
    cashier_number: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[PaymentMethod]
    reason: Mapped[RefundReason]
    state: Mapped[RefundState]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    document_id: Mapped[UUID | None]
