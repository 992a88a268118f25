"""HTTP of files: the chunks that partners send, signed, and what staff read."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from interop_service.exchanges.door import PROOF, SignedChunk, SignedPartner
from interop_service.exchanges.protocol import CHUNK, TREE
from interop_service.files import arriving, service
from interop_service.files.errors import (
    ChunkTypeWrong,
    FileDigestMismatch,
    FileOffsetWrong,
    FileTooLarge,
    FileUnknown,
    FileUnreadable,
)
from interop_service.files.schemas import FileTransferRead
from interop_service.files.tables import ExchangeFile
from interop_service.partners.schemas import DistrictCode
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.idempotency import TransactionalRoute
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.shapes import DIGEST

__all__ = ["router", "signed_router"]

router = app.router("files")
signed_router = APIRouter(route_class=TransactionalRoute, tags=["files"])

Operator = Annotated[Caller, allow(Role.SUPERVISOR, Role.ADMIN, Role.OPS)]
Digest = Annotated[
    str, Path(pattern=DIGEST, description="文件的 SHA-256 / the file's SHA-256, hex")
]
_TOLD: dict[str, Any] = {
    "Upload-Offset": {"schema": {"type": "integer"}, "description": "已收到的字节数 / received"},
    "Upload-Length": {"schema": {"type": "integer"}, "description": "总字节数 / in all"},
    "Upload-Complete": {"schema": {"type": "string"}, "description": "?1 已收齐 / ?1: all is here"},
}


@signed_router.head(
    f"{TREE}/files/{{digest}}",
    responses={
        **problems(*PROOF, FileUnknown),
        200: {"description": "已收到的位置 / how far it is", "headers": _TOLD},
    },
)
async def ask_file(
    digest: Digest, signed: SignedPartner, session: Session, _caller: MaybeCaller
) -> Response:
    """文件续传进度: at which byte the sender of a file goes on."""
    return _told(await arriving.file_of(session, signed.sender, digest), 200)


@signed_router.patch(
    f"{TREE}/files/{{digest}}",
    status_code=204,
    responses={
        **problems(
            *PROOF,
            FileUnknown,
            FileOffsetWrong,
            FileTooLarge,
            ChunkTypeWrong,
            FileDigestMismatch,
            FileUnreadable,
        ),
        204: {"description": "已收存 / kept", "headers": _TOLD},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {CHUNK: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def receive_chunk(
    digest: Digest,
    signed: SignedChunk,
    session: Session,
    context: InContext,
    at: Now,
    _caller: MaybeCaller,
    upload_offset: Annotated[
        int, Header(ge=0, le=2**40, description="本片起始字节 / where this chunk begins")
    ],
    content_type: Annotated[str, Header(max_length=200)],
) -> Response:
    """接收文件分片: take the next chunk of a file that a message of the sender's names."""
    if content_type.partition(";")[0].strip() != CHUNK:
        raise ChunkTypeWrong
    row = await arriving.add(
        session, context, signed.sender, digest, signed.body, offset=upload_offset, at=at
    )
    return _told(row, 204)


@router.get("/api/v1/exchanges/files", responses=problems(CursorInvalid))
async def list_files(
    session: Session,
    paging: PageQuery,
    _caller: Operator,
    partner: Annotated[DistrictCode | None, Query()] = None,
    is_whole: Annotated[bool | None, Query(description="是否已收齐 / whether all is there")] = None,
) -> Page[FileTransferRead]:
    """文件传送列表: files between this district and its partners, and how far each is."""
    rows = await service.files_page(session, paging, partner=partner, is_whole=is_whole)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[FileTransferRead.model_validate(row) for row in page], next_cursor=cursor)


def _told(row: ExchangeFile, status: int) -> Response:
    is_whole = row.whole_at is not None
    return Response(
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            "Upload-Offset": str(row.reached),
            "Upload-Length": str(row.size),
            "Upload-Complete": "?1" if is_whole else "?0",
        },
    )
