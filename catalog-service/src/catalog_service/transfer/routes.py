"""HTTP about the catalog as a whole."""

from typing import Annotated

import pydantic_core
from fastapi import Query, Response

from catalog_service.errors import ImportFaulty, PublicationNeedsAdmin
from catalog_service.transfer import service
from catalog_service.transfer.schemas import CatalogExport, ImportIn, ImportRead
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = new_router("catalog")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]


@router.post("/api/v1/catalog/import", responses=problems(PublicationNeedsAdmin, ImportFaulty))
async def import_catalog(
    body: ImportIn,
    session: Session,
    context: InContext,
    at: Now,
    caller: Editor,
    dry_run: Annotated[bool, Query(description="试运行，不写入 / write nothing")] = False,
    publish: Annotated[
        bool, Query(description="直接发布，限系统管理员 / publish at once, admins only")
    ] = False,
) -> ImportRead:
    """导入目录: take over matters, all or none; what is unchanged is left alone."""
    if dry_run:
        return await service.preview_import(session, body.matters, publish=publish, importer=caller)
    return await service.import_matters(
        session,
        body.matters,
        publish=publish,
        importer=caller,
        on=local_date(at),
        district=context.settings.district,
    )


@router.get("/api/v1/catalog/export.json", response_model=CatalogExport)
async def export_catalog(session: Session, _caller: Editor) -> Response:
    """导出目录: every matter in force, as it can be imported."""
    matters = await service.export_matters(session)
    # Stored content is what the model wrote: it need not be validated a thousand times more.
    return Response(pydantic_core.to_json({"matters": matters}), media_type="application/json")
