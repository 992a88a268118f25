"""Every SQL statement on charges, payments and refunds."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.payments.rules import ChargeState, PaymentState, RefundState
from case_service.payments.tables import PAYMENT_NUMBERS, Charge, Payment, Refund

__all__ = [
    "charges_of",
    "draw_number",
    "due_charges",
    "find",
    "find_by_number",
    "lock",
    "open_payment",
    "payments_of",
    "refund_of",
    "refunds_of",
    "to_be_given_back",
]


async def draw_number(session: AsyncSession) -> int:
    return (await session.scalars(select(PAYMENT_NUMBERS.next_value()))).one()


async def charges_of(session: AsyncSession, case_id: UUID) -> Sequence[Charge]:
    found = select(Charge).where(Charge.case_id == case_id).order_by(Charge.id)
    return (await session.scalars(found)).all()


async def due_charges(session: AsyncSession, case_id: UUID) -> Sequence[Charge]:
    """Return what a locked case still owes."""
    found = select(Charge).where(Charge.case_id == case_id, Charge.state == ChargeState.DUE)
    return (await session.scalars(found.order_by(Charge.id))).all()


async def payments_of(session: AsyncSession, case_id: UUID) -> Sequence[Payment]:
    found = select(Payment).where(Payment.case_id == case_id).order_by(Payment.id)
    return (await session.scalars(found)).all()


async def refunds_of(session: AsyncSession, case_id: UUID) -> Sequence[Refund]:
    found = select(Refund).where(Refund.case_id == case_id).order_by(Refund.id)
    return (await session.scalars(found)).all()


async def open_payment(session: AsyncSession, case_id: UUID) -> Payment | None:
    """Return what a locked case is asked to pay, if it is."""
    found = select(Payment).where(Payment.case_id == case_id, Payment.state == PaymentState.OPEN)
    return await session.scalar(found.with_for_update())


async def to_be_given_back(session: AsyncSession, case_id: UUID) -> Sequence[Payment]:
    """Return what was paid for a case and is not given back, nor about to be."""
    is_given_back = select(Refund.id).where(
        Refund.payment_id == Payment.id, Refund.cashier_number == Payment.cashier_number
    )
    found = select(Payment).where(
        Payment.case_id == case_id, Payment.state == PaymentState.PAID, ~is_given_back.exists()
    )
    return (await session.scalars(found.order_by(Payment.id))).all()


async def find(session: AsyncSession, payment_id: UUID) -> Payment | None:
    return await session.get(Payment, payment_id)


async def find_by_number(session: AsyncSession, number: str) -> Payment | None:
    return await session.scalar(select(Payment).where(Payment.number == number))


async def lock(session: AsyncSession, payment_id: UUID) -> Payment:
    """Return the payment, locked, as it is now."""
    found = select(Payment).where(Payment.id == payment_id).with_for_update()
    return (await session.scalars(found.execution_options(populate_existing=True))).one()


async def refund_of(session: AsyncSession, case_id: UUID, refund_id: UUID) -> Refund | None:
    """Return, locked, a refund of the case that is due."""
    found = select(Refund).where(
        Refund.id == refund_id, Refund.case_id == case_id, Refund.state == RefundState.DUE
    )
    return await session.scalar(found.with_for_update())
