"""Use cases of payments: what a case costs, pay it, confirm it, exempt it, give it back."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import application, party
from case_service.cases import service as cases
from case_service.cases.rules import FINAL, Action
from case_service.cases.tables import Case
from case_service.duty import Duty
from case_service.matters.service import matters_of
from case_service.payments import rules, settling, store
from case_service.payments.cashiers import cashier_of
from case_service.payments.errors import (
    ChargeNotFound,
    ExemptionNotKnown,
    NothingToPay,
    PaidToTheCashier,
    PaymentIncomplete,
    PaymentNotFound,
    RefundNotFound,
)
from case_service.payments.rules import (
    AT_THE_WINDOW,
    ChargeState,
    PaymentMethod,
    PaymentState,
)
from case_service.payments.schemas import (
    ChargeRead,
    ExemptIn,
    FeesRead,
    PaymentIn,
    PaymentRead,
    RefundRead,
)
from case_service.payments.tables import Payment, Refund
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, NotAllowed, Role
from tongban.ids import new_id
from tongban.problems import Where

__all__ = [
    "PAYMENT_DUTY",
    "REFUND_DUTY",
    "ask",
    "exempt",
    "fees_of",
    "hand_back",
    "read",
    "shown",
]

LIFETIME: Final = timedelta(hours=2)
"""So long a payment page can be used; whatever comes later is taken, or given back."""
_REFERENCED: Final = frozenset({PaymentMethod.CARD, PaymentMethod.PAPER_SLIP})


async def fees_of(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller
) -> FeesRead:
    """收费: what a case costs; before acceptance, what it will cost as things are.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await cases.visible(session, case_id, caller)
    if case.accepted_at is None:
        return await _quote(session, context, case)
    charges = await store.charges_of(session, case.id) if case.fee_cents else []
    payments = await store.payments_of(session, case.id) if case.fee_cents else []
    refunds = await store.refunds_of(session, case.id) if payments else []
    return FeesRead(
        is_quote=False,
        charges=[ChargeRead.model_validate(one) for one in charges],
        due_cents=case.fee_due_cents,
        waiting=[Action.DECIDE] if case.fee_due_cents else [],
        payments=[shown(context, one) for one in payments],
        refunds=[RefundRead.model_validate(one) for one in refunds],
    )


async def _quote(session: AsyncSession, context: Context, case: Case) -> FeesRead:
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    fees = matter.content.fees if case.owner_district == case.district else ()
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    facts = application.facts_of(case.situation_answers, whole["form"])
    assessed = rules.assess(fees, channel=case.channel, facts=facts)
    return FeesRead(
        is_quote=True,
        charges=[
            ChargeRead(
                name=one.name,
                amount_cents=one.amount_cents,
                due_cents=one.due_cents,
                basis=one.basis,
                exemption=one.exemption,
                exemption_basis=one.exemption_basis,
                state=ChargeState.DUE if one.due_cents else ChargeState.EXEMPT,
            )
            for one in assessed
        ],
        due_cents=sum(one.due_cents for one in assessed),
        waiting=[],
        payments=[],
        refunds=[],
    )


async def ask(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    body: PaymentIn,
    *,
    caller: Caller,
    at: datetime,
) -> PaymentRead:
    """缴费: the page to pay all that is due on, or what a clerk takes at his window right now.

    Whoever asks for the page again gets the same one while it can be used.

    Raises:
        CaseNotFound, ForeignSite, NothingToPay, PaymentIncomplete, SealNotAuthorised
    """
    case = await cases.visible_for_update(session, case_id, caller)
    if not case.fee_due_cents or case.stage in FINAL:
        raise NothingToPay
    is_at_the_window = body.method in AT_THE_WINDOW
    if is_at_the_window:
        _require_complete(body, caller)
    asked = await store.open_payment(session, case.id)
    if asked is not None:
        if not is_at_the_window and asked.next_due_at is not None and asked.next_due_at > at:
            return shown(context, asked)
        asked.state, asked.next_due_at = PaymentState.CANCELLED, None
        await session.flush()
    payment = await _made(session, context, case, body, caller=caller, at=at)
    if is_at_the_window:
        await settling.settle(
            session,
            context,
            case,
            payment,
            at=at,
            by=caller.subject,
            role=cases.role_of(caller),
            site_id=caller.site_id,
        )
    else:
        session.add(payment)
    await session.flush()
    return shown(context, payment)


def _require_complete(body: PaymentIn, caller: Caller) -> None:
    if not caller.has(Role.CLERK):
        remedy = {
            "zh-CN": "现金、刷卡和纸质缴款书请到窗口缴费；网上请用 online",
            "en": "cash, card and paper slip are taken by a clerk at a window; else use online",
        }
        raise PaymentIncomplete(errors=[Where.pointer("/method", remedy, "method")])
    if body.method in _REFERENCED and body.reference is None:
        remedy = {
            "zh-CN": "请填写刷卡凭证号或缴款书编号",
            "en": "tell the number of the card slip or of the paper slip",
        }
        raise PaymentIncomplete(errors=[Where.pointer("/reference", remedy, "missing")])


async def _made(
    session: AsyncSession,
    context: Context,
    case: Case,
    body: PaymentIn,
    *,
    caller: Caller,
    at: datetime,
) -> Payment:
    charges = await store.due_charges(session, case.id)
    running = await store.draw_number(session)
    year = local_date(at).year
    number = f"{context.settings.district}-JF-{year}-{running:06}"
    is_online = body.method is PaymentMethod.ONLINE
    return Payment(
        id=new_id(),
        case_id=case.id,
        number=number,
        amount_cents=sum(one.due_cents for one in charges),
        items=[{"name": one.name, "due_cents": one.due_cents} for one in charges],
        method=body.method,
        state=PaymentState.OPEN,
        cashier=cashier_of(context).name if is_online else None,
        cashier_number=None if is_online else body.reference or number,
        asked_by=caller.subject,
        taken_by=None if is_online else caller.subject,
        next_due_at=at + LIFETIME if is_online else None,
        version=1,
    )


async def read(
    session: AsyncSession, context: Context, payment_id: UUID, *, caller: Caller
) -> PaymentRead:
    """查看缴费单.

    Raises:
        PaymentNotFound, CaseNotFound, ForeignSite
    """
    payment = await store.find(session, payment_id)
    if payment is None:
        raise PaymentNotFound
    await cases.visible(session, payment.case_id, caller)
    return shown(context, payment)


async def exempt(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    charge_id: UUID,
    body: ExemptIn,
    *,
    caller: Caller,
    at: datetime,
) -> FeesRead:
    """窗口认定减免: a clerk finds an exemption that no condition tells; it is on the ledger.

    Raises:
        CaseNotFound, ForeignSite, ChargeNotFound, ExemptionNotKnown
    """
    case = await cases.visible_for_update(session, case_id, caller)
    charges = await store.due_charges(session, case.id)
    charge = next((one for one in charges if one.id == charge_id), None)
    if charge is None:
        raise ChargeNotFound
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    known = rules.claimable(matter.content.fees, channel=case.channel, name=charge.name)
    found = next((one for one in known if one.name == body.name), None)
    if found is None:
        raise ExemptionNotKnown(allowed=[one.name for one in known] or "—")
    left = case.fee_due_cents - charge.due_cents
    charge.state, charge.due_cents = ChargeState.EXEMPT, 0
    charge.exemption, charge.exemption_basis = found.name, found.basis
    charge.exempted_by = caller.subject
    asked = await store.open_payment(session, case.id)
    if asked is not None:
        asked.state, asked.next_due_at = PaymentState.CANCELLED, None
    await settling.note_exemption(
        session,
        context,
        case,
        left=left,
        facts={"fee": charge.name, "exemption": found.name, "evidence": body.evidence},
        caller=caller,
        at=at,
    )
    await session.flush()
    return await fees_of(session, context, case.id, caller=caller)


async def hand_back(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    refund_id: UUID,
    *,
    caller: Caller,
    at: datetime,
) -> RefundRead:
    """窗口退费: what was paid at a window is handed back at one.

    Raises:
        CaseNotFound, ForeignSite, RefundNotFound, PaidToTheCashier, SealNotAuthorised
    """
    if not caller.has(Role.CLERK):
        raise NotAllowed(needed=[Role.CLERK])
    case = await cases.visible_for_update(session, case_id, caller)
    refund = await store.refund_of(session, case.id, refund_id)
    if refund is None:
        raise RefundNotFound
    if refund.method not in AT_THE_WINDOW:
        raise PaidToTheCashier
    await settling.returned(
        session,
        context,
        case,
        refund,
        at=at,
        by=caller.subject,
        role=cases.role_of(caller),
        site_id=caller.site_id,
    )
    await session.flush()
    return RefundRead.model_validate(refund)


async def expire(
    _session: AsyncSession, _context: Context, payment: Payment, _at: datetime
) -> None:
    """缴费单过期: its page is of no use any more; a new one can be asked for."""
    payment.next_due_at = None
    if payment.state is PaymentState.OPEN:
        payment.state = PaymentState.EXPIRED


async def give_back_in_time(
    session: AsyncSession, context: Context, refund: Refund, at: datetime
) -> None:
    """原路退费: ask the cashier to give it back; where he does not take it, it is tried again."""
    payment = await store.find(session, refund.payment_id)
    if payment is None:
        raise AssertionError("a refund is of a payment")
    await cashier_of(context).give_back(
        refund.id,
        number=payment.number,
        cashier_number=refund.cashier_number,
        amount_cents=refund.amount_cents,
    )
    case = await cases.get_for_update(session, refund.case_id)
    await settling.returned(session, context, case, refund, at=at, by="system", role="system")


def shown(context: Context, payment: Payment) -> PaymentRead:
    """Return a payment as it is read; where it can be paid, with the page to pay on."""
    told = PaymentRead.model_validate(payment)
    if payment.state is not PaymentState.OPEN:
        return told
    page = cashier_of(context).page_for(payment)
    return told.model_copy(update={"pay_url": page, "expires_at": payment.next_due_at})


PAYMENT_DUTY = Duty("payment", Payment, expire)
REFUND_DUTY = Duty("refund", Refund, give_back_in_time)
