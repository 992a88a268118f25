"""HTTP of the archive: files, the schedule of terms, holds, transfers."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from case_service.archive import service, transfers
from case_service.archive.errors import (
    ArchiveFileNotFound,
    HoldNotFound,
    NotTransferable,
    ReceiptBelied,
    RetentionRuleGiven,
    RetentionRuleNotFound,
    TransferNotFound,
    TransferNotReady,
)
from case_service.archive.schemas import (
    ArchiveFileDetail,
    ArchiveFileRead,
    HoldIn,
    HoldRead,
    KeySetRead,
    ReceiptIn,
    RetentionChange,
    RetentionRuleIn,
    RetentionRuleRead,
    TransferIn,
    TransferRead,
)
from case_service.archive.vocabulary import ArchiveState, RetentionClass
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, etag
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("archive")

Archiving = Annotated[Caller, allow(Role.SUPERVISOR, Role.ADMIN)]
Looking = Annotated[Caller, allow(Role.APPROVER, Role.SUPERVISOR, Role.ADMIN)]
Scheduling = Annotated[Caller, allow(Role.ADMIN)]


@router.get("/api/v1/archive/files", responses=problems(CursorInvalid))
async def list_archive_files(
    session: Session,
    _caller: Looking,
    paging: PageQuery,
    state: Annotated[ArchiveState | None, Query(description="状态 / state")] = None,
    retention: Annotated[RetentionClass | None, Query(description="保管期限 / class")] = None,
    matter_code: Annotated[Code | None, Query(description="事项编码")] = None,
    number: Annotated[Code | None, Query(description="档号或办件编号 / of file or case")] = None,
    ended_by: Annotated[
        date | None, Query(description="保管期限在此日前届满 / whose term is over by then")
    ] = None,
) -> Page[ArchiveFileRead]:
    """归档目录: the files of ended cases, without anybody's name."""
    rows = await service.listed(
        session,
        paging,
        state=state,
        retention=retention,
        matter_code=matter_code,
        number=number,
        ended_by=ended_by,
    )
    page, cursor = page_of(
        rows,
        paging,
        key=lambda row: (row.id,) if ended_by is None else (row.retention_ends_on, row.id),
    )
    return Page(items=[ArchiveFileRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get("/api/v1/archive/files/{file_id}", responses=problems(ArchiveFileNotFound))
async def read_archive_file(file_id: UUID, session: Session, _caller: Looking) -> ArchiveFileDetail:
    """归档文件: what a file holds, by ids and digests, and what keeps it from destruction."""
    file, holds = await service.get(session, file_id)
    return ArchiveFileDetail(
        **ArchiveFileRead.model_validate(file).model_dump(),
        contents=file.contents,
        signature=file.signature,
        holds=[HoldRead.model_validate(one) for one in holds],
    )


@router.post(
    "/api/v1/archive/files/{file_id}/holds",
    status_code=201,
    responses=problems(ArchiveFileNotFound),
)
async def place_hold(
    file_id: UUID, body: HoldIn, session: Session, caller: Archiving, at: Now
) -> HoldRead:
    """冻结: keep a file from destruction while something goes on."""
    return HoldRead.model_validate(await service.hold(session, file_id, body, caller=caller, at=at))


@router.post(
    "/api/v1/archive/files/{file_id}/holds/{hold_id}/lift",
    responses=problems(ArchiveFileNotFound, HoldNotFound),
)
async def lift_hold(
    file_id: UUID, hold_id: UUID, session: Session, caller: Archiving, at: Now
) -> HoldRead:
    """解除冻结: what went on is over."""
    lifted = await service.lift(session, file_id, hold_id, caller=caller, at=at)
    return HoldRead.model_validate(lifted)


@router.get("/api/v1/archive/retention-rules")
async def list_retention_rules(session: Session, _caller: Looking) -> list[RetentionRuleRead]:
    """保管期限表: how long files are kept, by type, matter, version and outcome."""
    return [RetentionRuleRead.model_validate(one) for one in await service.schedule(session)]


@router.post(
    "/api/v1/archive/retention-rules", status_code=201, responses=problems(RetentionRuleGiven)
)
async def add_retention_rule(
    body: RetentionRuleIn, response: Response, session: Session, caller: Scheduling
) -> RetentionRuleRead:
    """增加保管期限: a line about some cases; what is filed already keeps its class."""
    rule = await service.add_rule(session, body, caller=caller)
    response.headers["ETag"] = etag(rule.version)
    return RetentionRuleRead.model_validate(rule)


@router.put(
    "/api/v1/archive/retention-rules/{rule_id}",
    responses=problems(RetentionRuleNotFound, StaleVersion),
)
async def change_retention_rule(
    rule_id: UUID,
    body: RetentionChange,
    response: Response,
    session: Session,
    caller: Scheduling,
    if_match: IfMatch,
) -> RetentionRuleRead:
    """修改保管期限: another term, on another basis."""
    rule = await service.change_rule(
        session,
        rule_id,
        retention=body.retention,
        basis=body.basis,
        caller=caller,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(rule.version)
    return RetentionRuleRead.model_validate(rule)


@router.post("/api/v1/archive/transfers", status_code=202, responses=problems(NotTransferable))
async def request_transfer(
    body: TransferIn, session: Session, caller: Archiving, at: Now
) -> TransferRead:
    """移交: have a package made of these files for the archives; all of them or none."""
    transfer = await transfers.request(
        session, body.files, recipient=body.recipient, caller=caller, at=at
    )
    return TransferRead.model_validate(transfer)


@router.get("/api/v1/archive/transfers", responses=problems(CursorInvalid))
async def list_transfers(
    session: Session, _caller: Looking, paging: PageQuery
) -> Page[TransferRead]:
    """移交批次: packages made, waiting and acknowledged, newest first."""
    rows = await transfers.listed(session, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[TransferRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get("/api/v1/archive/transfers/{transfer_id}", responses=problems(TransferNotFound))
async def read_transfer(
    transfer_id: UUID, response: Response, session: Session, _caller: Looking
) -> TransferRead:
    """移交批次: whether its package is ready, and its digest."""
    transfer = await transfers.get(session, transfer_id)
    response.headers["ETag"] = etag(transfer.version)
    return TransferRead.model_validate(transfer)


@router.get(
    "/api/v1/archive/transfers/{transfer_id}/package",
    response_class=Response,
    responses={
        **problems(TransferNotFound, TransferNotReady),
        200: {
            "description": "移交包（BagIt，ZIP）/ the package",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def read_package(
    transfer_id: UUID, session: Session, context: InContext, caller: Archiving
) -> Response:
    """下载移交包: a BagIt bag with the seal's signature; the reading is on the record."""
    transfer, pieces = await transfers.open_package(session, context, transfer_id, caller=caller)
    return StreamingResponse(
        pieces,
        media_type="application/zip",
        headers={
            "Content-Length": str(transfer.size),
            "Content-Disposition": f'attachment; filename="{transfer.number}.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/api/v1/archive/keys")
async def read_archive_keys(context: InContext, _caller: Looking) -> KeySetRead:
    """验真公钥: the public keys (JWKS) that the archives verify packages with."""
    return KeySetRead.model_validate(transfers.public_keys(context))


@router.post(
    "/api/v1/archive/transfers/{transfer_id}/acknowledge",
    responses=problems(TransferNotFound, TransferNotReady, ReceiptBelied, StaleVersion),
)
async def acknowledge_transfer(
    transfer_id: UUID,
    body: ReceiptIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Archiving,
    if_match: IfMatch,
    at: Now,
) -> TransferRead:
    """登记接收回执: the archives have it, and their digest is ours."""
    transfer = await transfers.acknowledge(
        session,
        context,
        transfer_id,
        receipt_number=body.receipt_number,
        sha256=body.sha256,
        caller=caller,
        at=at,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(transfer.version)
    return TransferRead.model_validate(transfer)
