"""HTTP of materials."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Header, Request, Response, UploadFile
from starlette.requests import ClientDisconnect

from case_service.cases import actions
from case_service.cases.schemas import FileRead
from case_service.consents.errors import ConsentMissing
from case_service.errors import CaseFinished, CaseNotFound
from case_service.materials import reuse, service, uploads
from case_service.materials.answers import FILE_BYTES, file_answer
from case_service.materials.errors import (
    LicenceProvesNothing,
    MaterialBelied,
    MaterialBroken,
    MaterialEmpty,
    MaterialInfected,
    MaterialNotAccepted,
    MaterialNotFound,
    MaterialNotReusable,
    MaterialNotScanned,
    MaterialTooLarge,
    MaterialUnknown,
    TooManyUploads,
    UploadExpired,
    UploadFinished,
    UploadNotFound,
    UploadOffsetWrong,
    UploadOverrun,
    UploadTypeWrong,
    UploadUnfinished,
)
from case_service.materials.schemas import MyMaterials, ReuseIn, ReuseRead, UploadIn, UploadRead
from case_service.materials.tables import Upload
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("materials")

TUS = "1.0.0"
PIECE = "application/offset+octet-stream"

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
        Role.SEAL_KEEPER,
        Role.SUPERVISOR,
        Role.SITE_MANAGER,
        Role.ADMIN,
    ),
]
_OFFSET: dict[str, Any] = {
    "Upload-Offset": {"schema": {"type": "integer"}, "description": "已收到的字节数 / received"}
}


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
        MaterialInfected,
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
    """上传材料: hand in a file for a material; a large one goes by an upload in pieces."""
    kept, _ = await service.upload(
        session, context, case_id, key, file, caller=caller, at=at, if_match=if_match
    )
    version = await actions.supplemented(session, context, case_id, at=at)
    response.headers["ETag"] = etags.etag(version)
    return kept


@router.get(
    "/api/v1/cases/{case_id}/materials/{material_id}/content",
    response_class=Response,
    responses={
        **problems(
            CaseNotFound, ForeignSite, MaterialNotFound, MaterialInfected, MaterialNotScanned
        ),
        200: FILE_BYTES,
    },
)
async def read_material(
    case_id: UUID, material_id: UUID, session: Session, context: InContext, caller: Reading
) -> Response:
    """下载材料: a file's bytes, as they were handed in; the reading is on the record."""
    material, pieces = await service.download(session, context, case_id, material_id, caller=caller)
    return file_answer(material, pieces)


@router.post(
    "/api/v1/cases/{case_id}/uploads",
    status_code=201,
    responses=problems(
        CaseNotFound, ForeignSite, CaseFinished, MaterialUnknown, MaterialTooLarge, TooManyUploads
    ),
)
async def begin_upload(
    case_id: UUID,
    body: UploadIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    at: Now,
) -> UploadRead:
    """创建续传: begin an upload in pieces, which can be resumed where it was cut off."""
    upload = await uploads.begin(session, context, case_id, body, caller=caller, at=at)
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    _tell(response, upload)
    return UploadRead.model_validate(upload)


@router.head(
    "/api/v1/uploads/{upload_id}",
    responses={
        **problems(UploadNotFound, UploadExpired),
        200: {"description": "已收到的位置 / how far it is", "headers": _OFFSET},
    },
)
async def ask_upload(
    upload_id: UUID, response: Response, session: Session, caller: Applying, at: Now
) -> None:
    """续传进度: at which byte to go on (tus 1.0)."""
    _tell(response, await uploads.get(session, upload_id, caller=caller, at=at))
    response.headers["Cache-Control"] = "no-store"


@router.get("/api/v1/uploads/{upload_id}", responses=problems(UploadNotFound, UploadExpired))
async def read_upload(
    upload_id: UUID, response: Response, session: Session, caller: Applying, at: Now
) -> UploadRead:
    """查看续传: an upload and how far it is; once finished, which material it became."""
    upload = await uploads.get(session, upload_id, caller=caller, at=at)
    _tell(response, upload)
    return UploadRead.model_validate(upload)


@router.patch(
    "/api/v1/uploads/{upload_id}",
    status_code=204,
    responses={
        **problems(
            UploadNotFound,
            UploadExpired,
            UploadFinished,
            UploadOffsetWrong,
            UploadOverrun,
            UploadTypeWrong,
        ),
        204: {"description": "已收存 / kept", "headers": _OFFSET},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {PIECE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def add_to_upload(
    upload_id: UUID,
    request: Request,
    response: Response,
    context: InContext,
    caller: Applying,
    at: Now,
    upload_offset: Annotated[
        int, Header(ge=0, le=2**40, description="本片起始字节 / where this piece begins")
    ],
) -> None:
    """上传分片: add the next bytes (tus 1.0); what arrived before a break is kept."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != PIECE:
        raise UploadTypeWrong
    reached = await uploads.add(
        context, upload_id, _arriving(request), offset=upload_offset, caller=caller, at=at
    )
    response.headers["Upload-Offset"] = str(reached)
    response.headers["Tus-Resumable"] = TUS


@router.post(
    "/api/v1/uploads/{upload_id}/complete",
    status_code=201,
    responses=problems(
        UploadNotFound,
        UploadExpired,
        UploadFinished,
        UploadUnfinished,
        CaseNotFound,
        ForeignSite,
        CaseFinished,
        MaterialUnknown,
        MaterialBroken,
        MaterialBelied,
        MaterialInfected,
        MaterialNotAccepted,
    ),
)
async def complete_upload(
    upload_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    at: Now,
) -> FileRead:
    """完成续传: check the whole (SHA-256, type, virus scan) and hand it in as the material."""
    kept, case_id = await uploads.complete(session, context, upload_id, caller=caller, at=at)
    version = await actions.supplemented(session, context, case_id, at=at)
    response.headers["ETag"] = etags.etag(version)
    return kept


@router.get("/api/v1/me/materials", responses=problems(CursorInvalid))
async def list_my_materials(
    session: Session, caller: Identified, paging: PageQuery, at: Now
) -> MyMaterials:
    """我的材料: what the caller handed in or was issued here, and can use again."""
    return await reuse.of_caller(session, caller, paging, at=at)


@router.post(
    "/api/v1/cases/{case_id}/materials/reuse",
    status_code=201,
    responses=problems(
        CaseNotFound,
        ForeignSite,
        StaleVersion,
        CaseFinished,
        MaterialUnknown,
        ConsentMissing,
        MaterialNotReusable,
        LicenceProvesNothing,
        MaterialInfected,
        MaterialNotScanned,
    ),
)
async def reuse_material(
    case_id: UUID,
    body: ReuseIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Applying,
    if_match: IfMatch,
    at: Now,
) -> ReuseRead:
    """复用材料: prove a material by an earlier file or an e-licence, with the recorded consent."""
    used, _ = await reuse.reuse(
        session, context, case_id, body, caller=caller, at=at, if_match=if_match
    )
    version = await actions.supplemented(session, context, case_id, at=at)
    response.headers["ETag"] = etags.etag(version)
    return used


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    """Tell what arrives until all has, or the connection breaks: what came is kept then too."""
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        return


def _tell(response: Response, upload: Upload) -> None:
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Tus-Resumable"] = TUS
