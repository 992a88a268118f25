"""HTTP of statistics: the halls' days, rolled up."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query

from site_service.errors import SiteNotFound
from site_service.sites.schemas import SiteId
from site_service.statistics import service
from site_service.statistics.errors import RangeRefused
from site_service.statistics.rules import Cut
from site_service.statistics.schemas import By, DayTally, SiteTally, StatisticsRead, TallyRead
from tongban import app
from tongban.clock import Now, local_date
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["Reader", "router"]

router = app.router("statistics")

Reader = Annotated[Caller, allow(Role.SITE_MANAGER, Role.SUPERVISOR, Role.ADMIN)]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
USUAL_DAYS = 30
SiteIdQuery = Annotated[
    SiteId | None, Query(description="网点，缺省为本人所在网点或全区 / else one's own, or all")
]


async def _range(
    at: Now,
    since: Annotated[
        date | None,
        Query(alias="from", ge=FIRST_DAY, le=LAST_DAY, description="起始日，默认三十天前"),
    ] = None,
    until: Annotated[
        date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="截止日（含），默认今天")
    ] = None,
) -> tuple[date, date]:
    last = until or local_date(at)
    return since or last - timedelta(days=USUAL_DAYS - 1), last


Range = Annotated[tuple[date, date], Depends(_range)]


@router.get(
    "/api/v1/tickets/statistics", responses=problems(RangeRefused, SiteNotFound, ForeignSite)
)
async def read_statistics(
    session: Session,
    caller: Reader,
    days: Range,
    by: Annotated[By, Query(description="分组方式 / by what the tickets are told apart")] = "whole",
    site_id: SiteIdQuery = None,
) -> StatisticsRead:
    """大厅统计: served, waits, given up, not come, appointments on time; a site's or all sites'.

    The cost is that of the days asked for, whatever the number of tickets.
    """
    first, last = days
    found = await service.in_range(session, first, last, Cut(by), site_id=site_id, caller=caller)
    return StatisticsRead(
        site_id=found.site_id,
        first=first,
        last=last,
        by=by,
        counted_at=found.counted_at,
        tallies=[TallyRead.of(key, tally) for key, tally in found.tallies.items()],
    )


@router.get(
    "/api/v1/tickets/statistics/days", responses=problems(RangeRefused, SiteNotFound, ForeignSite)
)
async def read_days(
    session: Session, caller: Reader, days: Range, site_id: SiteIdQuery = None
) -> list[DayTally]:
    """逐日统计: each day of a range that had tickets, earliest first."""
    rows = await service.by_day(session, *days, Cut.WHOLE, site_id=site_id, caller=caller)
    return [DayTally(day=day, **TallyRead.of(key, one).model_dump()) for day, key, one in rows]


@router.get("/api/v1/tickets/statistics/sites", responses=problems(RangeRefused, CursorInvalid))
async def read_sites(
    session: Session, caller: Reader, days: Range, paging: PageQuery
) -> Page[SiteTally]:
    """分网点统计: each site's tickets in a range; who belongs to a site reads that one's."""
    found, following = await service.at_sites(session, *days, paging, caller=caller)
    items = [
        SiteTally(name=name, **TallyRead.of(site_id, tally).model_dump())
        for site_id, name, tally in found
    ]
    return Page(items=items, next_cursor=following)
