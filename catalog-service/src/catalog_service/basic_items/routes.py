"""HTTP about the basic catalog."""

from typing import Annotated

from fastapi import Query, Request, Response

from catalog_service.basic_items import service
from catalog_service.basic_items.errors import (
    BasicItemClaimed,
    BasicItemNotFound,
    BasicItemsFaulty,
    BasicItemWithdrawn,
)
from catalog_service.basic_items.rules import ItemState
from catalog_service.basic_items.schemas import (
    BasicItemDetail,
    BasicItemRead,
    BasicItemsIn,
    BasicItemsRead,
    ImplementationRead,
    PathBasicCode,
)
from catalog_service.matters.codes import BASIC_PATTERN
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.db import Session
from tongban.etags import offer
from tongban.identity import Caller, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("basic-items")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]
Admin = Annotated[Caller, allow(Role.ADMIN)]


@router.post("/api/v1/catalog/basic-items/import", responses=problems(BasicItemsFaulty))
async def import_basic_items(
    body: BasicItemsIn,
    session: Session,
    at: Now,
    caller: Admin,
    dry_run: Annotated[bool, Query(description="试运行，不写入 / write nothing")] = False,
) -> BasicItemsRead:
    """导入基本目录: take over the list from above, all or none; the only way items arrive."""
    if dry_run:
        return await service.preview_items(session, body)
    return await service.import_items(session, body, importer=caller.subject, at=at)


@router.get("/api/v1/catalog/basic-items", responses=problems(CursorInvalid))
async def list_basic_items(
    session: Session,
    paging: PageQuery,
    _caller: Identified,
    state: Annotated[ItemState | None, Query(description="状态")] = None,
    claimed: Annotated[bool | None, Query(description="是否认领 / claimed or not")] = None,
    parent: Annotated[
        str | None, Query(pattern=BASIC_PATTERN, description="主项编码 / of this main matter")
    ] = None,
) -> Page[BasicItemRead]:
    """基本目录: the basic items from above, and which of them are claimed."""
    rows, cursor = await service.page(
        session, paging, state=state, is_claimed=claimed, parent=parent
    )
    return Page(items=[BasicItemRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/api/v1/catalog/basic-items/{basic_code}", responses=problems(BasicItemNotFound))
async def read_basic_item(
    basic_code: PathBasicCode, session: Session, _caller: Identified
) -> BasicItemDetail:
    """基本目录事项: the item, its sub-matters, and the matters and handling items on it."""
    item, subs, matters = await service.look_up(session, basic_code)
    return BasicItemDetail(
        **BasicItemRead.model_validate(item).model_dump(),
        sub_matters=[BasicItemRead.model_validate(one) for one in subs],
        implementations=[
            ImplementationRead(
                code=code,
                version=number,
                name=content["name"],
                body_name=content["body"]["name"],
                handling_items=content.get("handling_items", []),
            )
            for code, number, content in matters
        ],
    )


@router.post(
    "/api/v1/catalog/basic-items/{basic_code}/claim",
    responses=problems(BasicItemNotFound, BasicItemWithdrawn, BasicItemClaimed),
)
async def claim_basic_item(
    basic_code: PathBasicCode,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    caller: Editor,
) -> BasicItemRead:
    """认领: the district takes a basic item on, and may draft matters for it."""
    item = await service.claim(session, basic_code, by=caller.subject, at=at)
    offer(request, response, item.version)
    return BasicItemRead.model_validate(item)
