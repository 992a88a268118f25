"""How many windows an hour needs (窗口测算).

Pure. The hour is taken as a steady queue with random arrivals: whether one waits at all is by
Erlang C, which of those who wait by the approximation of Allen and Cunneen, that visits vary less
or more than exponentially. scipy has the Poisson distribution that Erlang's formula is a ratio of;
a simulation is held against it in the tests. A steady queue is the worst of an hour that begins
empty: what is told errs on the visitor's side.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from scipy.special import gammaln, pdtr

from tongban.workdays import Calendar, DayKind

HOUR = 3600.0
MOST_WINDOWS = 200
USUAL_SERVICE_SECONDS = 480.0
"""Where nothing was measured yet."""
WEEKS_BACK = 8
_SUNDAY, _FRIDAY = 6, 4


@dataclass(frozen=True, slots=True)
class Demand:
    """Who comes in an hour, and how long a visit takes."""

    arrivals: float
    """An hour."""
    service_seconds: float
    variation: float = 1.0
    """The squared coefficient of variation of a visit's time; 1 is that of the exponential."""

    @property
    def load(self) -> float:
        """How many windows are busy on average (Erlang)."""
        return self.arrivals * self.service_seconds / HOUR


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised: so many of those who come wait no longer."""

    share: float = 0.9
    seconds: float = 900.0


def share_in_time(demand: Demand, windows: int, seconds: float) -> float:
    """Return the share of those who come that waits no longer; 0 where the queue only grows."""
    if demand.load <= 0:
        return 1.0
    if windows <= demand.load:
        return 0.0
    # Poisson's probability over its sum; scipy.stats says it shorter and takes seconds to import.
    exactly = math.exp(windows * math.log(demand.load) - demand.load - gammaln(windows + 1))
    blocked = exactly / pdtr(windows, demand.load)
    busy = demand.load / windows
    waits_at_all = blocked / (1 - busy * (1 - blocked))
    spare = (windows - demand.load) / demand.service_seconds
    return float(1 - waits_at_all * math.exp(-2 * spare * seconds / (1 + demand.variation)))


def windows_for(demand: Demand, target: Target) -> int | None:
    """Return the fewest windows that keep the promise; None where `MOST_WINDOWS` do not."""
    if demand.load <= 0:
        return 0
    fewest = max(1, math.floor(demand.load))
    return next(
        (
            windows
            for windows in range(fewest, MOST_WINDOWS + 1)
            if share_in_time(demand, windows, target.seconds) >= target.share
        ),
        None,
    )


def together(demands: Collection[Demand]) -> Demand:
    """Return the demand of all areas at one front (一窗受理)."""
    arrivals = sum(one.arrivals for one in demands)
    if not arrivals:
        return Demand(0.0, USUAL_SERVICE_SECONDS)
    mean = sum(one.arrivals * one.service_seconds for one in demands) / arrivals
    squares = sum(one.arrivals * one.service_seconds**2 * (1 + one.variation) for one in demands)
    return Demand(arrivals, mean, max(0.0, squares / arrivals / mean**2 - 1))


def days_like(day: date, calendar: Calendar) -> list[date]:
    """Return the days of the weeks before that were as this one will be, latest first.

    A working day is like those of its weekday. A make-up day (调休) is like other make-up days,
    and where there was none like Fridays; a public holiday like holidays, else like Sundays: so do
    opening hours take them.
    """
    before = [day - timedelta(days=nth) for nth in range(1, WEEKS_BACK * 7 + 1)]
    kind = calendar.kind_of(day)
    if kind in (DayKind.WORKDAY, DayKind.WEEKEND):
        return [
            one
            for one in before
            if one.weekday() == day.weekday() and calendar.kind_of(one) is kind
        ]
    same = [one for one in before if calendar.kind_of(one) is kind]
    if same:
        return same
    weekday, usual = (
        (_FRIDAY, DayKind.WORKDAY)
        if kind is DayKind.MAKE_UP_WORKDAY
        else (_SUNDAY, DayKind.WEEKEND)
    )
    return [one for one in before if one.weekday() == weekday and calendar.kind_of(one) is usual]
