"""HTTP of drafts."""

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile

from case_service.assistance.errors import (
    AuthorityEnded,
    AuthorityNotFound,
    AuthorityOutOfScope,
    NotThePrincipal,
)
from case_service.cases.refusals import DuplicateApplication
from case_service.cases.schemas import CaseRead
from case_service.drafts import files, service
from case_service.drafts.errors import DraftNotFound, DraftOver
from case_service.drafts.schemas import (
    CodeMade,
    DraftContent,
    DraftFile,
    DraftIn,
    DraftRead,
    DraftRef,
    HandIn,
    ResumeIn,
)
from case_service.errors import (
    ApplicationIncomplete,
    MatterRetired,
    MatterUnknown,
    SiteUnknown,
    TooManyTries,
)
from case_service.licences.errors import LicenceNotFound, LicenceNotSucceeded
from case_service.materials.answers import FILE_BYTES, file_answer
from case_service.materials.errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialInfected,
    MaterialNotAccepted,
    MaterialNotFound,
    MaterialNotScanned,
    MaterialTooLarge,
    MaterialUnknown,
)
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, NotAllowed, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("drafts")

Filling = Annotated[Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER)]


@router.post("/api/v1/drafts", status_code=201, responses=problems(MatterUnknown, MatterRetired))
async def begin_draft(
    body: DraftIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
    at: Now,
) -> DraftRead:
    """新建草稿: save an application as far as it is filled in; its number stays the case's."""
    draft = await service.begin(session, context, body, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/drafts/{draft.id}"
    response.headers["ETag"] = etags.etag(draft.version)
    return draft


@router.get("/api/v1/me/drafts", responses=problems(CursorInvalid))
async def list_my_drafts(session: Session, caller: Filling, paging: PageQuery) -> Page[DraftRef]:
    """我的草稿: what I have not handed in yet, newest first."""
    rows = await service.of_account(session, caller, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[DraftRef.model_validate(row) for row in page], next_cursor=cursor)


@router.post("/api/v1/drafts/resume", responses=problems(DraftNotFound, TooManyTries, NotAllowed))
async def resume_draft(
    body: ResumeIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
    at: Now,
) -> DraftRead:
    """接续草稿: by number and identity at a window, or by a one-time code at a kiosk or at home."""
    draft = await service.resume(session, context, body, caller=caller, at=at)
    response.headers["ETag"] = etags.etag(draft.version)
    return draft


@router.get("/api/v1/drafts/{draft_id}", responses=problems(DraftNotFound))
async def read_draft(
    draft_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
) -> DraftRead:
    """查看草稿: for whoever began or resumed it."""
    draft = await service.read(session, context, draft_id, caller=caller)
    etags.offer(request, response, draft.version)
    return draft


@router.put("/api/v1/drafts/{draft_id}", responses=problems(DraftNotFound, DraftOver, StaleVersion))
async def save_draft(
    draft_id: UUID,
    body: DraftContent,
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
    if_match: IfMatch,
    at: Now,
) -> DraftRead:
    """保存草稿: all that is filled in now; kept on from today."""
    draft = await service.save(
        session, context, draft_id, body, caller=caller, if_match=if_match, at=at
    )
    response.headers["ETag"] = etags.etag(draft.version)
    return draft


@router.delete(
    "/api/v1/drafts/{draft_id}",
    status_code=204,
    responses=problems(DraftNotFound, DraftOver, StaleVersion),
)
async def throw_draft_away(
    draft_id: UUID, session: Session, caller: Filling, if_match: IfMatch
) -> None:
    """删除草稿: nothing of it is left."""
    await service.throw_away(session, draft_id, caller=caller, if_match=if_match)


@router.post(
    "/api/v1/drafts/{draft_id}/materials",
    status_code=201,
    responses=problems(
        DraftNotFound,
        DraftOver,
        StaleVersion,
        MatterUnknown,
        MatterRetired,
        MaterialUnknown,
        MaterialEmpty,
        MaterialBelied,
        MaterialTooLarge,
        MaterialNotAccepted,
        MaterialInfected,
    ),
)
async def upload_draft_material(
    draft_id: UUID,
    key: Annotated[Code, Form(description="材料 key / the material's key")],
    file: Annotated[UploadFile, File(description="PDF、OFD、JPEG、PNG、DOCX、XLSX")],
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
    if_match: IfMatch,
    at: Now,
) -> DraftFile:
    """上传草稿材料: kept with the draft, and the case's once it is handed in."""
    kept, version = await files.add(
        session, context, draft_id, key, file, caller=caller, if_match=if_match, at=at
    )
    response.headers["ETag"] = etags.etag(version)
    return kept


@router.delete(
    "/api/v1/drafts/{draft_id}/materials/{material_id}",
    status_code=204,
    responses=problems(DraftNotFound, DraftOver, StaleVersion, MaterialNotFound),
)
async def remove_draft_material(
    draft_id: UUID,
    material_id: UUID,
    session: Session,
    context: InContext,
    caller: Filling,
    if_match: IfMatch,
    at: Now,
) -> None:
    """删除草稿材料: it is not handed in."""
    await files.remove(
        session, context, draft_id, material_id, caller=caller, if_match=if_match, at=at
    )


@router.get(
    "/api/v1/drafts/{draft_id}/materials/{material_id}/content",
    response_class=Response,
    responses={
        **problems(DraftNotFound, MaterialNotFound, MaterialInfected, MaterialNotScanned),
        200: FILE_BYTES,
    },
)
async def read_draft_material(
    draft_id: UUID, material_id: UUID, session: Session, context: InContext, caller: Filling
) -> Response:
    """下载草稿材料: a file's bytes, for whoever holds the draft; the reading is on the record."""
    material, pieces = await files.read(session, context, draft_id, material_id, caller=caller)
    return file_answer(material, pieces)


@router.post(
    "/api/v1/drafts/{draft_id}/code",
    status_code=201,
    responses=problems(DraftNotFound, DraftOver),
)
async def make_draft_code(
    draft_id: UUID, session: Session, context: InContext, caller: Filling, at: Now
) -> CodeMade:
    """一次性接续码: resumes the draft once, within a day, wherever it is typed in."""
    return await service.make_code(session, context, draft_id, caller=caller, at=at)


@router.post(
    "/api/v1/drafts/{draft_id}/submit",
    status_code=201,
    responses=problems(
        DraftNotFound,
        DraftOver,
        StaleVersion,
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
async def hand_draft_in(
    draft_id: UUID,
    body: HandIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Filling,
    if_match: IfMatch,
    at: Now,
) -> CaseRead:
    """提交草稿: it becomes the case of the same id and number."""
    case = await service.hand_in(
        session, context, draft_id, body, caller=caller, if_match=if_match, at=at
    )
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    response.headers["ETag"] = etags.etag(case.version)
    return case
