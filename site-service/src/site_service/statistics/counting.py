"""Keeping the roll-ups true (汇总更新): which days changed, counted anew; months summed when over.

A day is always counted whole, from its tickets: doing it twice, or late, or after the worker was
down for a week, gives the same. What is told late changes its own day: a kiosk that was off-line
tells of the days before, and these are counted again.
"""

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.statistics import store
from site_service.statistics.tables import CountingProgress
from tongban.clock import local_date
from tongban.context import Context

__all__ = ["DAYS_A_ROUND", "count_days"]

DAYS_A_ROUND = 5
"""A round is one transaction of the worker's: a year's backlog takes some rounds."""
EARLIER = timedelta(minutes=15)
"""A change may become visible so long after its row was stamped, clocks' differences included."""
RECHECKED = timedelta(days=8)
"""Once a day so many are counted anew, changed or not: one day more than kiosks may be late."""

log = structlog.get_logger(__name__)


async def count_days(session: AsyncSession, context: Context) -> int:
    """Count the days on which something changed since the last round; return how many."""
    at, today = await store.database_time(session), local_date(context.clock())
    progress = await store.progress(session)
    if progress is None:
        progress = CountingProgress(id=1, looked_until=at, rechecked_on=today)
        session.add(progress)
        await store.note_changed(session, None)
    else:
        await store.note_changed(session, progress.looked_until - EARLIER)
        progress.looked_until = at
    if progress.rechecked_on != today:
        progress.rechecked_on = today
        await store.note_days(session, today - RECHECKED, today)
    days = await store.take_stale(session, limit=DAYS_A_ROUND)
    for day in days:
        await store.count_day(session, day)
    if days:
        progress.counted_at = at
    for month in await store.months_to_sum(session, today):
        await store.sum_month(session, month, at=at)
    await session.flush()
    if len(days) == DAYS_A_ROUND:
        log.info("statistics.counted", days=len(days), first=days[0].isoformat())
    return len(days)
