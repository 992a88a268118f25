"""HTTP about the catalog as a whole: imports, exports, and the form."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from catalog_service.basic_items.errors import BasicItemsFaulty
from catalog_service.errors import ImportFaulty, PublicationNeedsAdmin
from catalog_service.transfer import exports, forms, service, streaming
from catalog_service.transfer.errors import (
    FileTooLarge,
    FileUnreadable,
    ImportIdTaken,
    ImportNotFound,
    ImportRunning,
)
from catalog_service.transfer.files import read_csv, read_xlsx
from catalog_service.transfer.filled import Filled, matters_of
from catalog_service.transfer.incoming import Incoming, until_arrived
from catalog_service.transfer.lines import json_lines
from catalog_service.transfer.schemas import CatalogExport, ImportIn, ImportProgress, ImportRead
from catalog_service.transfer.tables import ImportState
from catalog_service.transfer.workbook import template
from tongban.app import router as new_router
from tongban.clock import Now
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

WaitSeconds = Annotated[
    int,
    Query(
        ge=0,
        le=50,
        description="全部上传后等待导入完成的秒数，超过则返回 202 并继续导入 / "
        "how long to wait once all of it is sent; then it goes on behind a 202",
    ),
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_BODY = "text/csv"
CSV = f"{CSV_BODY}; charset=utf-8"
JSON_LINES = "application/x-ndjson"
JSON_LD = "application/ld+json"
INCOMING: Mapping[str, Callable[[AsyncIterator[bytes]], Incoming]] = MappingProxyType(
    {JSON_LINES: json_lines, CSV_BODY: forms.table, XLSX: forms.workbook}
)
"""How a large import is read, by its Content-Type; without a known one as JSON Lines."""


async def _asked(
    context: InContext, at: Now, caller: Editor, dry_run: DryRun = False, publish: Publish = False
) -> service.Asked:
    return service.Asked(
        importer=caller,
        publish=publish,
        is_dry_run=dry_run,
        district=context.settings.district,
        at=at,
    )


Asked = Annotated[service.Asked, Depends(_asked)]
"""What every import is told beside its matters, whatever their format."""

_FILE = {"schema": {"type": "string", "format": "binary"}}


def _body(*media_types: str) -> dict[str, Any]:
    """Describe a body that is read as it comes."""
    content = dict.fromkeys(media_types, _FILE)
    return {"requestBody": {"required": True, "content": content}}


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    shape = {"schema": {"type": "object"}} if media_type == JSON_LD else _FILE
    return {200: {"description": "文件 / the file", "content": {media_type: shape}}}


_FORM_REFUSED = problems(
    PublicationNeedsAdmin, ImportRunning, FileTooLarge, FileUnreadable, ImportFaulty
)


@router.post(
    "/api/v1/catalog/import",
    responses=problems(PublicationNeedsAdmin, ImportRunning, ImportFaulty, BasicItemsFaulty),
)
async def import_catalog(body: ImportIn, session: Session, asked: Asked) -> ImportRead:
    """导入目录: take over matters, all or none; what is unchanged is left alone."""
    return await service.take_over(session, body.matters, asked, with_items=body.basic_items)


@router.post("/api/v1/catalog/import.xlsx", responses=_FORM_REFUSED, openapi_extra=_body(XLSX))
async def import_workbook(request: Request, session: Session, asked: Asked) -> ImportRead:
    """导入填好的工作簿: take over a filled template, all or none; faults by sheet, row, column."""
    return await _import_form(request, session, asked, read_xlsx)


@router.post("/api/v1/catalog/import.csv", responses=_FORM_REFUSED, openapi_extra=_body(CSV_BODY))
async def import_table(request: Request, session: Session, asked: Asked) -> ImportRead:
    """导入填好的表格: take over a CSV table, a matter a row, all or none; faults by row, column."""
    return await _import_form(request, session, asked, read_csv)


async def _import_form(
    request: Request,
    session: AsyncSession,
    asked: service.Asked,
    read: Callable[[bytes], Filled],
) -> ImportRead:
    filled = await asyncio.to_thread(read, await forms.whole(request.stream()))
    return await service.take_over(session, matters_of(filled), asked, place=filled.place)


@router.put(
    "/api/v1/catalog/imports/{import_id}",
    responses={
        202: {
            "model": ImportProgress,
            "description": "已收到，正在导入 / received, and still being taken over",
        },
        **problems(
            PublicationNeedsAdmin,
            ImportIdTaken,
            ImportRunning,
            FileTooLarge,
            FileUnreadable,
            ImportFaulty,
        ),
    },
    openapi_extra=_body(JSON_LINES, CSV_BODY, XLSX),
)
async def stream_import(
    import_id: UUID,
    request: Request,
    response: Response,
    context: InContext,
    asked: Asked,
    wait_seconds: WaitSeconds = 20,
) -> ImportProgress:
    """流式导入: take over any number of matters, all or none, with progress; you choose the id."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    arrived = asyncio.Event()
    incoming = INCOMING.get(media_type, json_lines)(until_arrived(request.stream(), arrived))
    found = await streaming.stream_import(
        context, import_id, incoming, asked, arrived=arrived, wait_seconds=wait_seconds
    )
    if found.state is ImportState.RUNNING:
        response.status_code = 202
    return ImportProgress.model_validate(found)


@router.get("/api/v1/catalog/imports/{import_id}", responses=problems(ImportNotFound))
async def read_import(import_id: UUID, session: Session, _caller: Editor) -> ImportProgress:
    """导入进度: how far a large import came, also while it runs."""
    return ImportProgress.model_validate(await streaming.find_import(session, import_id))


@router.get("/api/v1/catalog/template.xlsx", responses=_file(XLSX), response_class=Response)
async def read_template(_caller: Editor) -> Response:
    """下载模板: the form to fill in, with drop-downs and a sheet that explains it."""
    content = await asyncio.to_thread(template)
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
    "/api/v1/catalog/export.csv", responses=_file(CSV_BODY), response_class=StreamingResponse
)
async def export_table(context: InContext, _caller: Editor) -> Response:
    """导出目录表格: a matter a row, its parts as JSON; it can be changed and imported."""
    answer = StreamingResponse(exports.as_csv(context), media_type=CSV)
    return _attached(answer, "catalog.csv")


@router.get("/api/v1/catalog/export.xlsx", responses=_file(XLSX), response_class=StreamingResponse)
async def export_workbook(context: InContext, _caller: Editor) -> Response:
    """导出目录工作簿: the filled form; it can be changed and imported."""
    answer = StreamingResponse(exports.as_workbook(context), media_type=XLSX)
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
