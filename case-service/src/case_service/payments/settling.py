"""Money that came and money that went (到账与退费): the receipt, the case's step, the event."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import papers, party, steps
from case_service.cases.actions import go_on
from case_service.cases.service import role_of
from case_service.cases.tables import Case
from case_service.documents.tables import Document
from case_service.documents.wording import DocumentKind
from case_service.events import CaseFeePaid, CaseFeeRefunded
from case_service.matters.service import matters_of
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from case_service.payments import rules, store
from case_service.payments.rules import (
    ChargeState,
    PaymentMethod,
    PaymentState,
    RefundReason,
    RefundState,
)
from case_service.payments.tables import Payment, Refund
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.problems import Text

__all__ = ["METHODS", "note_exemption", "return_extra", "returned", "settle"]

METHODS: Mapping[PaymentMethod, Text] = MappingProxyType(
    {
        PaymentMethod.ONLINE: {"zh-CN": "网上缴费", "en": "online"},
        PaymentMethod.CASH: {"zh-CN": "现金", "en": "cash"},
        PaymentMethod.CARD: {"zh-CN": "刷卡", "en": "by card"},
        PaymentMethod.PAPER_SLIP: {"zh-CN": "纸质缴款书", "en": "by a paper slip"},
    }
)


async def settle(
    session: AsyncSession,
    context: Context,
    case: Case,
    payment: Payment,
    *,
    at: datetime,
    by: str,
    role: str | None = None,
    site_id: str | None = None,
) -> None:
    """Take a payment that is all a locked case owes: its charges are paid, a receipt is sealed.

    What waited for it alone, the decision by a matter's own rule, follows at once.
    """
    charges = await store.due_charges(session, case.id)
    receipt = await _draw_up(
        session,
        context,
        case,
        DocumentKind.FEE_RECEIPT,
        payment,
        at=at,
        by=by,
        items=[f"{one['name']} {rules.yuan(one['due_cents'])}" for one in payment.items],
        paid_on=local_date(at),
        amount=payment.amount_cents,
    )
    for charge in charges:
        charge.state, charge.payment_id = ChargeState.PAID, payment.id
    payment.state, payment.paid_at, payment.next_due_at = PaymentState.PAID, at, None
    payment.receipt_id = receipt.id
    session.add(payment)
    facts = {"amount_cents": payment.amount_cents, "method": payment.method.value}
    await steps.take(
        session,
        case,
        {"fee_due_cents": 0, **papers.with_document(case, receipt)},
        action="pay_fee",
        actor=by,
        actor_role=role,
        site_id=site_id,
        at=at,
        facts={**facts, "receipt": receipt.number},
        events=[CaseFeePaid(**steps.told_of(case, at), **facts)],
    )
    await go_on(session, context, case, at=at)


async def note_exemption(
    session: AsyncSession,
    context: Context,
    case: Case,
    *,
    left: int,
    facts: Mapping[str, Any],
    caller: Caller,
    at: datetime,
) -> None:
    """Note on a locked case that a clerk found an exemption, and what is still due."""
    await steps.take(
        session,
        case,
        {"fee_due_cents": left},
        action="exempt_fee",
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        facts=facts,
    )
    if not left:
        await go_on(session, context, case, at=at)


async def return_extra(
    session: AsyncSession,
    case: Case,
    payment: Payment,
    *,
    cashier_number: str,
    reason: RefundReason,
    at: datetime,
) -> None:
    """Have money given back that came twice, or when it was no longer asked for."""
    known = [
        one
        for one in await store.refunds_of(session, case.id)
        if (one.payment_id, one.cashier_number) == (payment.id, cashier_number)
    ]
    if known:
        return
    session.add(
        Refund(
            case_id=case.id,
            payment_id=payment.id,
            cashier_number=cashier_number,
            amount_cents=payment.amount_cents,
            method=PaymentMethod.ONLINE,
            reason=reason,
            state=RefundState.DUE,
            next_due_at=at,
        )
    )


async def returned(
    session: AsyncSession,
    context: Context,
    case: Case,
    refund: Refund,
    *,
    at: datetime,
    by: str,
    role: str | None = None,
    site_id: str | None = None,
) -> None:
    """Note on a locked case that money went back, and draw up the paper that says so."""
    payment = await store.lock(session, refund.payment_id)
    receipt = await _draw_up(
        session,
        context,
        case,
        DocumentKind.FEE_REFUND,
        payment,
        at=at,
        by=by,
        amount=refund.amount_cents,
    )
    if refund.reason is RefundReason.NOT_GRANTED:
        for charge in await store.charges_of(session, case.id):
            if charge.payment_id == payment.id and charge.state is ChargeState.PAID:
                charge.state = ChargeState.REFUNDED
    refund.state, refund.done_at, refund.done_by = RefundState.DONE, at, by
    refund.document_id, refund.next_due_at = receipt.id, None
    notices.tell(session, case, NoticeKind.FEE_REFUNDED, at, amount=rules.yuan(refund.amount_cents))
    facts = {"amount_cents": refund.amount_cents, "reason": refund.reason.value}
    await steps.take(
        session,
        case,
        # What outlasts a finished case, the check of a commitment, still falls due.
        {"next_due_at": case.next_due_at, **papers.with_document(case, receipt)},
        action="refund_fee",
        actor=by,
        actor_role=role,
        site_id=site_id,
        at=at,
        facts=facts,
        events=[CaseFeeRefunded(**steps.told_of(case, at), **facts)],
    )


async def _draw_up(
    session: AsyncSession,
    context: Context,
    case: Case,
    kind: DocumentKind,
    payment: Payment,
    *,
    at: datetime,
    by: str,
    amount: int,
    **facts: Any,
) -> Document:
    payment.id = payment.id or new_id()
    return await papers.draw_up(
        session,
        context,
        case,
        kind,
        matter=await matters_of(context).version(session, case.matter_code, case.matter_version),
        party=party.opened(context.vault, case.sealed_party, case_id=case.id),
        at=at,
        by=by,
        facts={
            "payment_number": payment.number,
            "amount": rules.yuan(amount),
            "amount_in_words": rules.in_words(amount),
            "paid_by": METHODS[payment.method],
            "reference": payment.cashier_number,
            **facts,
        },
    )
