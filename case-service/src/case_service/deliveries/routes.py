"""HTTP of deliveries."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from case_service.consents.errors import ConsentMissing
from case_service.deliveries import service
from case_service.deliveries.errors import (
    DeliveryDetailMissing,
    DeliveryNotFound,
    DeliveryStepNotAllowed,
    DeliveryUnderWay,
    LockerCodeBlocked,
    LockerCodeWrong,
    NothingToDeliver,
)
from case_service.deliveries.schemas import (
    ConfirmIn,
    DeliveryIn,
    DeliveryRead,
    ReturnIn,
    SendIn,
)
from case_service.errors import ActionNotAllowed, CaseNotFound
from case_service.seals.errors import SealNotAuthorised
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, NotAllowed, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("deliveries")

Clerk = Annotated[Caller, allow(Role.CLERK)]
Party = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
Reading = Annotated[
    Caller,
    allow(
        Role.CITIZEN,
        Role.ENTERPRISE,
        Role.CLERK,
        Role.HELPER,
        Role.APPROVER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
    ),
]


@router.get(
    "/api/v1/cases/{case_id}/deliveries",
    responses=problems(CaseNotFound, ForeignSite, CursorInvalid),
)
async def list_deliveries(
    case_id: UUID, session: Session, context: InContext, caller: Reading, paging: PageQuery
) -> Page[DeliveryRead]:
    """送达列表: what of a case went out or came in, and how far each is, oldest first."""
    return await service.list_of(session, context, case_id, caller=caller, paging=paging)


@router.post(
    "/api/v1/cases/{case_id}/deliveries",
    status_code=201,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        NothingToDeliver,
        DeliveryUnderWay,
        DeliveryDetailMissing,
        ConsentMissing,
    ),
)
async def prepare_delivery(
    case_id: UUID,
    body: DeliveryIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Party,
    at: Now,
) -> DeliveryRead:
    """登记送达: choose counter, post, locker, online or partner; or tell what comes in by post."""
    made = await service.prepare(session, context, case_id, body, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/deliveries/{made.id}"
    response.headers["ETag"] = etags.etag(made.version)
    return made


@router.get(
    "/api/v1/deliveries/{delivery_id}",
    responses=problems(DeliveryNotFound, CaseNotFound, ForeignSite),
)
async def read_delivery(
    delivery_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Reading,
    is_full: Annotated[
        bool,
        Query(alias="full", description="显示完整信息，读取将被记录 / unmasked, on record"),
    ] = False,
) -> DeliveryRead:
    """查看送达: where it goes and how far it is; a locker's code for the applicant alone."""
    found = await service.read(session, context, delivery_id, caller=caller, is_full=is_full)
    etags.offer(request, response, found.version)
    return found


@router.post(
    "/api/v1/deliveries/{delivery_id}/send",
    responses=problems(
        DeliveryNotFound,
        CaseNotFound,
        ForeignSite,
        StaleVersion,
        DeliveryStepNotAllowed,
        DeliveryDetailMissing,
    ),
)
async def send_delivery(
    delivery_id: UUID,
    body: SendIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Party,
    if_match: IfMatch,
    at: Now,
) -> DeliveryRead:
    """寄出: it leaves, with its tracking number or into its locker; the applicant is told."""
    sent = await service.send(
        session, context, delivery_id, body, caller=caller, if_match=if_match, at=at
    )
    response.headers["ETag"] = etags.etag(sent.version)
    return sent


@router.post(
    "/api/v1/deliveries/{delivery_id}/confirm",
    responses=problems(
        DeliveryNotFound,
        CaseNotFound,
        ForeignSite,
        StaleVersion,
        NotAllowed,
        DeliveryStepNotAllowed,
        DeliveryDetailMissing,
        LockerCodeWrong,
        LockerCodeBlocked,
        ConsentMissing,
        ActionNotAllowed,
        SealNotAuthorised,
    ),
)
async def confirm_delivery(
    delivery_id: UUID,
    body: ConfirmIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Party,
    if_match: IfMatch,
    at: Now,
) -> DeliveryRead:
    """签收: it is there; a result's proof of service (送达回证) is drawn up, its case goes on."""
    done = await service.confirm(
        session, context, delivery_id, body, caller=caller, if_match=if_match, at=at
    )
    response.headers["ETag"] = etags.etag(done.version)
    return done


@router.post(
    "/api/v1/deliveries/{delivery_id}/return",
    responses=problems(
        DeliveryNotFound, CaseNotFound, ForeignSite, StaleVersion, DeliveryStepNotAllowed
    ),
)
async def return_delivery(
    delivery_id: UUID,
    body: ReturnIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Clerk,
    if_match: IfMatch,
    at: Now,
) -> DeliveryRead:
    """退回: it could not be handed over, or is called off; the applicant is told."""
    back = await service.come_back(
        session, context, delivery_id, body.reason, caller=caller, if_match=if_match, at=at
    )
    response.headers["ETag"] = etags.etag(back.version)
    return back
