"""HTTP about the reform's results."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query

from catalog_service.metrics import service
from catalog_service.metrics.errors import MaterialsUnknown, MonthsInvalid
from catalog_service.metrics.rules import By
from catalog_service.metrics.schemas import (
    CatalogMetrics,
    GroupedMetrics,
    Trend,
    WhatIfIn,
    WhatIfRead,
)
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, PageQuery
from tongban.problems import problems
from tongban.shapes import shape

__all__ = ["router"]

router = new_router("catalog")

MOST_MONTHS = 60
A_YEAR = timedelta(days=334)
_MONTH = shape(r"^20[0-9]{2}-(0[1-9]|1[0-2])$", zh="月份，如 2026-10", en="a month, like 2026-10")
MonthQuery = Annotated[str | None, Query(pattern=_MONTH)]
Planner = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.SUPERVISOR, Role.ADMIN)]


@router.get("/api/v1/catalog/metrics", responses=problems(CursorInvalid))
async def read_metrics(
    session: Session,
    context: InContext,
    paging: PageQuery,
    _caller: MaybeCaller,
    by: Annotated[By | None, Query(description="逐项列出 / one by one, a page at a time")] = None,
) -> CatalogMetrics | GroupedMetrics:
    """改革成效: materials, time and visits cut, counted from the matters in force."""
    if by is None:
        return await service.measure(session, district=context.settings.district)
    return await service.measure_by(session, by, paging)


@router.get("/api/v1/catalog/metrics/trend", responses=problems(MonthsInvalid))
async def read_trend(
    session: Session,
    at: Now,
    _caller: MaybeCaller,
    first: Annotated[MonthQuery, Query(alias="from", description="起始月份 / first month")] = None,
    last: Annotated[MonthQuery, Query(alias="to", description="结束月份 / last month")] = None,
) -> Trend:
    """改革趋势: the results as they stood at each month's end, from the versions themselves."""
    today = local_date(at)
    end = _end_of(last, today)
    begin = date.fromisoformat(f"{first}-01") if first else (end - A_YEAR).replace(day=1)
    months = (end.year - begin.year) * 12 + end.month - begin.month + 1
    if not 0 < months <= MOST_MONTHS or end > today:
        raise MonthsInvalid(most=MOST_MONTHS)
    return await service.measure_months(session, begin, end)


def _end_of(month: str | None, today: date) -> date:
    """Return a month's last day; of the current month today."""
    if month is None or month == f"{today:%Y-%m}":
        return today
    following = (date.fromisoformat(f"{month}-01") + timedelta(days=31)).replace(day=1)
    return following - timedelta(days=1)


@router.post("/api/v1/catalog/metrics/what-if", responses=problems(MaterialsUnknown))
async def ask_what_if(
    body: WhatIfIn, session: Session, context: InContext, _caller: Planner
) -> WhatIfRead:
    """假设测算: the copies a year that a licence would save, if it waived these materials."""
    return await service.what_if(session, body, district=context.settings.district)
