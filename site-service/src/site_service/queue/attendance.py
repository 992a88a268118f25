"""Which windows somebody stands at, and when: by the site's hours and its roster (窗口值守)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.rosters import service as rosters
from site_service.rosters.rules import QUARTER
from site_service.sites import service as sites
from site_service.sites.hours import Hours, Span
from tongban.clock import local_date, start_of
from tongban.context import Context

__all__ = ["Attendance", "of_today"]

FRESH = timedelta(seconds=10)
RESOURCE = "queue.attendance"


@dataclass(frozen=True, slots=True)
class Attendance:
    """A day's hours of a site, and when its windows that have a roster stand empty."""

    day: date
    hours: Hours
    spans: Sequence[Span]
    empty: Collection[tuple[UUID, datetime]]
    """Quarter hours at which nobody is at the window."""

    def is_over(self, at: datetime) -> bool:
        """Whether the site does not open again on the day."""
        return all(closes <= at for _, closes in self.spans)

    def calls_from(self, window_ids: Collection[UUID], at: datetime) -> datetime | None:
        """Return from when, not before `at`, one of the windows calls; None where none does."""
        for opens, closes in self.spans:
            moment = max(opens, at)
            while moment < closes:
                quarter = _quarter(moment)
                if any((window_id, quarter) not in self.empty for window_id in window_ids):
                    return moment
                moment = quarter + QUARTER
        return None


def _quarter(at: datetime) -> datetime:
    midnight = start_of(local_date(at))
    return midnight + (at - midnight) // QUARTER * QUARTER


@dataclass
class _Kept:
    """What one process knows of its sites, for a moment: a roster is long to read."""

    found: dict[str, tuple[datetime, Attendance]] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> Self:
        kept: Self = context.resources.setdefault(RESOURCE, cls())
        return kept


async def of_today(
    session: AsyncSession, site_id: str, *, context: Context, at: datetime
) -> Attendance:
    """Return the rest of the day at the site, as of some seconds ago at most.

    Raises:
        SiteNotFound: 404.
    """
    kept = _Kept.of(context).found
    known = kept.get(site_id)
    if (
        known is not None
        and timedelta() <= at - known[0] < FRESH
        and known[1].day == local_date(at)
    ):
        return known[1]
    hours = await sites.hours_of(session, site_id, context=context, at=at)
    day = local_date(at)
    spans = [span for span in hours.spans(day) if span[1] > at]
    quarters = [
        quarter
        for opens, closes in spans
        for quarter in _quarters(_quarter(max(opens, at)), closes)
    ]
    empty = await rosters.unstaffed(session, site_id, quarters, context=context)
    kept[site_id] = at, Attendance(day, hours, spans, empty)
    return kept[site_id][1]


def _quarters(begins: datetime, ends: datetime) -> list[datetime]:
    return [begins + nth * QUARTER for nth in range(-((begins - ends) // QUARTER))]
