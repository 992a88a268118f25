"""What the steps of a case do to its fees: charge at acceptance, hold a grant back, give back."""

from typing import Any

from case_service.cases import application
from case_service.cases.rules import Stage
from case_service.cases.step import Step
from case_service.notices.rules import NoticeKind
from case_service.payments import rules, store
from case_service.payments.errors import FeeUnpaid
from case_service.payments.rules import (
    AT_THE_WINDOW,
    ChargeState,
    PaymentState,
    RefundReason,
    RefundState,
)
from case_service.payments.tables import Charge, Refund

__all__ = ["charge", "charge_again", "give_back", "require_paid"]


def charge(step: Step) -> dict[str, Any]:
    """Charge what the matter costs, exemptions applied; return the change that says so."""
    assessed = rules.assess(
        step.matter.content.fees,
        channel=step.case.channel,
        facts=application.facts_of(step.case.situation_answers, step.party["form"]),
    )
    for one in assessed:
        step.session.add(
            Charge(
                case_id=step.case.id,
                name=one.name,
                amount_cents=one.amount_cents,
                due_cents=one.due_cents,
                basis=one.basis,
                exemption=one.exemption,
                exemption_basis=one.exemption_basis,
                state=ChargeState.DUE if one.due_cents else ChargeState.EXEMPT,
            )
        )
    due_cents = sum(one.due_cents for one in assessed)
    if due_cents:
        step.tell(NoticeKind.FEE_DUE, amount=rules.yuan(due_cents))
    return {
        "fee_cents": sum(one.amount_cents for one in assessed),
        "fee_due_cents": due_cents,
    }


def charge_again(step: Step) -> dict[str, Any]:
    """Charge a case anew that is reopened after what was paid went back."""
    outcome = step.case.outcome
    is_kept = outcome is None or not rules.is_given_back(outcome)
    if step.target is not Stage.ACCEPTED or not step.case.fee_cents or is_kept:
        return {}
    return charge(step)


def require_paid(step: Step) -> None:
    """Hold a grant back until the fee is paid.

    Raises:
        FeeUnpaid: it is not.
    """
    due_cents = step.case.fee_due_cents
    if due_cents:
        raise FeeUnpaid(due=rules.yuan(due_cents), due_cents=due_cents, waiting="decide")


async def give_back(step: Step) -> dict[str, Any]:
    """Give back what was paid for nothing: the case ends without a grant.

    What was collected without ground is returned (政府非税收入管理办法, 财税 2016 年 33 号).
    """
    if not step.case.fee_cents:
        return {}
    for one in await store.due_charges(step.session, step.case.id):
        one.state = ChargeState.VOID
    asked = await store.open_payment(step.session, step.case.id)
    if asked is not None:
        asked.state, asked.next_due_at = PaymentState.CANCELLED, None
    for paid in await store.to_be_given_back(step.session, step.case.id):
        step.session.add(
            Refund(
                case_id=step.case.id,
                payment_id=paid.id,
                cashier_number=paid.cashier_number or paid.number,
                amount_cents=paid.amount_cents,
                method=paid.method,
                reason=RefundReason.NOT_GRANTED,
                state=RefundState.DUE,
                next_due_at=None if paid.method in AT_THE_WINDOW else step.at,
            )
        )
    return {"fee_due_cents": 0}
