"""HTTP of supervision."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from case_service.cases.clock import Clock
from case_service.supervision import orders, service
from case_service.supervision.errors import (
    OrderAnswered,
    OrderNotFound,
    RecomputationNotFound,
)
from case_service.supervision.schemas import (
    DigestRead,
    LightsRead,
    MovedRead,
    OrderRead,
    RecomputationRead,
    ReplyIn,
)
from tongban import etags
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion
from tongban.identity import Caller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery, page_of
from tongban.problems import problems
from tongban.texts import Code, Line

__all__ = ["router"]

router = new_router("supervision")

Watching = Annotated[Caller, allow(Role.SUPERVISOR, Role.APPROVER, Role.SITE_MANAGER, Role.ADMIN)]
Whole = Annotated[Caller, allow(Role.SUPERVISOR, Role.APPROVER, Role.ADMIN)]


@router.get("/api/v1/supervision/lights")
async def count_lights(
    session: Session,
    caller: Watching,
    site_id: Annotated[Code | None, Query(description="网点 / site")] = None,
) -> LightsRead:
    """红黄灯统计: how many open cases are green, yellow and red, by site, matter and department."""
    return await service.lights(session, caller, site_id=site_id)


@router.get("/api/v1/supervision/orders", responses=problems(CursorInvalid))
async def list_orders(
    session: Session,
    caller: Watching,
    paging: PageQuery,
    site_id: Annotated[Code | None, Query(description="网点 / site")] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="待答复 / without an answer")
    ] = None,
    post: Annotated[Code | None, Query(description="答复岗位 / who has to answer")] = None,
    clock: Annotated[Clock | None, Query(description="逾期时限 / the clock that is red")] = None,
) -> Page[OrderRead]:
    """督办单列表: the supervision orders, newest first."""
    rows = await orders.list_orders(
        session, caller, paging, site_id=site_id, is_open=is_open, post=post, clock=clock
    )
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    return Page(items=[OrderRead.model_validate(row) for row in page], next_cursor=cursor)


@router.post(
    "/api/v1/supervision/orders/{order_id}/reply",
    responses=problems(OrderNotFound, OrderAnswered, StaleVersion),
)
async def reply_to_order(
    order_id: UUID,
    body: ReplyIn,
    request: Request,
    response: Response,
    session: Session,
    caller: Watching,
    at: Now,
    if_match: IfMatch = None,
) -> OrderRead:
    """答复督办单: tell why it is late and what is done about it."""
    order = await orders.reply(
        session, order_id, body.answer, caller=caller, at=at, if_match=if_match
    )
    etags.offer(request, response, order.version)
    return OrderRead.model_validate(order)


@router.get("/api/v1/supervision/digests", responses=problems(CursorInvalid))
async def list_digests(
    session: Session,
    _caller: Whole,
    paging: PageQuery,
    day: Annotated[date | None, Query(description="日期 / day")] = None,
    department: Annotated[Line | None, Query(description="主管部门 / department")] = None,
) -> Page[DigestRead]:
    """督办日报: how the district and each department stood at the beginning of a day."""
    rows = await service.digests(session, paging, day=day, department=department)
    page, cursor = page_of(rows, paging, key=lambda row: (row.day, row.department))
    return Page(items=[DigestRead.model_validate(row) for row in page], next_cursor=cursor)


@router.get("/api/v1/supervision/recomputations", responses=problems(CursorInvalid))
async def list_recomputations(
    session: Session,
    _caller: Whole,
    paging: PageQuery,
    year: Annotated[int | None, Query(ge=2000, le=2999, description="年份 / year")] = None,
) -> Page[RecomputationRead]:
    """时限重算: how often, and how far, an amended calendar had the deadlines reckoned anew."""
    rows = await service.recomputations(session, paging, year=year)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    items = [RecomputationRead.model_validate(row) for row in page]
    return Page(items=items, next_cursor=cursor)


@router.get(
    "/api/v1/supervision/recomputations/{recomputation_id}/moved",
    responses=problems(CursorInvalid, RecomputationNotFound),
)
async def list_moved(
    recomputation_id: UUID, session: Session, _caller: Whole, paging: PageQuery
) -> Page[MovedRead]:
    """时限变动的办件: the cases that it moved, with each date before and after."""
    rows = await service.moved(session, recomputation_id, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.case_id,))
    return Page(items=[MovedRead.model_validate(row) for row in page], next_cursor=cursor)
