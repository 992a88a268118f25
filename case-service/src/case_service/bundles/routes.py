"""HTTP of bundles."""

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Response, UploadFile

from case_service.bundles import service
from case_service.bundles.errors import (
    BundleNotFound,
    BundleNotReady,
    LifeEventUnknown,
    NothingApplies,
)
from case_service.bundles.schemas import BundleIn, BundleRead, BundleRef, HandOverIn
from case_service.cases.refusals import DuplicateApplication, OutOfOrder
from case_service.cases.schemas import FileRead
from case_service.consents.errors import ConsentMissing
from case_service.deliveries.errors import DeliveryDetailMissing, DeliveryStepNotAllowed
from case_service.errors import (
    ActionNotAllowed,
    ApplicationIncomplete,
    AssignedToAnother,
    MatterRetired,
    MatterUnknown,
    SiteUnknown,
)
from case_service.materials.errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialInfected,
    MaterialNotAccepted,
    MaterialTooLarge,
    MaterialUnknown,
)
from case_service.seals.errors import SealNotAuthorised
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, NotAllowed, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Line

__all__ = ["router"]

router = new_router("bundles")

Clerk = Annotated[Caller, allow(Role.CLERK)]
Applying = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
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
        Role.SITE_MANAGER,
    ),
]


@router.post(
    "/api/v1/bundles",
    status_code=201,
    responses=problems(
        LifeEventUnknown,
        NothingApplies,
        MatterUnknown,
        MatterRetired,
        SiteUnknown,
        ForeignSite,
        ApplicationIncomplete,
        DuplicateApplication,
    ),
)
async def apply_once(
    body: BundleIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    at: Now,
) -> BundleRead:
    """一件事申请: one form for a life event; a case for each matter that the answers call for."""
    bundle = await service.apply(session, context, body, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/bundles/{bundle.id}"
    response.headers["ETag"] = etags.etag(bundle.version)
    return bundle


@router.get("/api/v1/me/bundles", responses=problems(CursorInvalid))
async def list_my_bundles(session: Session, caller: Applying, paging: PageQuery) -> Page[BundleRef]:
    """我的联办申请: what I applied for at once, newest first."""
    rows = await service.of_account(session, caller, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[BundleRef.model_validate(row) for row in page], next_cursor=cursor)


@router.get("/api/v1/bundles/{bundle_id}", responses=problems(BundleNotFound))
async def read_bundle(bundle_id: UUID, session: Session, caller: Reading) -> BundleRead:
    """查看联办申请: its plan, how each part stands, and what came to nothing."""
    return await service.read(session, bundle_id, caller=caller)


@router.post(
    "/api/v1/bundles/{bundle_id}/materials",
    status_code=201,
    responses=problems(
        BundleNotFound,
        MaterialUnknown,
        MaterialEmpty,
        MaterialBelied,
        MaterialTooLarge,
        MaterialNotAccepted,
        MaterialInfected,
    ),
)
async def share_material(
    bundle_id: UUID,
    name: Annotated[Line, Form(description="材料名称，如联办指南所列 / as the guide lists it")],
    file: Annotated[UploadFile, File(description="PDF、OFD、JPEG、PNG、DOCX、XLSX")],
    session: Session,
    context: InContext,
    caller: Applying,
    at: Now,
) -> list[FileRead]:
    """共享材料: one file for every part that asks for the document of this name."""
    return await service.share_file(session, context, bundle_id, name, file, caller=caller, at=at)


@router.post(
    "/api/v1/bundles/{bundle_id}/release", responses=problems(BundleNotFound, StaleVersion)
)
async def release_bundle(
    bundle_id: UUID,
    response: Response,
    session: Session,
    caller: Applying,
    if_match: IfMatch,
    at: Now,
) -> BundleRead:
    """先行领取: the applicant does not wait for the rest; what is ready is handed over."""
    bundle = await service.release(session, bundle_id, caller=caller, if_match=if_match, at=at)
    response.headers["ETag"] = etags.etag(bundle.version)
    return bundle


@router.post(
    "/api/v1/bundles/{bundle_id}/hand-over",
    responses=problems(
        BundleNotFound,
        BundleNotReady,
        ForeignSite,
        NotAllowed,
        ActionNotAllowed,
        AssignedToAnother,
        OutOfOrder,
        DeliveryDetailMissing,
        DeliveryStepNotAllowed,
        ConsentMissing,
        SealNotAuthorised,
    ),
)
async def hand_bundle_over(
    bundle_id: UUID,
    body: HandOverIn,
    session: Session,
    context: InContext,
    caller: Clerk,
    at: Now,
) -> BundleRead:
    """一并交付: every result at once, each case delivered and closed, or none."""
    return await service.hand_over(session, context, bundle_id, body, caller=caller, at=at)
