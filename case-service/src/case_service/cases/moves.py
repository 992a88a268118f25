"""What becomes due by itself and when (到期动作): lights, deemed acceptance, ends, checks.

Pure. Everything begins with a day in Shanghai: what is due on a day may be done until it ends, so
it is past at the next midnight.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from case_service.cases.clock import (
    Clock,
    DueDates,
    Starts,
    last_days_begin,
    running,
    spans,
)
from tongban.clock import SHANGHAI
from tongban.workdays import Calendar

__all__ = [
    "Light",
    "Move",
    "MoveKind",
    "Shares",
    "Standing",
    "moves",
    "next_moment",
    "standing",
    "when_past",
]

_ONE_DAY = timedelta(days=1)


class Light(StrEnum):
    """红黄灯: time left against the limit."""

    GREEN = "green"  # 绿灯
    YELLOW = "yellow"  # 黄灯
    RED = "red"  # 红灯


class MoveKind(StrEnum):
    """What happens by itself."""

    TURN_YELLOW = "turn_yellow"
    TURN_RED = "turn_red"
    STEP_TURN_YELLOW = "step_turn_yellow"
    STEP_TURN_RED = "step_turn_red"
    DEEM_ACCEPTED = "deem_accepted"
    END_UNCORRECTED = "end_uncorrected"
    END_UNSUPPLIED = "end_unsupplied"
    CHECK_COMMITMENT = "check_commitment"
    STAND_STILL_LONGER = "stand_still_longer"


@dataclass(frozen=True)
class Move:
    """Something that happens by itself when `on` begins."""

    kind: MoveKind
    on: date
    clock: Clock


@dataclass(frozen=True)
class Shares:
    """When a light turns yellow: so much of the limit is left, or so few days."""

    yellow_share: float = 0.2
    yellow_days: int = 1

    def last_days(self, limit: int) -> int:
        """Return how many of the limit's last days are yellow."""
        return min(max(math.floor(limit * self.yellow_share), self.yellow_days), limit)


@dataclass(frozen=True)
class Standing:
    """How a case stands on a day: its light, its step's, and the clock that the light is about."""

    clock: Clock | None = None
    light: Light | None = None
    step_light: Light | None = None


def standing(
    starts: Starts, due: DueDates, calendar: Calendar, *, today: date, shares: Shares
) -> Standing:
    """Return how the case stands today. While a special procedure lasts its lights are off."""
    clock = _main(starts, due)
    if starts.open_suspension is not None:
        return Standing(clock)
    step = Clock.STEP if Clock.STEP in running(starts) else None
    return Standing(
        clock,
        _light(clock, starts, due, calendar, today, shares),
        _light(step, starts, due, calendar, today, shares),
    )


def moves(starts: Starts, due: DueDates, calendar: Calendar, *, shares: Shares) -> list[Move]:
    """Return everything that will happen by itself if nobody does anything, earliest first."""
    found = [*_lights(starts, due, calendar, shares), *_ends(starts, due), *_checks(starts)]
    pause = starts.open_suspension
    if pause is not None and not starts.is_finished:
        planned = pause.last_day(calendar, None)
        found.append(Move(MoveKind.STAND_STILL_LONGER, planned + _ONE_DAY, Clock.PROMISED))
    return sorted(found, key=lambda move: (move.on, list(MoveKind).index(move.kind)))


def next_moment(
    starts: Starts, due: DueDates, calendar: Calendar, *, today: date, shares: Shares
) -> datetime | None:
    """Return when something happens by itself next; what was due before today is done already."""
    coming = [one.on for one in moves(starts, due, calendar, shares=shares) if one.on > today]
    pause = starts.open_suspension
    if pause is not None and not starts.is_finished and pause.last_day(calendar, None) <= today:
        # It lasts longer than planned: every further day moves the limits by one.
        coming.append(today + _ONE_DAY)
    return _midnight(min(coming)) if coming else None


def _main(starts: Starts, due: DueDates) -> Clock | None:
    """Return the clock that the light of the whole is about.

    The near district owes forwarding alone. The promise is measured, or the law's limit where
    that is nearer, until the decision; then what follows from it, before it what goes ahead.
    """
    now_running = running(starts)
    if Clock.PROMISED in now_running and due.statutory_due_on and due.promised_due_on:
        is_nearer = due.statutory_due_on < due.promised_due_on
        return Clock.STATUTORY if is_nearer else Clock.PROMISED
    others = (Clock.FORWARD, Clock.ISSUE, Clock.NOTICE)
    return next((clock for clock in others if clock in now_running), None)


def _lights(starts: Starts, due: DueDates, calendar: Calendar, shares: Shares) -> list[Move]:
    if starts.open_suspension is not None:
        return []
    found = []
    main, step = _main(starts, due), Clock.STEP if Clock.STEP in running(starts) else None
    for clock, yellow, red in (
        (main, MoveKind.TURN_YELLOW, MoveKind.TURN_RED),
        (step, MoveKind.STEP_TURN_YELLOW, MoveKind.STEP_TURN_RED),
    ):
        due_on = due.of(clock) if clock is not None else None
        if clock is None or due_on is None:
            continue
        yellow_on = _yellow_on(clock, starts, due_on, calendar, shares)
        if yellow_on is not None:
            found.append(Move(yellow, yellow_on, clock))
        found.append(Move(red, due_on + _ONE_DAY, clock))
    return found


def _ends(starts: Starts, due: DueDates) -> list[Move]:
    """Return what silence brings about: of the district, or of the applicant."""
    now_running = running(starts)
    found = []
    if Clock.NOTICE in now_running and due.notice_due_on is not None:
        # 行政许可法 Art. 32: silence past day 5 is acceptance.
        found.append(Move(MoveKind.DEEM_ACCEPTED, due.notice_due_on + _ONE_DAY, Clock.NOTICE))
    if Clock.CORRECTION in now_running and due.correction_due_on and not starts.is_near:
        # At the near district silence brings nothing about: the owner alone ends the case.
        past = due.correction_due_on + _ONE_DAY
        found.append(Move(MoveKind.END_UNCORRECTED, past, Clock.CORRECTION))
    if starts.supply_due_on is not None and Clock.PROMISED in now_running:
        found.append(Move(MoveKind.END_UNSUPPLIED, starts.supply_due_on + _ONE_DAY, Clock.SUPPLY))
    return found


def _checks(starts: Starts) -> list[Move]:
    """Return the checks of commitments, which outlast the case."""
    return [
        Move(MoveKind.CHECK_COMMITMENT, one.check_due_on + _ONE_DAY, Clock.COMMITMENT)
        for one in starts.commitments
        if not one.is_checked
    ]


def _light(
    clock: Clock | None,
    starts: Starts,
    due: DueDates,
    calendar: Calendar,
    today: date,
    shares: Shares,
) -> Light | None:
    due_on = due.of(clock) if clock is not None else None
    if clock is None or due_on is None:
        return None
    if today > due_on:
        return Light.RED
    yellow_on = _yellow_on(clock, starts, due_on, calendar, shares)
    is_yellow = yellow_on is not None and today >= yellow_on
    return Light.YELLOW if is_yellow else Light.GREEN


def _yellow_on(
    clock: Clock, starts: Starts, due_on: date, calendar: Calendar, shares: Shares
) -> date | None:
    """Return the first of the limit's last days; None where the limit is the day itself."""
    span = spans(starts)[clock]
    return last_days_begin(span, due_on, shares.last_days(span.limit.days), calendar)


def when_past(due_on: date) -> datetime:
    """Return the moment at which what is due on a day is overdue: the midnight after it."""
    return _midnight(due_on + _ONE_DAY)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
