"""HTTP of staffing."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query

from site_service.errors import SiteNotFound
from site_service.sites.schemas import SiteId
from site_service.staffing import service
from site_service.staffing.rules import Target
from site_service.staffing.schemas import StaffingRead
from tongban import app
from tongban.clock import Now, local_date
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = app.router("staffing")

Planner = Annotated[Caller, allow(Role.SITE_MANAGER, Role.SUPERVISOR, Role.ADMIN)]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


@router.get("/api/v1/windows/staffing", responses=problems(SiteNotFound, ForeignSite))
async def read_staffing(
    session: Session,
    caller: Planner,
    at: Now,
    site_id: Annotated[SiteId, Query(description="网点编号 / the site's id")],
    day: Annotated[
        date | None,
        Query(ge=FIRST_DAY, le=LAST_DAY, description="默认明天 / else tomorrow"),
    ] = None,
    share: Annotated[
        float, Query(gt=0, lt=1, description="目标比例，默认九成 / so many are called in time")
    ] = 0.9,
    minutes: Annotated[
        float, Query(ge=0, le=240, description="目标等候分钟 / within so many minutes")
    ] = 15,
    arrivals: Annotated[
        float, Query(ge=0, le=20, description="假设到达人数为实测的几倍 / what if more come")
    ] = 1,
    service_time: Annotated[
        float,
        Query(gt=0, le=20, description="假设办理时间几倍 / visits take so much longer"),
    ] = 1,
) -> StaffingRead:
    """窗口测算: how many windows a day needs, by hour and area, against those that are there.

    From arrivals and visits as they were measured on the days like it in the eight weeks before.
    """
    supposed = service.Supposed(Target(share, minutes * 60), arrivals, service_time)
    tomorrow = local_date(at) + timedelta(days=1)
    return await service.plan(session, site_id, day or tomorrow, supposed, caller=caller)
