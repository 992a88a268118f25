"""When a site is open to whoever comes, day by day (开放时段).

Pure. Extended hours (延时服务) count, those for the booked alone (预约服务) do not. A special day
has hours of its own. Until a temporary closure ends there are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from site_service.sites.rules import times_of, times_on
from tongban.clock import local_date, start_of
from tongban.workdays import Calendar

__all__ = ["Hours", "Span"]

LOOK_AHEAD_DAYS = 60
"""So far the next opening is looked for: beyond every run of public holidays."""

Span = tuple[datetime, datetime]
"""From when until when a site is open."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A site's hours, as they are written, and what overrules them."""

    written: tuple[str, ...]
    special: Mapping[date, str]
    closed_until: datetime | None
    calendar: Calendar

    def spans(self, day: date) -> list[Span]:
        """Return when the site is open on the day; spans that touch or overlap are one."""
        special = self.special.get(day)
        times = (
            [one for hours in self.written for one in times_of(hours, day, self.calendar)]
            if special is None
            else times_on(special, day)
        )
        begins = start_of(day)
        found: list[Span] = []
        for opens, closes in sorted(times):
            span = begins + _since_midnight(opens), begins + _since_midnight(closes)
            if found and span[0] <= found[-1][1]:
                found[-1] = found[-1][0], max(found[-1][1], span[1])
            else:
                found.append(span)
        if (until := self.closed_until) is None:
            return found
        return [(max(opens, until), closes) for opens, closes in found if closes > until]

    def next_opening(self, at: datetime) -> datetime | None:
        """Return when the site is open next, from `at` on; None where that is not in sight."""
        for ahead in range(LOOK_AHEAD_DAYS):
            for opens, closes in self.spans(local_date(at) + timedelta(days=ahead)):
                if closes > at:
                    return max(opens, at)
        return None


def _since_midnight(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
