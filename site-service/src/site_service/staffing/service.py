"""Use cases of staffing: what a day to come needs, and how long one usually waits then."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.queue.rules import duty_of
from site_service.sites import service as sites
from site_service.sites.rules import WindowState
from site_service.sites.tables import Window
from site_service.staffing import rules
from site_service.staffing.rules import Demand, Target
from site_service.staffing.schemas import AreaStaffing, HourStaffing, StaffingRead
from site_service.statistics import service as statistics
from site_service.statistics.rules import Cut, Tally, total
from tongban import calendars
from tongban.clock import SHANGHAI
from tongban.identity import Caller

__all__ = ["Supposed", "plan", "usual_waits"]


@dataclass(frozen=True, slots=True)
class Supposed:
    """What if: more come, visits take longer, another promise."""

    target: Target
    arrivals: float = 1.0
    """Times as many as measured."""
    service: float = 1.0
    """Times as long as measured."""


async def plan(
    session: AsyncSession, site_id: str, day: date, supposed: Supposed, *, caller: Caller
) -> StaffingRead:
    """Return how many windows the day needs, against those that are there.

    Raises:
        SiteNotFound: 404.
        ForeignSite: 403.
    """
    caller.require_site(site_id)
    site = await sites.get(session, site_id, caller=caller)
    calendar = await calendars.load(session)
    half_hours = await sites.open_times(
        session, site, day, every=timedelta(minutes=30), calendar=calendar
    )
    open_hours = {at.astimezone(SHANGHAI).hour for at in half_hours}
    like = rules.days_like(day, calendar)
    rows: list[tuple[date, str, Tally]] = []
    if like:
        rows = await statistics.by_day(
            session, min(like), max(like), Cut.AREA_HOUR, site_id=site_id, caller=caller
        )
    measured = sorted({one for one, _, _ in rows if one in like})
    demands = _demands([row for row in rows if row[0] in like], len(measured), supposed)
    windows = [
        window
        for window in await sites.windows(session, site_id)
        if window.state is WindowState.OPEN
    ]
    return StaffingRead(
        site_id=site_id,
        day=day,
        kind=calendar.kind_of(day),
        is_open=bool(open_hours),
        share=supposed.target.share,
        minutes=supposed.target.seconds / 60,
        days_measured=measured,
        hours=[
            _hour(hour, demands[hour], windows, supposed.target)
            for hour in sorted(demands)
            if open_hours
        ],
    )


async def usual_waits(
    session: AsyncSession, site_ids: Sequence[str], at: datetime
) -> dict[str, float]:
    """Return the mean wait in seconds at such an hour of days like that, where it is known."""
    local = at.astimezone(SHANGHAI)
    like = rules.days_like(local.date(), await calendars.load(session))
    return await statistics.mean_waits(session, site_ids, like, local.hour)


def _demands(
    rows: Sequence[tuple[date, str, Tally]], days: int, supposed: Supposed
) -> dict[int, dict[str, Demand]]:
    """Return what is expected in each hour, by business area: the mean of the days like it."""
    came: dict[tuple[int, str], list[Tally]] = defaultdict(list)
    by_area: dict[str, list[Tally]] = defaultdict(list)
    for _, key, tally in rows:
        area, _, hour_of_day = key.partition("/")
        came[int(hour_of_day), area].append(tally)
        by_area[area].append(tally)
    # How long a visit takes is its area's, whatever the hour: more visits, a steadier number.
    visits = {area: total(tallies) for area, tallies in by_area.items()}
    found: dict[int, dict[str, Demand]] = defaultdict(dict)
    for (hour, area), tallies in came.items():
        mean = visits[area].mean_service_seconds or rules.USUAL_SERVICE_SECONDS
        variation = visits[area].service_variation
        found[hour][area] = Demand(
            arrivals=total(tallies).taken / days * supposed.arrivals,
            service_seconds=mean * supposed.service,
            variation=1.0 if variation is None else variation,
        )
    return found


def _hour(
    hour: int, demands: dict[str, Demand], windows: Sequence[Window], target: Target
) -> HourStaffing:
    areas = [_area(area, demands[area], windows, target) for area in sorted(demands)]
    needed = [one.windows_needed for one in areas]
    pooled = rules.windows_for(rules.together(demands.values()), target)
    there = sum(1 for window in windows if _takes(window, None))
    return HourStaffing(
        hour=hour,
        areas=areas,
        windows_needed=None if None in needed else sum(one or 0 for one in needed),
        windows_needed_pooled=pooled,
        windows_there=there,
        missing=None if pooled is None else max(0, pooled - there),
    )


def _area(area: str, demand: Demand, windows: Sequence[Window], target: Target) -> AreaStaffing:
    there = sum(1 for window in windows if _takes(window, area))
    return AreaStaffing(
        area=area,
        arrivals=round(demand.arrivals, 2),
        service_minutes=round(demand.service_seconds / 60, 2),
        windows_needed=rules.windows_for(demand, target),
        windows_there=there,
        share_with_those_there=round(rules.share_in_time(demand, there, target.seconds), 4),
    )


def _takes(window: Window, area: str | None) -> bool:
    """Whether an ordinary visitor is served there: no window that only some may go to counts."""
    duty = duty_of(window.kind, window.areas)
    return (
        duty is not None
        and duty.is_green is None
        and duty.is_partner is not True
        and (area is None or not duty.areas or area in duty.areas)
    )
