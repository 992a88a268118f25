"""HTTP of exchanges: what partners send, signed, and what staff read."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from interop_service.errors import (
    AgreementDenies,
    ExchangeKnown,
    ExchangeUnknown,
    MessageNotAllowed,
    PackageUnreadable,
    PartnerNotFound,
    ProtocolUnsupported,
)
from interop_service.exchanges import dead_letters, receiving, reconciling, service
from interop_service.exchanges.door import PROOF, SignedPartner, body_of, signed_router
from interop_service.exchanges.envelopes import SignedReceipt
from interop_service.exchanges.messages import (
    FilesAwaited,
    PackageMessage,
    ReceiptMessage,
    ResultMessage,
    StatesAnswer,
    StatesMessage,
)
from interop_service.exchanges.protocol import PROTOCOL, ROOT, TREE
from interop_service.exchanges.rules import State
from interop_service.exchanges.schemas import (
    DeadLetterRead,
    DiscardIn,
    ExchangeDetail,
    ExchangeRead,
    OwnKeySet,
    ReceiptRead,
    ReconcileIn,
    ReconcileRead,
    ReconciliationRead,
    RemoteHelpIn,
)
from interop_service.exchanges.tables import Delivery, Exchange, ReceiptRow, Reconciliation
from interop_service.files.errors import FileTooLarge, FileUnreadable
from interop_service.letters.tables import Letter
from interop_service.partners.schemas import DistrictCode
from interop_service.refusals import (
    DeadLetterNotFound,
    ExchangeNotFound,
    PartnerNotActive,
    RemoteHelpRefused,
)
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import NotFound, problems

__all__ = ["router", "versions_router"]


router = app.router("exchanges")
versions_router = APIRouter(tags=["exchanges"])
"""The last of all: whatever lies below the protocol's tree and is not of this version."""

Staff = Annotated[
    Caller,
    allow(Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR, Role.ADMIN, Role.OPS),
]
Helper = Annotated[Caller, allow(Role.CLERK, Role.HELPER, Role.REVIEWER, Role.APPROVER)]
Operator = Annotated[Caller, allow(Role.SUPERVISOR, Role.ADMIN, Role.OPS)]


class KeySetResponse(JSONResponse):
    """A JWK set, under its own media type."""

    media_type = "application/jwk-set+json"


@router.get(f"{TREE}/keys", response_class=KeySetResponse, response_model_exclude_none=True)
async def read_keys(context: InContext, _caller: MaybeCaller) -> OwnKeySet:
    """本区公钥: this district's JWK set (RFC 7517), name and suites, for partners to register."""
    return service.published_keys(context)


@router.post(
    "/api/v1/exchanges/reconcile",
    status_code=202,
    responses=problems(PartnerNotFound, PartnerNotActive),
)
async def reconcile(
    given: ReconcileIn, session: Session, context: InContext, _caller: Operator
) -> ReconcileRead:
    """对账: have the worker compare with a partner, or all, within seconds, and mend."""
    wanted = await reconciling.request(session, context, given.partner)
    return ReconcileRead(partners=list(wanted))


@router.get("/api/v1/exchanges/reconciliations", response_model=list[ReconciliationRead])
async def list_reconciliations(session: Session, _caller: Staff) -> Sequence[Reconciliation]:
    """对账结果: with each partner, when it was compared last, and what was mended."""
    return await service.reconciliations(session)


@signed_router.post(
    f"{TREE}/states",
    responses=problems(*PROOF),
    openapi_extra=body_of(StatesMessage),
)
async def compare_states(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> StatesAnswer:
    """应答对账: tell a partner how the exchanges stand here, and send again what it lost."""
    return await reconciling.answer(session, context, signed, at=at)


@router.get("/api/v1/exchanges", responses=problems(CursorInvalid))
async def list_exchanges(
    session: Session,
    paging: PageQuery,
    _caller: Staff,
    partner: Annotated[DistrictCode | None, Query()] = None,
    state: State | None = None,
) -> Page[ExchangeRead]:
    """跨区办件列表: exchanges with partners, newest first."""
    rows = await service.exchanges_page(session, paging, partner=partner, state=state)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[ExchangeRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get("/api/v1/exchanges/dead-letters", responses=problems(CursorInvalid))
async def list_dead_letters(
    session: Session,
    paging: PageQuery,
    _caller: Operator,
    partner: Annotated[DistrictCode | None, Query()] = None,
) -> Page[DeadLetterRead]:
    """死信列表: what did not reach its partner in the agreed time, or was refused; oldest first."""
    rows = await dead_letters.page(session, paging, partner=partner)
    page, cursor = page_of(rows, paging, key=lambda row: (row["id"],))
    return Page(items=[DeadLetterRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/exchanges/dead-letters/{message_id}/replay",
    response_model=DeadLetterRead,
    responses=problems(DeadLetterNotFound),
)
async def replay_dead_letter(
    message_id: UUID, session: Session, at: Now, caller: Operator
) -> Delivery | Letter:
    """重发死信: send it again, once what kept it from arriving is mended."""
    return await dead_letters.replay(session, message_id, actor=caller.subject, at=at)


@router.post(
    "/api/v1/exchanges/dead-letters/{message_id}/discard",
    response_model=DeadLetterRead,
    responses=problems(DeadLetterNotFound),
)
async def discard_dead_letter(
    message_id: UUID,
    given: DiscardIn,
    session: Session,
    context: InContext,
    at: Now,
    caller: Operator,
) -> Delivery | Letter:
    """放弃死信: send it no more; a case whose package it was fails, and its window learns why."""
    return await dead_letters.discard(
        session, context, message_id, reason=given.reason, actor=caller.subject, at=at
    )


@signed_router.post(
    f"{TREE}/exchanges",
    status_code=202,
    responses=problems(
        *PROOF, AgreementDenies, ExchangeKnown, PackageUnreadable, FileTooLarge, FileUnreadable
    ),
    openapi_extra=body_of(PackageMessage),
)
async def receive_package(
    signed: SignedPartner, session: Session, context: InContext, at: Now, _caller: MaybeCaller
) -> SignedReceipt | FilesAwaited:
    """接收跨区办件: take a partner's signed, encrypted case package; answers a receipt.

    Where files that it names are not here yet it is kept, and the answer tells which.
    """
    return await receiving.take_package(session, context, signed, at=at)


@router.get("/api/v1/exchanges/{exchange_id}", responses=problems(ExchangeNotFound))
async def read_exchange(
    exchange_id: UUID, session: Session, context: InContext, _caller: Staff
) -> ExchangeDetail:
    """跨区办件详情: who holds the case since when, its clock and light, what may follow."""
    return await service.detail(session, context, exchange_id)


@router.put(
    "/api/v1/exchanges/{exchange_id}/remote-help",
    response_model=ExchangeRead,
    responses=problems(ExchangeNotFound, RemoteHelpRefused),
)
async def offer_remote_help(
    exchange_id: UUID,
    given: RemoteHelpIn,
    session: Session,
    context: InContext,
    at: Now,
    caller: Helper,
) -> Exchange:
    """远程视频帮办: keep where the two windows meet by video; the other district is told."""
    return await service.offer_remote_help(
        session, context, exchange_id, given, actor=caller.subject, at=at
    )


@router.get(
    "/api/v1/exchanges/{exchange_id}/receipts",
    response_model=list[ReceiptRead],
    responses=problems(ExchangeNotFound),
)
async def list_receipts(
    exchange_id: UUID, session: Session, _caller: Staff
) -> Sequence[ReceiptRow]:
    """签收回执: the signed receipts of an exchange, given and got, oldest first."""
    return await service.receipts(session, exchange_id)


@signed_router.post(
    f"{TREE}/exchanges/{{exchange_id}}/receipts",
    status_code=202,
    responses=problems(
        *PROOF,
        ExchangeUnknown,
        MessageNotAllowed,
        PackageUnreadable,
        FileTooLarge,
        FileUnreadable,
    ),
    openapi_extra=body_of(ReceiptMessage),
)
async def receive_receipt(
    exchange_id: UUID,
    signed: SignedPartner,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> SignedReceipt | FilesAwaited:
    """接收进度或评价: take a step of the case at the other district; answers a receipt.

    Where files that it names are not here yet it is kept, and the answer tells which.
    """
    return await receiving.take_receipt(session, context, signed, exchange_id, at=at)


@signed_router.post(
    f"{TREE}/exchanges/{{exchange_id}}/results",
    status_code=202,
    responses=problems(*PROOF, ExchangeUnknown, PackageUnreadable),
    openapi_extra=body_of(ResultMessage),
)
async def receive_result(
    exchange_id: UUID,
    signed: SignedPartner,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
) -> SignedReceipt:
    """接收办理结果: take the owner's sealed result, recognised by its seal; answers a receipt."""
    return await receiving.take_result(session, context, signed, exchange_id, at=at)


@versions_router.api_route(
    f"{ROOT}{{version}}/{{rest:path}}",
    methods=["GET", "HEAD", "PATCH", "POST"],
    responses=problems(ProtocolUnsupported),
    include_in_schema=False,
)
async def refuse_version(version: str, rest: str, _caller: MaybeCaller) -> None:
    """其他协议版本: a message of another version of the protocol, or to no place of this one."""
    if version == f"v{PROTOCOL}":
        raise NotFound
    raise ProtocolUnsupported(supported=PROTOCOL)
