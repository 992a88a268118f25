"""HTTP of cases."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from case_service.assistance.errors import (
    AuthorityEnded,
    AuthorityMissing,
    AuthorityNotFound,
    AuthorityOutOfScope,
    NotThePrincipal,
)
from case_service.cases import actions, reading, related, service
from case_service.cases.action_body import ActionIn
from case_service.cases.clock_body import ClockRead
from case_service.cases.deadlines import clock
from case_service.cases.progress import progress
from case_service.cases.refusals import (
    CommitmentBroken,
    DepartmentNotAsked,
    DuplicateApplication,
    ExtensionTooLate,
    ExtensionTooLong,
    LicenceStands,
    NotOverdueYet,
    NotTheLead,
    OutOfOrder,
    ProcedureNotAllowed,
)
from case_service.cases.rules import Action, Stage
from case_service.cases.schemas import (
    CaseIn,
    CaseRead,
    CaseSummary,
    ProgressIn,
    ProgressRead,
    RelatedCase,
    TimelineRead,
)
from case_service.consents.errors import ConsentMissing
from case_service.deliveries.errors import DeliveryDetailMissing, DeliveryStepNotAllowed
from case_service.errors import (
    ActionIncomplete,
    ActionNotAllowed,
    ApplicationIncomplete,
    AssignedToAnother,
    CaseNotFound,
    HelperMayNotDecide,
    MaterialsMissing,
    MatterRetired,
    MatterUnknown,
    ProgressNotFound,
    SamePerson,
    SiteUnknown,
    TooManyTries,
)
from case_service.licences.errors import LicenceNotFound, LicenceNotSucceeded
from case_service.payments.errors import FeeUnpaid
from case_service.seals.errors import SealNotAuthorised
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, MaybeCaller, NotAllowed, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("cases")

Applying = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]
Handling = Annotated[
    Caller,
    allow(
        Role.CITIZEN,
        Role.ENTERPRISE,
        Role.CLERK,
        Role.HELPER,
        Role.REVIEWER,
        Role.APPROVER,
        Role.SEAL_KEEPER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
    ),
]
Reading = Annotated[
    Caller,
    allow(
        Role.CITIZEN,
        Role.ENTERPRISE,
        Role.CLERK,
        Role.HELPER,
        Role.REVIEWER,
        Role.APPROVER,
        Role.SEAL_KEEPER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
        Role.ADMIN,
    ),
]


@router.post(
    "/api/v1/cases",
    status_code=201,
    responses=problems(
        MatterUnknown,
        MatterRetired,
        SiteUnknown,
        ForeignSite,
        ApplicationIncomplete,
        LicenceNotFound,
        LicenceNotSucceeded,
        AuthorityNotFound,
        AuthorityEnded,
        AuthorityOutOfScope,
        NotThePrincipal,
        DuplicateApplication,
    ),
)
async def submit_case(
    body: CaseIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    at: Now,
) -> CaseRead:
    """提交申请: apply for a matter, online or at a window; materials may follow."""
    case = await service.submit(session, context, body, caller=caller, at=at)
    case = await actions.submitted(session, context, case, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    response.headers["ETag"] = etags.etag(case.version)
    return case


@router.get("/api/v1/cases", responses=problems(CursorInvalid))
async def list_cases(
    session: Session,
    caller: Reading,
    paging: PageQuery,
    stage: Annotated[Stage | None, Query(description="环节 / stage")] = None,
    site_id: Annotated[Code | None, Query(description="网点 / site")] = None,
    number: Annotated[Code | None, Query(description="办件编号 / number")] = None,
    matter_code: Annotated[Code | None, Query(description="事项编码 / matter")] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="未结 / unfinished")] = None,
    is_mine: Annotated[bool, Query(alias="mine", description="我经手的 / those I took part in")] = (
        False
    ),
) -> Page[CaseSummary]:
    """办件列表: the cases that concern the caller, newest first."""
    rows = await service.list_cases(
        session,
        caller,
        paging,
        stage=stage,
        site_id=site_id,
        number=number,
        matter_code=matter_code,
        is_open=is_open,
        is_mine=is_mine,
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row["id"],))
    return Page(items=[CaseSummary(**row) for row in page], next_cursor=cursor)


@router.get("/api/v1/me/cases", responses=problems(CursorInvalid))
async def list_my_cases(session: Session, caller: Reading, paging: PageQuery) -> Page[CaseSummary]:
    """我的办件: the cases that I applied for or took part in, newest first."""
    rows = await service.list_cases(session, caller, paging, is_mine=True)
    page, cursor = page_of(rows, paging, key=lambda row: (row["id"],))
    return Page(items=[CaseSummary(**row) for row in page], next_cursor=cursor)


@router.post("/api/v1/cases/progress", responses=problems(ProgressNotFound, TooManyTries))
async def ask_progress(
    body: ProgressIn, context: InContext, _caller: MaybeCaller, at: Now
) -> ProgressRead:
    """进度查询: how far a case is, by its number and the last four of the identity number."""
    return await progress(context, body.number, body.id_tail, at=at)


@router.get("/api/v1/cases/{case_id}", responses=problems(CaseNotFound, ForeignSite, NotAllowed))
async def read_case(
    case_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Reading,
    is_full: Annotated[
        bool,
        Query(alias="full", description="显示完整个人信息，读取将被记录 / unmasked, on record"),
    ] = False,
) -> CaseRead:
    """办件详情: a case and what the caller can do with it now; personal data is masked."""
    case = await service.read(session, context, case_id, caller=caller, is_full=is_full)
    etags.offer(request, response, case.version)
    return case


@router.get("/api/v1/cases/{case_id}/timeline", responses=problems(CaseNotFound, ForeignSite))
async def read_timeline(case_id: UUID, session: Session, caller: Reading) -> list[TimelineRead]:
    """办理过程: every step of a case, oldest first."""
    entries = await service.timeline(session, case_id, caller=caller)
    return [reading.step_shown(entry, is_staff=caller.is_staff) for entry in entries]


@router.get("/api/v1/cases/{case_id}/clock", responses=problems(CaseNotFound, ForeignSite))
async def read_clock(
    case_id: UUID, session: Session, context: InContext, caller: Reading, at: Now
) -> ClockRead:
    """办理时限: by when what is due, and for each day whether it counts, and why."""
    return await clock(session, context, case_id, caller=caller, at=at)


@router.get("/api/v1/cases/{case_id}/related", responses=problems(CaseNotFound, ForeignSite))
async def read_related(
    case_id: UUID, session: Session, context: InContext, caller: Reading
) -> list[RelatedCase]:
    """关联办件: others of the same applicant, matter, life event or premises, newest first."""
    return await related.related_to(session, context, case_id, caller=caller)


@router.post(
    "/api/v1/cases/{case_id}/actions/{action}",
    responses=problems(
        CaseNotFound,
        ForeignSite,
        NotAllowed,
        SamePerson,
        AssignedToAnother,
        HelperMayNotDecide,
        AuthorityMissing,
        AuthorityEnded,
        AuthorityOutOfScope,
        StaleVersion,
        ActionNotAllowed,
        MaterialsMissing,
        ActionIncomplete,
        ApplicationIncomplete,
        ProcedureNotAllowed,
        ExtensionTooLong,
        ExtensionTooLate,
        NotOverdueYet,
        OutOfOrder,
        DepartmentNotAsked,
        NotTheLead,
        CommitmentBroken,
        LicenceStands,
        FeeUnpaid,
        SealNotAuthorised,
        DeliveryDetailMissing,
        DeliveryStepNotAllowed,
        ConsentMissing,
    ),
)
async def act_on_case(
    case_id: UUID,
    action: Action,
    body: ActionIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Handling,
    if_match: IfMatch,
    at: Now,
) -> CaseRead:
    """办理操作: receive, accept, decide … ; what is possible now is the case's `actions`."""
    case = await actions.act(
        session, context, case_id, action, body, caller=caller, at=at, if_match=if_match
    )
    response.headers["ETag"] = etags.etag(case.version)
    return case
