"""HTTP of fees and payments."""

import html
from importlib.resources import files
from string import Template
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response
from fastapi.responses import HTMLResponse

from case_service.errors import CaseNotFound
from case_service.payments import confirming, rules, service
from case_service.payments.cashiers import SIGNATURE, Confirmation
from case_service.payments.errors import (
    ChargeNotFound,
    ConfirmationMismatched,
    ConfirmationUnsigned,
    ExemptionNotKnown,
    NothingToPay,
    PaidToTheCashier,
    PaymentIncomplete,
    PaymentNotFound,
    PaymentOver,
    RefundNotFound,
)
from case_service.payments.rules import PaymentState
from case_service.payments.schemas import (
    ExemptIn,
    FeesRead,
    PaymentIn,
    PaymentRead,
    RefundRead,
)
from case_service.payments.tables import Payment
from case_service.seals.errors import SealNotAuthorised
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, MaybeCaller, NotAllowed, Role, allow
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("payments")

Clerk = Annotated[Caller, allow(Role.CLERK)]
Paying = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
Reading = Annotated[
    Caller,
    allow(
        Role.CITIZEN,
        Role.ENTERPRISE,
        Role.CLERK,
        Role.HELPER,
        Role.REVIEWER,
        Role.APPROVER,
        Role.SUPERVISOR,
    ),
]

_PAGE = Template(files("case_service.payments").joinpath("page.html").read_text("utf-8"))
# A page of our own that loads nothing, runs nothing, and sends its form to us alone.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
_FORM = '<form method="post"><button>确认支付 Pay ¥{amount}</button></form>'
_STATES = {
    PaymentState.OPEN: ("缴费 Payment", "待支付 to be paid"),
    PaymentState.PAID: (
        "已缴费 Paid",
        "已支付，电子票据在办件文书中 paid; the receipt is with the case",
    ),
    PaymentState.EXPIRED: ("缴费单已过期 Expired", "请重新生成缴费单 ask for a new one"),
    PaymentState.CANCELLED: ("缴费单已取消 Cancelled", "无须在此支付 nothing to pay here"),
}


@router.get("/api/v1/cases/{case_id}/fees", responses=problems(CaseNotFound, ForeignSite))
async def read_fees(
    case_id: UUID, session: Session, context: InContext, caller: Reading
) -> FeesRead:
    """办件收费: what a case costs, which exemptions hold, what is due, what waits for it."""
    return await service.fees_of(session, context, case_id, caller=caller)


@router.post(
    "/api/v1/cases/{case_id}/payments",
    status_code=201,
    responses=problems(
        CaseNotFound, ForeignSite, NothingToPay, PaymentIncomplete, SealNotAuthorised
    ),
)
async def pay(
    case_id: UUID,
    body: PaymentIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Paying,
    at: Now,
) -> PaymentRead:
    """缴费: the page to pay on; or cash, a card or a paper slip, taken at the window."""
    payment = await service.ask(session, context, case_id, body, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/payments/{payment.id}"
    response.headers["ETag"] = etags.etag(payment.version)
    return payment


@router.post(
    "/api/v1/cases/{case_id}/fees/{charge_id}/exempt",
    responses=problems(CaseNotFound, ForeignSite, ChargeNotFound, ExemptionNotKnown),
)
async def exempt_charge(
    case_id: UUID,
    charge_id: UUID,
    body: ExemptIn,
    session: Session,
    context: InContext,
    caller: Clerk,
    at: Now,
) -> FeesRead:
    """窗口认定减免: an exemption of the matter's that no answer tells, found by a clerk."""
    return await service.exempt(session, context, case_id, charge_id, body, caller=caller, at=at)


@router.post(
    "/api/v1/cases/{case_id}/refunds/{refund_id}/hand-back",
    responses=problems(
        CaseNotFound,
        ForeignSite,
        NotAllowed,
        RefundNotFound,
        PaidToTheCashier,
        SealNotAuthorised,
    ),
)
async def hand_refund_back(
    case_id: UUID,
    refund_id: UUID,
    session: Session,
    context: InContext,
    caller: Clerk,
    at: Now,
) -> RefundRead:
    """窗口退费: what was paid in cash, by card or by slip is handed back at a window."""
    return await service.hand_back(session, context, case_id, refund_id, caller=caller, at=at)


@router.post(
    "/api/v1/payments/confirmations",
    responses=problems(
        ConfirmationUnsigned, PaymentNotFound, ConfirmationMismatched, SealNotAuthorised
    ),
)
async def confirm_payment(
    body: Confirmation,
    request: Request,
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    at: Now,
    signature: Annotated[
        str, Header(alias=SIGNATURE, max_length=200, description="HMAC-SHA256, hex, of the body")
    ] = "",
) -> PaymentRead:
    """支付确认: the cashier's signed word that a payment came; told again it changes nothing."""
    # What was signed are the bytes, not what was read of them.
    return await confirming.confirm(session, context, await request.body(), signature, at=at)


@router.get(
    "/api/v1/payments/pages/{token}",
    response_class=HTMLResponse,
    responses=problems(PaymentNotFound),
)
async def show_payment_page(
    token: Code, session: Session, context: InContext, _caller: MaybeCaller
) -> HTMLResponse:
    """支付页面: the platform's own page to pay on; its address is the proof."""
    return _page(await confirming.page_of(session, context, token))


@router.post(
    "/api/v1/payments/pages/{token}",
    response_class=HTMLResponse,
    responses=problems(PaymentNotFound, PaymentOver, SealNotAuthorised),
)
async def pay_on_page(
    token: Code, session: Session, context: InContext, _caller: MaybeCaller, at: Now
) -> HTMLResponse:
    """确认支付: pay on the platform's own page; pressed twice it is paid once."""
    await confirming.pay_on_page(session, context, token, at=at)
    return _page(await confirming.page_of(session, context, token))


@router.get(
    "/api/v1/payments/{payment_id}",
    responses=problems(PaymentNotFound, CaseNotFound, ForeignSite),
)
async def read_payment(
    payment_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Reading,
) -> PaymentRead:
    """查看缴费单: one payment, while it can be paid with the page to pay on."""
    payment = await service.read(session, context, payment_id, caller=caller)
    etags.offer(request, response, payment.version)
    return payment


def _page(payment: Payment) -> HTMLResponse:
    title, state = _STATES[payment.state]
    amount = rules.yuan(payment.amount_cents)
    told = {
        "title": title,
        "number": payment.number,
        "items": "；".join(one["name"] for one in payment.items),
        "amount": amount,
        "state": state,
    }
    form = _FORM.format(amount=amount) if payment.state is PaymentState.OPEN else ""
    escaped = {name: html.escape(text) for name, text in told.items()}
    return HTMLResponse(
        _PAGE.substitute(escaped, form=form),
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"},
    )
