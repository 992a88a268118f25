"""HTTP of verifying licences: what windows ask, and what partners send."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from interop_service.errors import (
    AgreementDenies,
    EvidenceBacklog,
    EvidenceDenied,
    ExchangeKnown,
    ExchangeUnknown,
    PackageUnreadable,
)
from interop_service.exchanges.door import PROOF, SignedPartner, body_of
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.partners.schemas import DistrictCode
from interop_service.verifications import service, taking
from interop_service.verifications.errors import (
    LicenceNotGenuine,
    VerificationNotAllowed,
    VerificationNotFound,
)
from interop_service.verifications.rules import VerificationParty, VerificationState
from interop_service.verifications.schemas import (
    VerificationAnswerMessage,
    VerificationDetail,
    VerificationIn,
    VerificationMessage,
    VerificationRead,
)
from interop_service.verifications.service import PATH
from interop_service.verifications.tables import LicenceVerification
from tongban import app, etags
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.idempotency import TransactionalRoute
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Line

__all__ = ["router", "signed_router"]

HERE = "/api/v1/licence-verifications"

router = app.router("licence-verifications")
signed_router = APIRouter(route_class=TransactionalRoute, tags=["licence-verifications"])

Asker = Annotated[Caller, allow(Role.CLERK, Role.REVIEWER, Role.APPROVER)]
Staff = Annotated[
    Caller,
    allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN, Role.OPS),
]


@router.get(HERE, responses=problems(CursorInvalid))
async def list_verifications(
    session: Session,
    paging: PageQuery,
    _caller: Staff,
    party: VerificationParty | None = None,
    state: VerificationState | None = None,
    partner: Annotated[DistrictCode | None, Query()] = None,
    number: Annotated[Line | None, Query(description="证照编号 / the licence's number")] = None,
) -> Page[VerificationRead]:
    """证照查验列表: what was asked of partners, and what partners asked here; newest first."""
    rows = await service.verifications_page(
        session, paging, party=party, state=state, partner=partner, number=number
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[VerificationRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    HERE,
    status_code=201,
    response_model=VerificationRead,
    responses=problems(VerificationNotAllowed, LicenceNotGenuine),
)
async def verify_licence(
    given: VerificationIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Asker,
    at: Now,
) -> LicenceVerification:
    """查验其他区证照: ask its issuer whether a licence is genuine and in force at this moment."""
    row = await service.ask(session, context, given, actor=caller.subject, at=at)
    etags.offer(request, response, row.version)
    return row


@router.get(f"{HERE}/{{verification_id}}", responses=problems(VerificationNotFound))
async def read_verification(
    verification_id: UUID, session: Session, _caller: Staff, at: Now
) -> VerificationDetail:
    """证照查验详情: the issuer's signed answer, and what its public status list says."""
    return await service.detail(session, verification_id, at=at)


@signed_router.post(
    PATH,
    status_code=202,
    responses=problems(*PROOF, AgreementDenies, ExchangeKnown, PackageUnreadable, EvidenceBacklog),
    openapi_extra=body_of(VerificationMessage),
)
async def receive_verification(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> SignedReceipt:
    """接收证照查验: take a partner's question about a licence of ours; answers a receipt."""
    return await taking.take_question(session, context, signed, at=at)


@signed_router.post(
    f"{PATH}/{{exchange_id}}/answer",
    status_code=202,
    responses=problems(*PROOF, EvidenceDenied, ExchangeUnknown, PackageUnreadable, EvidenceBacklog),
    openapi_extra=body_of(VerificationAnswerMessage),
)
async def receive_verification_answer(
    exchange_id: UUID,
    signed: SignedPartner,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> SignedReceipt:
    """接收查验答复: keep the issuer's signed answer to our question; answers a receipt."""
    return await taking.take_answer(session, context, signed, exchange_id, at=at)
