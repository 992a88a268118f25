"""Finding where to go: within so many minutes, or soonest done, way and wait together (找网点)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.sites import finding_store, store
from site_service.sites.rules import Point, SiteFilter
from site_service.sites.tables import Site
from site_service.travel.rules import Manner, Travel, places, reach_m
from site_service.travel.service import is_straight
from tongban.clock import local_date

__all__ = ["AskQueue", "AskUsual", "Order", "Reached", "find"]

MOST_SITES = 200
"""So many of the nearest are looked at; the ways to them are reckoned one by one."""
MOST_MINUTES = 240
PROMISING = 8
"""So many sites' queues are played forward for one answer."""
SERVICE_SECONDS = 480.0
"""What a visit takes where nothing was measured yet."""


AskQueue = Callable[[str], Awaitable[int | None]]
"""Returns the minutes that one who comes to the site now waits; None where nobody can say."""


AskUsual = Callable[[Sequence[str]], Awaitable[Mapping[str, float]]]
"""Returns the seconds that one usually waits at the sites then; those left out, nobody can say."""


AskOpening = Callable[[Sequence[Site]], Awaitable[Mapping[str, float]]]
"""Returns the seconds until the sites open; of those left out, it is not in sight."""


class Order(StrEnum):
    """What comes first in the answer."""

    DISTANCE = "distance"  # 距离
    TRAVEL = "travel"  # 路上时间
    TOTAL = "total"  # 路上与等候合计


@dataclass(frozen=True, slots=True)
class Reached:
    """A site, and what it takes to be served there."""

    site: Site
    distance_m: int
    travel_minutes: float
    wait_minutes: float | None

    @property
    def total_minutes(self) -> float:
        return self.travel_minutes + (self.wait_minutes or 0.0)


async def find(
    session: AsyncSession,
    travel: Travel,
    wanted: SiteFilter,
    *,
    near: Point,
    manner: Manner,
    within_minutes: int | None,
    order: Order,
    at: datetime,
    limit: int,
    ask_queue: AskQueue | None = None,
    ask_usual: AskUsual | None = None,
    ask_opening: AskOpening | None = None,
) -> list[Reached]:
    """Return the sites that can be reached, best first.

    Who waits, shared out over the windows, says which sites are promising; of those the queue's
    own estimate counts, by `ask_queue`. One waits for the opening too, by `ask_opening`. At another
    time than now, what is usual then counts instead, by `ask_usual`.
    """
    most = (within_minutes or MOST_MINUTES) * 60.0
    metres = reach_m(manner, most=most, is_straight=is_straight(travel))
    found = await store.within(session, wanted, near, metres=metres, limit=MOST_SITES)
    if not found:
        return []
    seconds = await travel.seconds(
        places((near.latitude, near.longitude)),
        places([(site.latitude, site.longitude) for site, _ in found]),
        manner,
        most=most,
    )
    waits: Mapping[str, float] = {}
    unseen: set[str] = set()
    if order is Order.TOTAL and ask_usual is not None:
        waits = await ask_usual([site.id for site, _ in found])
    elif order is Order.TOTAL:
        waits = await _waits(session, [site for site, _ in found], at)
        if ask_opening is not None:
            opening = await ask_opening([site for site, _ in found])
            unseen = {site.id for site, _ in found} - opening.keys()
            waits = {key: waits.get(key, 0.0) + seconds for key, seconds in opening.items()}
    reached = [
        Reached(
            site=site,
            distance_m=distance,
            travel_minutes=round(float(way) / 60, 1),
            wait_minutes=round(waits[site.id] / 60, 1) if site.id in waits else None,
        )
        for (site, distance), way in zip(found, seconds[0], strict=True)
        if way <= most and site.id not in unseen
    ]
    ranked = _ranked(reached, order)
    if order is Order.TOTAL and ask_queue is not None:
        promising = [await _estimated(one, ask_queue) for one in ranked[:PROMISING]]
        ranked = _ranked([*promising, *ranked[PROMISING:]], order)
    return ranked[:limit]


def _ranked(reached: Sequence[Reached], order: Order) -> list[Reached]:
    return sorted(reached, key=lambda one: (_rank(one, order), one.site.id))


async def _estimated(one: Reached, ask_queue: AskQueue) -> Reached:
    minutes = await ask_queue(one.site.id)
    return one if minutes is None else replace(one, wait_minutes=float(minutes))


def _rank(one: Reached, order: Order) -> float:
    match order:
        case Order.DISTANCE:
            return one.distance_m
        case Order.TRAVEL:
            return one.travel_minutes
        case Order.TOTAL:
            return one.total_minutes


async def _waits(session: AsyncSession, sites: Sequence[Site], at: datetime) -> dict[str, float]:
    """Return the expected wait in seconds at each site: who waits, shared out over the windows."""
    loads = await finding_store.loads(
        session, [site.id for site in sites], day=local_date(at), default=SERVICE_SECONDS
    )
    return {one.site_id: one.waiting * one.service_seconds / max(1, one.windows) for one in loads}
