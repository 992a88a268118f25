"""What is counted of a hall's days, and how days add up to any range (统计规则).

Pure. A tally (汇总) counts what became of the tickets of one span, with a histogram of their waits;
two tallies add up to that of both, so that a year is the sum of twelve months and a range the sum
of its months and days, whatever happened on them.

The histogram's classes grow by a fixed factor, as those of DDSketch do (Masson, Rim and Lee, VLDB
2019). A quantile told from it is off by at most `ERROR`, 5 % of itself, from `AT_ONCE` up to
`LONGEST`; a wait below `AT_ONCE` is told as half of it, one above `LONGEST` as `LONGEST`.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from enum import StrEnum

AT_ONCE = 30.0
"""Seconds: who waits no longer is told as called at once."""
LONGEST = 36_000.0
ERROR = 0.05
GROWTH = (1 + ERROR) / (1 - ERROR)
CLASSES = 2 + math.ceil(math.log(LONGEST / AT_ONCE) / math.log(GROWTH))

ON_TIME = timedelta(minutes=10)
"""An appointment called so late after its time, or after its visitor came, was kept on time."""

DISTRICT = ""
"""In the place of a site's code: all of the district's sites together."""
WHOLE = ""
"""In the place of a key: all of the span together."""
MOST_DAYS = 1_100


class Cut(StrEnum):
    """By what a span's tickets are told apart."""

    WHOLE = "whole"  # 合计
    WINDOW = "window"  # 窗口
    AREA = "area"  # 业务领域
    HOUR = "hour"  # 时段
    CALL_CLASS = "call_class"  # 叫号类别
    AREA_HOUR = "area_hour"  # 业务领域与时段


class Span(StrEnum):
    DAY = "day"  # 日
    MONTH = "month"  # 月


@dataclass(frozen=True)
class Tally:
    """What became of tickets: counts, and how long they waited and took."""

    taken: int = 0
    """Tickets given out."""
    served: int = 0
    abandoned: int = 0
    """Withdrawn, or still waiting when the day ended."""
    no_show: int = 0
    """Called, and nobody came."""
    unrecorded: int = 0
    """Told of by a kiosk when the day was over: nobody noted what became of them."""
    called: int = 0
    """Of these the wait is known."""
    cases: int = 0
    """Tickets that became a case."""
    wait_seconds: int = 0
    service_seconds: int = 0
    """Of those served, from the call to the end."""
    service_squares: float = 0.0
    """The sum of the squares of the same, for their spread."""
    appointments: int = 0
    appointments_missed: int = 0
    appointment_calls: int = 0
    appointments_on_time: int = 0
    waits: Mapping[int, int] = field(default_factory=dict)
    """How many waited so long, by the histogram's class."""

    def __add__(self, other: "Tally") -> "Tally":
        summed = {
            one.name: getattr(self, one.name) + getattr(other, one.name)
            for one in fields(self)
            if one.name != "waits"
        }
        return Tally(**summed, waits=Counter(self.waits) + Counter(other.waits))

    def wait(self, share: float) -> float | None:
        """Return the seconds within which that share of those called waited; None where none was.

        Off by at most `ERROR` of itself between `AT_ONCE` and `LONGEST`.
        """
        return quantile(self.waits, share)

    def waited_at_most(self, seconds: float) -> float | None:
        """Return the share of those called who waited no longer, by whole classes."""
        count = sum(self.waits.values())
        if not count:
            return None
        most = class_of(seconds)
        return sum(n for number, n in self.waits.items() if number <= most) / count

    @property
    def mean_service_seconds(self) -> float | None:
        return self.service_seconds / self.served if self.served else None

    @property
    def service_variation(self) -> float | None:
        """The squared coefficient of variation of a visit's time: 0 where all take the same."""
        mean = self.mean_service_seconds
        if not mean:
            return None
        return max(0.0, self.service_squares / self.served / mean**2 - 1)

    @property
    def on_time_share(self) -> float | None:
        """Of the appointments that were due, those called on time; who did not come is left out."""
        if not self.appointment_calls:
            return None
        return self.appointments_on_time / self.appointment_calls


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of all together."""
    return sum(tallies, Tally())


def class_of(seconds: float) -> int:
    """Return the histogram's class of a wait."""
    if seconds <= AT_ONCE:
        return 0
    return min(CLASSES - 1, math.ceil(math.log(seconds / AT_ONCE) / math.log(GROWTH)))


def told_as(number: int) -> float:
    """Return the seconds as which a class is told: least far, in proportion, from both edges."""
    if number == 0:
        return AT_ONCE / 2
    if number >= CLASSES - 1:
        return LONGEST
    upper = AT_ONCE * GROWTH**number
    return 2 * upper / (GROWTH + 1)


def quantile(waits: Mapping[int, int], share: float) -> float | None:
    """Return the wait within which that share waited."""
    count = sum(waits.values())
    if not count:
        return None
    wanted = max(1, math.ceil(share * count))
    seen = 0
    for number in sorted(waits):
        seen += waits[number]
        if seen >= wanted:
            return told_as(number)
    return None


def month_of(day: date) -> date:
    """Return the first day of its month."""
    return day.replace(day=1)


def month_end(month: date) -> date:
    """Return the last day of the month."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True)
class Cover:
    """The months and single days that make up a range, each day once."""

    months: tuple[date, ...]
    days: tuple[date, ...]


def cover(first: date, last: date, counted_months: Collection[date]) -> Cover:
    """Cut a range into whole months that are summed, and the days that are left."""
    months: list[date] = []
    days: list[date] = []
    for month in _months(first, last):
        end = month_end(month)
        if month in counted_months and first <= month and end <= last:
            months.append(month)
        else:
            begin, end = max(first, month), min(last, end)
            days.extend(begin + timedelta(days=nth) for nth in range((end - begin).days + 1))
    return Cover(tuple(months), tuple(days))


def _months(first: date, last: date) -> Iterator[date]:
    month = month_of(first)
    while month <= last:
        yield month
        month = month_end(month) + timedelta(days=1)
