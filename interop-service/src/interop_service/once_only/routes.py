"""HTTP of requests for evidence: what applicants and windows do, and what partners send."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from interop_service.errors import (
    EvidenceBacklog,
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    PackageUnreadable,
)
from interop_service.exchanges.door import PROOF, SignedPartner, body_of
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.once_only import service, taking
from interop_service.once_only.errors import (
    DocumentUnfit,
    EvidenceGone,
    EvidenceNotAllowed,
    EvidenceRequestNotFound,
    EvidenceStepRefused,
)
from interop_service.once_only.moving import PATH
from interop_service.once_only.rules import EvidenceState, EvidenceStep, Party
from interop_service.once_only.schemas import (
    DenialIn,
    EvidenceContent,
    EvidenceOffer,
    EvidenceRequestDetail,
    EvidenceRequestIn,
    EvidenceRequestMessage,
    EvidenceRequestRead,
    EvidenceStepMessage,
)
from interop_service.once_only.tables import EvidenceRequest
from tongban import app, etags
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.idempotency import TransactionalRoute
from tongban.identity import Caller, Identified, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems

__all__ = ["router", "signed_router"]

HERE = "/api/v1/evidence-requests"
ONE = f"{HERE}/{{request_id}}"

router = app.router("evidence-requests")
signed_router = APIRouter(route_class=TransactionalRoute, tags=["evidence-requests"])

Asker = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK)]
Provider = Annotated[Caller, allow(Role.CLERK, Role.REVIEWER, Role.APPROVER)]


@router.get(HERE, responses=problems(CursorInvalid))
async def list_evidence_requests(
    session: Session,
    paging: PageQuery,
    caller: Identified,
    party: Party | None = None,
    state: EvidenceState | None = None,
) -> Page[EvidenceRequestRead]:
    """证明调取列表: an applicant's own requests, or for staff the district's; newest first."""
    rows = await service.requests_page(session, paging, caller=caller, party=party, state=state)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[EvidenceRequestRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    HERE,
    status_code=201,
    response_model=EvidenceRequestRead,
    responses=problems(EvidenceNotAllowed),
)
async def ask_for_evidence(
    given: EvidenceRequestIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Asker,
    at: Now,
) -> EvidenceRequest:
    """申请调取证明: ask a partner for what it has, by the applicant's consent, until a time."""
    row = await service.ask(session, context, given, caller=caller, at=at)
    etags.offer(request, response, row.version)
    return row


@router.get(ONE, responses=problems(EvidenceRequestNotFound))
async def read_evidence_request(
    request_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
) -> EvidenceRequestDetail:
    """证明调取详情: where it is, why it was denied, its preview, and what may be done now."""
    read, version = await service.detail(session, context, request_id, caller=caller)
    response.headers["ETag"] = etags.etag(version)
    return read


@router.get(f"{ONE}/evidence", responses=problems(EvidenceRequestNotFound, EvidenceGone))
async def read_fetched_evidence(
    request_id: UUID, session: Session, context: InContext, caller: Identified, at: Now
) -> EvidenceContent:
    """查看调取的证明: what was delivered, within its limit; each reading is on record."""
    return await service.evidence(session, context, request_id, caller=caller, at=at)


@router.post(
    f"{ONE}/accept",
    response_model=EvidenceRequestRead,
    responses=problems(
        EvidenceRequestNotFound, EvidenceNotAllowed, EvidenceStepRefused, StaleVersion
    ),
)
async def accept_evidence(
    request_id: UUID,
    session: Session,
    context: InContext,
    caller: Asker,
    at: Now,
    if_match: IfMatch,
) -> EvidenceRequest:
    """同意使用: the applicant has seen the preview and wants it handed over."""
    return await service.say(
        session,
        context,
        request_id,
        EvidenceStep.ACCEPT,
        caller=caller,
        if_match=if_match,
        at=at,
    )


@router.post(
    f"{ONE}/refuse",
    response_model=EvidenceRequestRead,
    responses=problems(EvidenceRequestNotFound, EvidenceStepRefused, StaleVersion),
)
async def refuse_evidence(
    request_id: UUID,
    session: Session,
    context: InContext,
    caller: Asker,
    at: Now,
    if_match: IfMatch,
) -> EvidenceRequest:
    """拒绝使用: the applicant does not want it handed over; the provider drops it."""
    return await service.say(
        session,
        context,
        request_id,
        EvidenceStep.REFUSE,
        caller=caller,
        if_match=if_match,
        at=at,
    )


@router.post(
    f"{ONE}/offer",
    response_model=EvidenceRequestRead,
    responses=problems(
        EvidenceRequestNotFound,
        EvidenceNotAllowed,
        EvidenceStepRefused,
        DocumentUnfit,
        StaleVersion,
    ),
)
async def offer_evidence(
    request_id: UUID,
    given: EvidenceOffer,
    session: Session,
    context: InContext,
    caller: Provider,
    at: Now,
    if_match: IfMatch,
) -> EvidenceRequest:
    """提供预览: at the provider, the sealed document was found; the applicant sees a preview."""
    return await service.offer(
        session, context, request_id, given, caller=caller, if_match=if_match, at=at
    )


@router.post(
    f"{ONE}/deny",
    response_model=EvidenceRequestRead,
    responses=problems(EvidenceRequestNotFound, EvidenceStepRefused, StaleVersion),
)
async def deny_evidence(
    request_id: UUID,
    given: DenialIn,
    session: Session,
    context: InContext,
    caller: Provider,
    at: Now,
    if_match: IfMatch,
) -> EvidenceRequest:
    """不予提供: at the provider, there is nothing, or it is not shared; the reason is told."""
    return await service.deny(
        session, context, request_id, given, caller=caller, if_match=if_match, at=at
    )


@signed_router.post(
    PATH,
    status_code=202,
    responses=problems(*PROOF, EvidenceDenied, ExchangeKnown, PackageUnreadable, EvidenceBacklog),
    openapi_extra=body_of(EvidenceRequestMessage),
)
async def receive_evidence_request(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> SignedReceipt:
    """接收调取申请: take a partner's request for evidence, with its consent; answers a receipt."""
    return await taking.take_request(session, context, signed, at=at)


@signed_router.post(
    f"{PATH}/{{exchange_id}}/steps",
    status_code=202,
    responses=problems(*PROOF, EvidenceDenied, ExchangeUnknown, PackageUnreadable, EvidenceBacklog),
    openapi_extra=body_of(EvidenceStepMessage),
)
async def receive_evidence_step(
    exchange_id: UUID,
    signed: SignedPartner,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> SignedReceipt:
    """接收调取进展: preview, the applicant's word, evidence or denial; answers a receipt."""
    return await taking.take_step(session, context, signed, exchange_id, at=at)
