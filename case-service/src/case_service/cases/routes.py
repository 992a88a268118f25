"""HTTP of cases."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import File, Form, Query, Request, Response, UploadFile

from case_service.cases import actions, materials, reading, service
from case_service.cases.action_body import ActionIn
from case_service.cases.clock_body import ClockRead
from case_service.cases.deadlines import clock
from case_service.cases.file_errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialNotAccepted,
    MaterialNotFound,
    MaterialTooLarge,
    MaterialUnknown,
)
from case_service.cases.refusals import (
    CommitmentBroken,
    DepartmentNotAsked,
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
    FileRead,
    ProgressIn,
    ProgressRead,
    TimelineRead,
)
from case_service.errors import (
    ActionIncomplete,
    ActionNotAllowed,
    ApplicationIncomplete,
    CaseFinished,
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
        MatterUnknown, MatterRetired, SiteUnknown, ForeignSite, ApplicationIncomplete
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
    return await service.progress(context, body.number, body.id_tail, at=at)


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


@router.post(
    "/api/v1/cases/{case_id}/materials",
    status_code=201,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        StaleVersion,
        CaseFinished,
        MaterialUnknown,
        MaterialEmpty,
        MaterialBelied,
        MaterialTooLarge,
        MaterialNotAccepted,
    ),
)
async def upload_material(
    case_id: UUID,
    key: Annotated[Code, Form(description="材料 key / the material's key")],
    file: Annotated[UploadFile, File(description="PDF、OFD、JPEG、PNG、DOCX、XLSX")],
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    if_match: IfMatch,
    at: Now,
) -> FileRead:
    """上传材料: hand in a file for one of the materials that the matter asks for."""
    kept, version = await materials.upload(
        session, context, case_id, key, file, caller=caller, at=at, if_match=if_match
    )
    response.headers["ETag"] = etags.etag(version)
    return kept


@router.get(
    "/api/v1/cases/{case_id}/materials/{material_id}/content",
    response_class=Response,
    responses={
        **problems(CaseNotFound, ForeignSite, MaterialNotFound),
        200: {
            "description": "文件内容 / the file's bytes",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def read_material(
    case_id: UUID, material_id: UUID, session: Session, context: InContext, caller: Reading
) -> Response:
    """下载材料: a file's bytes, as they were handed in; the reading is on the record."""
    material, raw = await materials.download(session, context, case_id, material_id, caller=caller)
    name = quote(material.file_name or f"{material.key}")
    return Response(
        raw,
        media_type=material.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.post(
    "/api/v1/cases/{case_id}/actions/{action}",
    responses=problems(
        CaseNotFound,
        ForeignSite,
        NotAllowed,
        SamePerson,
        HelperMayNotDecide,
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
