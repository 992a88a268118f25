"""HTTP of publications."""

from typing import Annotated

from fastapi import Query

from case_service.publications import service
from case_service.publications.schemas import PublicationRead
from tongban.app import router as new_router
from tongban.db import Session
from tongban.identity import MaybeCaller
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("publications")


@router.get("/api/v1/publications", responses=problems(CursorInvalid))
async def list_publications(
    session: Session,
    _caller: MaybeCaller,
    paging: PageQuery,
    licence_type: Annotated[Code | None, Query(description="证照类型 / licence type")] = None,
    credit_code: Annotated[
        Code | None, Query(description="统一社会信用代码 / a firm's credit code")
    ] = None,
) -> Page[PublicationRead]:
    """行政许可决定公示: licence decisions as everybody may read them, newest first."""
    rows = await service.listed(session, paging, licence_type=licence_type, credit_code=credit_code)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[PublicationRead.model_validate(row) for row in page], next_cursor=cursor)
