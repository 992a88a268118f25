"""What the cashier tells (支付确认), and the platform's own page to pay on."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import service as cases
from case_service.cases.rules import FINAL
from case_service.payments import rules, settling, store
from case_service.payments.cashiers import Confirmation, LocalCashier, cashier_of
from case_service.payments.errors import (
    ConfirmationMismatched,
    ConfirmationUnsigned,
    PaymentNotFound,
    PaymentOver,
)
from case_service.payments.rules import PaymentMethod, PaymentState, RefundReason
from case_service.payments.schemas import PaymentRead
from case_service.payments.service import shown
from case_service.payments.tables import Payment
from tongban.context import Context

__all__ = ["confirm", "page_of", "pay_on_page"]

CASHIER: Final = "cashier"


async def confirm(
    session: AsyncSession, context: Context, body: bytes, signature: str, *, at: datetime
) -> PaymentRead:
    """支付确认: the cashier's signed word that a payment came; told again it changes nothing.

    Money that comes twice, or when it is no longer asked for, is taken note of and given back.

    Raises:
        ConfirmationUnsigned, PaymentNotFound, ConfirmationMismatched, SealNotAuthorised
    """
    if not cashier_of(context).has_signed(body, signature):
        raise ConfirmationUnsigned
    told = Confirmation.model_validate_json(body)
    known = await store.find_by_number(session, told.number)
    if known is None or known.method is not PaymentMethod.ONLINE:
        raise PaymentNotFound
    # The case first, then what is of it: as everybody locks them.
    case = await cases.get_for_update(session, known.case_id)
    payment = await store.lock(session, known.id)
    if payment.cashier_number == told.cashier_number:
        return shown(context, payment)
    if told.amount_cents != payment.amount_cents:
        raise ConfirmationMismatched(
            expected=rules.yuan(payment.amount_cents), expected_cents=payment.amount_cents
        )
    if payment.state is PaymentState.PAID:
        await settling.return_extra(
            session,
            case,
            payment,
            cashier_number=told.cashier_number,
            reason=RefundReason.PAID_TWICE,
            at=at,
        )
    elif case.stage in FINAL or case.fee_due_cents != payment.amount_cents:
        await settling.return_extra(
            session,
            case,
            payment,
            cashier_number=told.cashier_number,
            reason=RefundReason.PAID_LATE,
            at=at,
        )
    else:
        payment.cashier_number = told.cashier_number
        asked = await store.open_payment(session, case.id)
        if asked is not None and asked.id != payment.id:
            asked.state, asked.next_due_at = PaymentState.CANCELLED, None
        await settling.settle(session, context, case, payment, at=at, by=CASHIER)
    await session.flush()
    return shown(context, payment)


async def page_of(session: AsyncSession, context: Context, token: str) -> Payment:
    """Return the payment whose page this token opens.

    Raises:
        PaymentNotFound: it opens none, or a platform outside takes the money here.
    """
    cashier = cashier_of(context)
    number = cashier.number_in(token) if isinstance(cashier, LocalCashier) else None
    payment = await store.find_by_number(session, number) if number is not None else None
    if payment is None:
        raise PaymentNotFound
    return payment


async def pay_on_page(
    session: AsyncSession, context: Context, token: str, *, at: datetime
) -> PaymentRead:
    """Pay at the platform's own cashier; its confirmation goes the way of any other's.

    Raises:
        PaymentNotFound, PaymentOver, SealNotAuthorised
    """
    cashier, payment = cashier_of(context), await page_of(session, context, token)
    if not isinstance(cashier, LocalCashier):
        raise PaymentNotFound
    if payment.state is PaymentState.PAID:
        return shown(context, payment)
    if payment.state is not PaymentState.OPEN:
        raise PaymentOver
    told = Confirmation(
        number=payment.number,
        amount_cents=payment.amount_cents,
        # One page is paid once: pressed twice it is the same.
        cashier_number=f"L{payment.id.hex}",
        paid_at=at,
    )
    body, signature = cashier.confirm(told)
    return await confirm(session, context, body, signature, at=at)
