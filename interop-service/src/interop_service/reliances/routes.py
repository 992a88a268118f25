"""HTTP of reliances and disputes: what staff do, and what partners send."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from interop_service.errors import (
    EvidenceBacklog,
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    MessageNotAllowed,
    PackageUnreadable,
)
from interop_service.exchanges.door import PROOF, SignedPartner, body_of
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.partners.schemas import DistrictCode
from interop_service.reliances import issuing, service, taking
from interop_service.reliances.errors import (
    DisputeAnswered,
    DisputeNotFound,
    DisputeOpen,
    LicenceStillStands,
    RelianceNotFound,
    RelianceStepRefused,
)
from interop_service.reliances.moving import PATH
from interop_service.reliances.rules import DisputeState, RelianceParty, RelianceState
from interop_service.reliances.schemas import (
    AnswerIn,
    DisputeDetail,
    DisputeIn,
    DisputeRead,
    DocumentEndingIn,
    RelianceDetail,
    RelianceMessage,
    RelianceRead,
    RelianceStepMessage,
    UpholdIn,
)
from interop_service.reliances.tables import Reliance
from tongban import app, etags
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.idempotency import TransactionalRoute
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Line

__all__ = ["router", "signed_router"]

RELIANCES = "/api/v1/partner-reliances"
DISPUTES = "/api/v1/disputes"

router = app.router("reliances")
signed_router = APIRouter(route_class=TransactionalRoute, tags=["reliances"])

Staff = Annotated[
    Caller,
    allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN, Role.OPS),
]
Doubter = Annotated[Caller, allow(Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR)]
Answerer = Annotated[Caller, allow(Role.APPROVER)]


@router.get(RELIANCES, responses=problems(CursorInvalid))
async def list_partner_reliances(
    session: Session,
    paging: PageQuery,
    _caller: Staff,
    party: RelianceParty | None = None,
    state: RelianceState | None = None,
    partner: Annotated[DistrictCode | None, Query()] = None,
    document_number: Annotated[Line | None, Query(description="证照编号 / its number")] = None,
) -> Page[RelianceRead]:
    """采信列表: cases that rest on partners' documents, and partners' on ours; newest first."""
    rows = await service.reliances_page(
        session,
        paging,
        party=party,
        state=state,
        partner=partner,
        document_number=document_number,
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[RelianceRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get(f"{RELIANCES}/{{reliance_id}}", responses=problems(RelianceNotFound))
async def read_partner_reliance(
    reliance_id: UUID, response: Response, session: Session, _caller: Staff, at: Now
) -> RelianceDetail:
    """采信详情: how the document stands since, its disputes, and what may be done here now."""
    read, version = await service.detail(session, reliance_id, on=local_date(at))
    response.headers["ETag"] = etags.etag(version)
    return read


@router.post(
    f"{RELIANCES}/{{reliance_id}}/disputes",
    status_code=201,
    responses=problems(RelianceNotFound, RelianceStepRefused, DisputeOpen),
)
async def raise_dispute(
    reliance_id: UUID,
    given: DisputeIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Doubter,
    at: Now,
) -> DisputeRead:
    """提出异议: doubt a document that a case here rests on; its issuer answers in ten days."""
    row = await service.raise_dispute(
        session, context, reliance_id, given, actor=caller.subject, at=at
    )
    etags.offer(request, response, row.version)
    return service.shown(row, on=local_date(at))


@router.get(DISPUTES, responses=problems(CursorInvalid))
async def list_disputes(
    session: Session,
    paging: PageQuery,
    _caller: Staff,
    at: Now,
    party: RelianceParty | None = None,
    state: DisputeState | None = None,
    partner: Annotated[DistrictCode | None, Query()] = None,
    is_overdue: Annotated[bool, Query(description="只看逾期 / only those that are late")] = False,
) -> Page[DisputeRead]:
    """异议列表: disputes raised here and there, with their due dates; newest first."""
    on = local_date(at)
    rows = await issuing.disputes_page(
        session,
        paging,
        party=party,
        state=state,
        partner=partner,
        overdue_on=on if is_overdue else None,
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[service.shown(row, on=on) for row in page], next_cursor=cursor)


@router.get(f"{DISPUTES}/{{dispute_id}}", responses=problems(DisputeNotFound))
async def read_dispute(
    dispute_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Staff,
    at: Now,
) -> DisputeDetail:
    """异议详情: what is said against a document, and the answer; each reading is on record."""
    read, version = await issuing.detail(
        session, context, dispute_id, actor=caller.subject, on=local_date(at)
    )
    response.headers["ETag"] = etags.etag(version)
    return read


@router.post(
    f"{DISPUTES}/{{dispute_id}}/reject",
    responses=problems(DisputeNotFound, DisputeAnswered, StaleVersion),
)
async def reject_dispute(
    dispute_id: UUID,
    given: AnswerIn,
    session: Session,
    context: InContext,
    caller: Answerer,
    at: Now,
    if_match: IfMatch,
) -> DisputeRead:
    """异议不成立: at the issuer, the document stands; all who were told of the dispute learn so."""
    row = await issuing.reject(
        session, context, dispute_id, given, actor=caller.subject, if_match=if_match, at=at
    )
    return service.shown(row, on=local_date(at))


@router.post(
    f"{DISPUTES}/{{dispute_id}}/uphold",
    responses=problems(DisputeNotFound, DisputeAnswered, LicenceStillStands, StaleVersion),
)
async def uphold_dispute(
    dispute_id: UUID,
    given: UpholdIn,
    session: Session,
    context: InContext,
    caller: Answerer,
    at: Now,
    if_match: IfMatch,
) -> DisputeRead:
    """异议成立: at the issuer, the document ends; all who relied on it are told. No licence's."""
    row = await issuing.uphold(
        session, context, dispute_id, given, actor=caller.subject, if_match=if_match, at=at
    )
    return service.shown(row, on=local_date(at))


@router.post(
    f"{RELIANCES}/document-endings",
    response_model=list[RelianceRead],
    responses=problems(LicenceStillStands),
)
async def end_document(
    given: DocumentEndingIn,
    session: Session,
    context: InContext,
    caller: Answerer,
    at: Now,
) -> Sequence[Reliance]:
    """失效告知: a document that is no licence stands no more; all who relied on it are told."""
    return await issuing.end_document(session, context, given, actor=caller.subject, at=at)


@signed_router.post(
    PATH,
    status_code=202,
    responses=problems(*PROOF, EvidenceDenied, ExchangeKnown, ExchangeUnknown, EvidenceBacklog),
    openapi_extra=body_of(RelianceMessage),
)
async def receive_reliance(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> SignedReceipt:
    """接收采信告知: keep that a partner's case rests on a document of ours; answers a receipt."""
    return await taking.take_reliance(session, context, signed, at=at)


@signed_router.post(
    f"{PATH}/{{exchange_id}}/steps",
    status_code=202,
    responses=problems(
        *PROOF,
        EvidenceDenied,
        ExchangeKnown,
        ExchangeUnknown,
        MessageNotAllowed,
        PackageUnreadable,
        EvidenceBacklog,
    ),
    openapi_extra=body_of(RelianceStepMessage),
)
async def receive_reliance_step(
    exchange_id: UUID,
    signed: SignedPartner,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> SignedReceipt:
    """接收失效或异议: a dispute, its answer, or a document's end; answers a receipt."""
    return await taking.take_step(session, context, signed, exchange_id, at=at)
