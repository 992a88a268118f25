"""HTTP about the catalog as a whole: imports, exports, and the form."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from starlette.responses import StreamingResponse

from catalog_service.basic_items.errors import BasicItemsFaulty
from catalog_service.errors import ImportFaulty, PublicationNeedsAdmin
from catalog_service.transfer import exports, service, streaming
from catalog_service.transfer.errors import (
    FileTooLarge,
    FileUnreadable,
    ImportIdTaken,
    ImportNotFound,
    ImportRunning,
)
from catalog_service.transfer.files import MOST_BYTES, read_csv, read_xlsx
from catalog_service.transfer.filled import Filled, matters_of
from catalog_service.transfer.schemas import CatalogExport, ImportIn, ImportProgress, ImportRead
from catalog_service.transfer.workbook import workbook_of
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = new_router("catalog")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]
DryRun = Annotated[bool, Query(description="试运行，不写入 / write nothing")]
Publish = Annotated[
    bool, Query(description="直接发布，限系统管理员 / publish at once, admins only")
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/x-ndjson"
JSON_LD = "application/ld+json"


def _body(media_type: str) -> dict[str, Any]:
    """Describe a body that is read as it comes."""
    shape = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {media_type: shape}}}


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    is_json = media_type == JSON_LD
    shape = {"schema": {"type": "object"} if is_json else {"type": "string", "format": "binary"}}
    return {200: {"description": "文件 / the file", "content": {media_type: shape}}}


@router.post(
    "/api/v1/catalog/import",
    responses=problems(PublicationNeedsAdmin, ImportRunning, ImportFaulty, BasicItemsFaulty),
)
async def import_catalog(
    body: ImportIn,
    session: Session,
    context: InContext,
    at: Now,
    caller: Editor,
    dry_run: DryRun = False,
    publish: Publish = False,
) -> ImportRead:
    """导入目录: take over matters, all or none; what is unchanged is left alone."""
    wanted = service.Import(
        contents=body.matters,
        basic_items=body.basic_items,
        importer=caller,
        publish=publish,
        is_dry_run=dry_run,
        on=local_date(at),
        district=context.settings.district,
        at=at,
    )
    return await service.take_over(session, wanted)


@router.post(
    "/api/v1/catalog/import.xlsx",
    responses=problems(
        PublicationNeedsAdmin, ImportRunning, FileTooLarge, FileUnreadable, ImportFaulty
    ),
    openapi_extra=_body(XLSX),
)
async def import_workbook(
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    caller: Editor,
    dry_run: DryRun = False,
    publish: Publish = False,
) -> ImportRead:
    """导入填好的工作簿: take over a filled template, all or none; faults by sheet, row, column."""
    filled = await _read_form(request, read_xlsx)
    wanted = service.Import(
        contents=matters_of(filled),
        importer=caller,
        publish=publish,
        is_dry_run=dry_run,
        on=local_date(at),
        district=context.settings.district,
        at=at,
        place=filled.place,
    )
    return await service.take_over(session, wanted)


@router.post(
    "/api/v1/catalog/import.csv",
    responses=problems(
        PublicationNeedsAdmin, ImportRunning, FileTooLarge, FileUnreadable, ImportFaulty
    ),
    openapi_extra=_body("text/csv"),
)
async def import_table(
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    caller: Editor,
    dry_run: DryRun = False,
    publish: Publish = False,
) -> ImportRead:
    """导入填好的表格: take over a CSV table, a matter a row, all or none; faults by row, column."""
    filled = await _read_form(request, read_csv)
    wanted = service.Import(
        contents=matters_of(filled),
        importer=caller,
        publish=publish,
        is_dry_run=dry_run,
        on=local_date(at),
        district=context.settings.district,
        at=at,
        place=filled.place,
    )
    return await service.take_over(session, wanted)


async def _read_form(request: Request, read: Callable[[bytes], Filled]) -> Filled:
    """Read a form whole, but no more than a form can have."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise FileTooLarge(most_megabytes=MOST_BYTES // 1024**2)
    return await asyncio.to_thread(read, bytes(content))


@router.put(
    "/api/v1/catalog/imports/{import_id}",
    responses=problems(PublicationNeedsAdmin, ImportIdTaken, ImportRunning, ImportFaulty),
    openapi_extra=_body(JSON_LINES),
)
async def stream_import(
    import_id: UUID,
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    caller: Editor,
    dry_run: DryRun = False,
    publish: Publish = False,
) -> ImportProgress:
    """流式导入: take over any number of matters, a line each, all or none; you choose the id."""
    order = streaming.Order(
        id=import_id,
        importer=caller,
        publish=publish,
        is_dry_run=dry_run,
        on=local_date(at),
        district=context.settings.district,
    )
    done = await streaming.stream_import(session, context, request.stream(), order)
    return ImportProgress.model_validate(done)


@router.get("/api/v1/catalog/imports/{import_id}", responses=problems(ImportNotFound))
async def read_import(import_id: UUID, session: Session, _caller: Editor) -> ImportProgress:
    """导入进度: how far a large import came, also while it runs."""
    return ImportProgress.model_validate(await streaming.find_import(session, import_id))


@router.get("/api/v1/catalog/template.xlsx", responses=_file(XLSX), response_class=Response)
async def read_template(_caller: Editor) -> Response:
    """下载模板: the form to fill in, with drop-downs and a sheet that explains it."""
    content = await asyncio.to_thread(workbook_of, [])
    return _attached(Response(content, media_type=XLSX), "template.xlsx")


@router.get("/api/v1/catalog/export.json", response_model=CatalogExport)
async def export_json(context: InContext, _caller: Editor) -> Response:
    """导出目录 JSON: every matter in force, as it can be imported."""
    return StreamingResponse(exports.as_json(context), media_type="application/json")


@router.get(
    "/api/v1/catalog/export.jsonl", responses=_file(JSON_LINES), response_class=StreamingResponse
)
async def export_json_lines(context: InContext, _caller: Editor) -> Response:
    """导出目录 JSON Lines: a matter a line, as a large import takes them."""
    return StreamingResponse(exports.as_json_lines(context), media_type=JSON_LINES)


@router.get(
    "/api/v1/catalog/export.csv", responses=_file("text/csv"), response_class=StreamingResponse
)
async def export_table(context: InContext, _caller: Editor) -> Response:
    """导出目录表格: a matter a row, its parts as JSON; it can be changed and imported."""
    answer = StreamingResponse(exports.as_csv(context), media_type=CSV)
    return _attached(answer, "catalog.csv")


@router.get("/api/v1/catalog/export.xlsx", responses=_file(XLSX), response_class=Response)
async def export_workbook(context: InContext, _caller: Editor) -> Response:
    """导出目录工作簿: the filled form; it can be changed and imported."""
    answer = Response(await exports.as_workbook(context), media_type=XLSX)
    return _attached(answer, "catalog.xlsx")


@router.get(
    "/api/v1/catalog/export.jsonld", responses=_file(JSON_LD), response_class=StreamingResponse
)
async def export_linked_data(context: InContext, _caller: Editor) -> Response:
    """导出关联数据: CPSV-AP 3.2 in JSON-LD, with its context."""
    return StreamingResponse(exports.as_linked_data(context), media_type=JSON_LD)


def _attached(answer: Response, name: str) -> Response:
    answer.headers["content-disposition"] = f'attachment; filename="{name}"'
    return answer
