"""By when what is due (办理时限): every clock of a case, each with the law it follows.

Pure: what happened so far goes in, dates come out. One walk over the days, `_walk`, both reckons a
due date and explains each day of it, so that what is told can't differ from what was reckoned.

* The first day is the day after the start (民法典 Art. 201).
* A limit counts working days; one told in calendar days counts them all, and where the last of
  them is a day off it ends on the next working day (民法典 Art. 203).
* Days of a special procedure don't count (行政许可法 Art. 45): those after the day it began, up to
  and including the day it ended.
* What reaches into a year whose holidays are not published is provisional.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from case_service.cases.clock_words import Clock, Unit
from case_service.matters.procedures import PROCEDURES
from tongban.workdays import Calendar, DayExplained

__all__ = [
    "CORRECTION_DAYS",
    "EXTENSION_DAYS",
    "ISSUE_DAYS",
    "JOINT_DAYS",
    "JOINT_EXTENSION_DAYS",
    "NOTICE_DAYS",
    "Clock",
    "ClockExplained",
    "Commitment",
    "DueDates",
    "Extension",
    "Limit",
    "Span",
    "Starts",
    "Suspension",
    "Unit",
    "due_dates",
    "explain",
    "last_days_begin",
    "longest_extension",
    "running",
    "spans",
]

_ONE_DAY = timedelta(days=1)

NOTICE_DAYS = 5
"""行政许可法 Art. 32: what is missing is told within five working days of receipt."""
CORRECTION_DAYS = 15
"""How long an applicant has to supply what the notice lists; the law sets no number."""
ISSUE_DAYS = 10
"""行政许可法 Art. 44: a granted licence is issued and delivered within ten working days."""
EXTENSION_DAYS = 10
"""行政许可法 Art. 42: at most so many more, once, by the bureau head's approval."""
JOINT_DAYS = 45
"""行政许可法 Art. 42: the limit where several departments handle a licence together."""
JOINT_EXTENSION_DAYS = 15
"""行政许可法 Art. 42: at most so many more, approved by the head of the same-level government."""


@dataclass(frozen=True)
class Limit:
    """So many days of one unit."""

    days: int
    unit: Unit = Unit.WORKING_DAYS


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """特别程序: a hearing, an inspection …, during which the clock stands still."""

    procedure: str
    started_on: date
    planned_days: int
    """What the applicant was told in writing, in working days."""
    ended_on: date | None = None

    def last_day(self, calendar: Calendar, today: date | None) -> date:
        """Return its last day: as it was; as planned while it lasts; today once that is past."""
        if self.ended_on is not None:
            return self.ended_on
        planned = calendar.add_working_days(self.started_on, self.planned_days).due_on
        return max(planned, today) if today is not None else planned


class Span(NamedTuple):
    """From when a clock runs, how long, and what stops it on the way."""

    starts_on: date
    limit: Limit
    suspensions: tuple[Suspension, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Extension:
    """延期: granted once, with its days."""

    days: int
    granted_on: date


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """告知承诺: a promise of the applicant's that is checked later."""

    key: str
    check_due_on: date
    is_checked: bool = False


@dataclass(frozen=True, kw_only=True)
class Starts:
    """What the clocks of a case run from, and what stopped them."""

    statutory_days: int
    promised_days: int
    statutory_unit: Unit = Unit.WORKING_DAYS
    is_licence: bool = True
    """Whether the Licensing Law binds it: Art. 32, 42 and 44 are for licences alone."""
    is_joint: bool = False
    received_on: date | None = None
    corrected_on: date | None = None
    """The day the last corrections came in: silence is counted from then."""
    notified_on: date | None = None
    """The day of a correction notice that is not answered yet."""
    accepted_on: date | None = None
    decided_on: date | None = None
    granted_on: date | None = None
    """The day of the decision that grants a licence or certificate."""
    is_delivered: bool = False
    is_forwarded: bool = False
    """The owner's receipt for the package is here: until then the near district owes it."""
    is_finished: bool = False
    forward_within_days: int | None = None
    """Set for a partner's matter: the near district owes forwarding, and nothing else."""
    suspensions: tuple[Suspension, ...] = ()
    extension: Extension | None = None
    step_started_on: date | None = None
    step_days: int | None = None
    supply_due_on: date | None = None
    commitments: tuple[Commitment, ...] = ()

    @property
    def is_near(self) -> bool:
        return self.forward_within_days is not None

    @property
    def open_suspension(self) -> Suspension | None:
        """The special procedure that lasts, if any."""
        return next((one for one in self.suspensions if one.ended_on is None), None)


@dataclass(frozen=True)
class DueDates:
    """The dates by which things are due; None where nothing runs yet."""

    notice_due_on: date | None = None
    correction_due_on: date | None = None
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    issue_due_on: date | None = None
    forward_due_on: date | None = None
    step_due_on: date | None = None
    is_provisional: bool = False

    def of(self, clock: Clock) -> date | None:
        """Return the date of one clock."""
        found: date | None = getattr(self, f"{clock.value}_due_on")
        return found


@dataclass(frozen=True)
class ClockExplained:
    """One clock, day by day: whether each counts, and why."""

    clock: Clock
    starts_on: date
    limit: Limit
    due_on: date
    is_running: bool
    is_provisional: bool
    days: tuple[DayExplained, ...]

    @property
    def counted(self) -> int:
        """How many days counted."""
        return sum(day.is_counted for day in self.days)


def longest_extension(*, is_joint: bool) -> int:
    """Return how many days an extension may give at most (行政许可法 Art. 42)."""
    return JOINT_EXTENSION_DAYS if is_joint else EXTENSION_DAYS


def due_dates(starts: Starts, calendar: Calendar, *, today: date | None = None) -> DueDates:
    """Return every date that has a start.

    A special procedure that lasts counts as planned, or up to `today` where it lasts longer.
    """
    dates: dict[str, date] = {}
    is_provisional = False
    for clock, (start, limit, suspensions) in spans(starts).items():
        last = start
        for step in _walk(start, limit, calendar, _pauses(suspensions, calendar, today)):
            last = step.day
        is_provisional = is_provisional or _is_provisional(start, last, calendar)
        dates[f"{clock.value}_due_on"] = last
    return DueDates(**dates, is_provisional=is_provisional)


def _is_provisional(start: date, last: date, calendar: Calendar) -> bool:
    """Tell whether a day on the way is not settled: within a year, the last is settled last."""
    years = range((start + _ONE_DAY).year, last.year + 1)
    return last > start and not all(
        calendar.is_settled(min(date(year, 12, 31), last)) for year in years
    )


def explain(
    starts: Starts, calendar: Calendar, *, today: date | None = None
) -> list[ClockExplained]:
    """Return each clock that has a start, day by day."""
    now_running = running(starts)
    found = []
    for clock, (start, limit, suspensions) in spans(starts).items():
        pauses = _pauses(suspensions, calendar, today)
        walk = _walk(start, limit, calendar, pauses)
        days = tuple(_explained(step, limit, calendar, pauses) for step in walk)
        found.append(
            ClockExplained(
                clock=clock,
                starts_on=start,
                limit=limit,
                due_on=days[-1].day if days else start,
                is_running=clock in now_running,
                is_provisional=any(day.is_provisional for day in days),
                days=days,
            )
        )
    return found


def last_days_begin(span: Span, due_on: date, days: int, calendar: Calendar) -> date | None:
    """Return the day on which the last `days` counted days of a span begin."""
    pauses = _pauses(span.suspensions, calendar, None)
    left, day = days, due_on
    while left and day > span.starts_on:
        left -= _counts(day, span.limit, calendar, pauses)
        if not left:
            return day
        day -= _ONE_DAY
    return None


def running(starts: Starts) -> frozenset[Clock]:
    """Return the clocks that run now: started, and not stopped by what happened since.

    A special procedure stops none of them for good: they are told, and stand still.
    """
    if starts.is_finished:
        return frozenset()
    is_accepted, is_decided = starts.accepted_on is not None, starts.decided_on is not None
    is_with_applicant = starts.notified_on is not None
    holds = {
        Clock.NOTICE: not is_accepted and not is_with_applicant,
        Clock.CORRECTION: is_with_applicant,
        Clock.STATUTORY: not is_decided,
        Clock.PROMISED: not is_decided,
        Clock.ISSUE: not starts.is_delivered,
        Clock.FORWARD: not starts.is_forwarded,
        Clock.STEP: not is_with_applicant and not starts.is_forwarded,
    }
    return frozenset(clock for clock in spans(starts) if holds[clock])


def spans(starts: Starts) -> dict[Clock, Span]:
    """Return the span of each clock that has a start."""
    found: dict[Clock, Span] = {}

    def run(clock: Clock, start: date | None, limit: Limit | None, *, pauses: bool = False) -> None:
        if start is not None and limit is not None:
            found[clock] = Span(start, limit, starts.suspensions if pauses else ())

    if starts.is_near:
        run(Clock.FORWARD, starts.received_on, Limit(starts.forward_within_days or 0))
    elif starts.is_licence:
        run(Clock.NOTICE, starts.corrected_on or starts.received_on, Limit(NOTICE_DAYS))
    run(Clock.CORRECTION, starts.notified_on, Limit(CORRECTION_DAYS))
    run(Clock.STATUTORY, starts.accepted_on, _statutory(starts), pauses=True)
    run(Clock.PROMISED, starts.accepted_on, _promised(starts), pauses=True)
    if starts.is_licence:
        run(Clock.ISSUE, starts.granted_on, Limit(ISSUE_DAYS))
    step = Limit(starts.step_days) if starts.step_days is not None else None
    run(Clock.STEP, starts.step_started_on, step, pauses=True)
    return found


def _statutory(starts: Starts) -> Limit:
    days = JOINT_DAYS if starts.is_joint and starts.is_licence else starts.statutory_days
    return Limit(days + _extended_by(starts), starts.statutory_unit)


def _promised(starts: Starts) -> Limit:
    """Return the promise, which an extension lengthens as it does the limit of the law."""
    return Limit(starts.promised_days + _extended_by(starts))


def _extended_by(starts: Starts) -> int:
    return starts.extension.days if starts.extension is not None else 0


Pauses = Sequence[tuple[Suspension, date]]
"""Each special procedure with its last day."""


def _pauses(suspensions: tuple[Suspension, ...], calendar: Calendar, today: date | None) -> Pauses:
    return [(one, one.last_day(calendar, today)) for one in suspensions]


class _Day(NamedTuple):
    """A day that the walk passes."""

    day: date
    is_counted: bool
    is_after_the_last: bool


def _walk(start: date, limit: Limit, calendar: Calendar, pauses: Pauses) -> Iterator[_Day]:
    """Yield each day after `start` until the limit is used up: the one rule of counting."""
    left, day = limit.days, start
    while left or _must_go_on(day, start, limit, calendar):
        day += _ONE_DAY
        is_after_the_last = left == 0
        is_counted = not is_after_the_last and _counts(day, limit, calendar, pauses)
        left -= is_counted
        yield _Day(day, is_counted, is_after_the_last)


def _must_go_on(day: date, start: date, limit: Limit, calendar: Calendar) -> bool:
    """民法典 Art. 203: a period in calendar days doesn't end on a day off."""
    is_calendar = limit.unit is Unit.CALENDAR_DAYS
    return is_calendar and day > start and not calendar.is_working_day(day)


def _counts(day: date, limit: Limit, calendar: Calendar, pauses: Pauses) -> bool:
    """Tell whether a day counts for a limit; the first day after the start is the first to."""
    if pauses and _procedure_on(day, pauses) is not None:
        return False
    return limit.unit is Unit.CALENDAR_DAYS or calendar.is_working_day(day)


def _procedure_on(day: date, pauses: Pauses) -> str | None:
    return next((one.procedure for one, last in pauses if one.started_on < day <= last), None)


def _explained(step: _Day, limit: Limit, calendar: Calendar, pauses: Pauses) -> DayExplained:
    """Say why a day counts or not; of a plain day the calendar says it."""
    (plain,) = calendar.explain(step.day - _ONE_DAY, step.day)
    procedure = _procedure_on(step.day, pauses)
    if procedure is not None:
        named = PROCEDURES.get(procedure, {"zh-CN": procedure, "en": procedure})
        zh, en = f"特别程序（{named['zh-CN']}）期间，不计入", f"not counted: {named['en']}"
    elif step.is_after_the_last:
        zh = f"期限最后一日为休息日，顺延（{plain.reason_zh}）"
        en = f"the last day was a day off, so the period goes on ({plain.reason_en})"
    elif limit.unit is Unit.CALENDAR_DAYS:
        zh, en = f"自然日（{plain.reason_zh}）", f"calendar day ({plain.reason_en})"
    else:
        return plain
    return DayExplained(step.day, step.is_counted, plain.is_provisional, zh, en)
