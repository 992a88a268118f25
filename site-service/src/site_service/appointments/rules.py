"""When an appointment can be, and what may happen to it (预约规则).

Pure. A day is cut into quarter hours. A visit takes some of them in a row at one window, and the
visits of one person follow each other. A part of the windows is never booked: it is for those who
simply come.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from site_service.appointments.errors import AppointmentActionNotAllowed

QUARTER = timedelta(minutes=15)
MOST_VISITS = 6
MOST_QUARTERS = 16


class AppointmentState(StrEnum):
    WAITING = "waiting"  # 候补中
    BOOKED = "booked"  # 已预约
    CHECKED_IN = "checked_in"  # 已签到
    CANCELLED = "cancelled"  # 已取消
    NO_SHOW = "no_show"  # 爽约
    LAPSED = "lapsed"  # 候补失效


class AppointmentAction(StrEnum):
    BOOK = "book"  # 候补转正
    RESCHEDULE = "reschedule"  # 改约
    CHECK_IN = "check_in"  # 签到
    CANCEL = "cancel"  # 取消
    MISS = "miss"  # 记为爽约
    LAPSE = "lapse"  # 候补到期


TRANSITIONS: Mapping[tuple[AppointmentState, AppointmentAction], AppointmentState] = (
    MappingProxyType(
        {
            (AppointmentState.WAITING, AppointmentAction.BOOK): AppointmentState.BOOKED,
            (AppointmentState.WAITING, AppointmentAction.CANCEL): AppointmentState.CANCELLED,
            (AppointmentState.WAITING, AppointmentAction.LAPSE): AppointmentState.LAPSED,
            (AppointmentState.BOOKED, AppointmentAction.RESCHEDULE): AppointmentState.BOOKED,
            (AppointmentState.BOOKED, AppointmentAction.CHECK_IN): AppointmentState.CHECKED_IN,
            (AppointmentState.BOOKED, AppointmentAction.CANCEL): AppointmentState.CANCELLED,
            (AppointmentState.BOOKED, AppointmentAction.MISS): AppointmentState.NO_SHOW,
        }
    )
)


BY_ITSELF = frozenset({AppointmentAction.BOOK, AppointmentAction.MISS, AppointmentAction.LAPSE})
"""What no one does: it comes to pass when a place is free, or when a time is over."""


def actions_from(state: AppointmentState) -> list[AppointmentAction]:
    """Return what somebody may do with an appointment in this state."""
    return [action for source, action in TRANSITIONS if source is state and action not in BY_ITSELF]


def advance(state: AppointmentState, action: AppointmentAction) -> AppointmentState:
    """Return the state that `action` leads to.

    Raises:
        AppointmentActionNotAllowed: 409, with what is allowed.
    """
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise AppointmentActionNotAllowed(
            state=state, action=action, allowed=actions_from(state)
        ) from None


class AppointmentPolicy(BaseModel):
    """预约规则: the numbers by which a site takes appointments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days_ahead: int = Field(default=14, ge=1, le=60, description="可提前预约天数 / days ahead")
    notice_minutes: int = Field(
        default=30, ge=0, le=1440, description="最短提前量 / from now until the first slot"
    )
    bookable_percent: int = Field(
        default=50, ge=0, le=100, description="可预约窗口比例 / the rest is for those who just come"
    )
    check_in_before_minutes: int = Field(default=30, ge=0, le=120)
    no_show_after_minutes: int = Field(
        default=15, ge=1, le=120, description="迟到多久记为爽约 / so late one did not come"
    )
    most_ahead: int = Field(default=5, ge=1, le=50, description="每人未到期预约上限 / each")
    no_shows: int = Field(default=3, ge=1, le=20, description="爽约几次暂停 / then suspended")
    no_show_days: int = Field(default=90, ge=1, le=365, description="统计天数 / within days")
    suspended_days: int = Field(default=30, ge=1, le=365, description="暂停天数 / for days")


USUAL = AppointmentPolicy()


@dataclass(frozen=True, slots=True)
class WantedVisit:
    """One visit of an appointment: how long, and at which windows it can be."""

    quarters: int
    window_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit's window and time."""

    window_id: UUID
    starts_at: datetime
    quarters: int

    def cells(self) -> Iterator[tuple[UUID, datetime]]:
        """Yield the window's quarter hours that the visit takes."""
        for nth in range(self.quarters):
            yield self.window_id, self.starts_at + nth * QUARTER

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.quarters * QUARTER


Taken = Collection[tuple[UUID, datetime]]


def quarters_for(seconds: Sequence[float]) -> int:
    """Return how many quarter hours a visit needs: within them four of five were done."""
    if not seconds:
        return 1
    enough = sorted(seconds)[math.ceil(len(seconds) * 0.8) - 1]
    return max(1, min(MOST_QUARTERS, math.ceil(enough / QUARTER.total_seconds())))


def bookable(window_ids: Sequence[UUID], percent: int) -> tuple[UUID, ...]:
    """Return the windows that may be booked; always the same ones, at least one if any is."""
    count = math.ceil(len(window_ids) * percent / 100)
    return tuple(window_ids[:count])


def place(
    visits: Sequence[WantedVisit],
    starts_at: datetime,
    *,
    open_quarters: Collection[datetime],
    taken: Taken,
) -> list[Placed] | None:
    """Return windows for the visits, one after the other from `starts_at`; None where none are."""
    placed: list[Placed] = []
    at = starts_at
    for visit in visits:
        there = next(
            (
                one
                for window_id in visit.window_ids
                if _is_free(one := Placed(window_id, at, visit.quarters), open_quarters, taken)
            ),
            None,
        )
        if there is None:
            return None
        placed.append(there)
        at = there.ends_at
    return placed


def _is_free(placed: Placed, open_quarters: Collection[datetime], taken: Taken) -> bool:
    return all(cell not in taken and cell[1] in open_quarters for cell in placed.cells())


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which an appointment can begin, and how many could at once."""

    starts_at: datetime
    ends_at: datetime
    free: int


def slots(
    visits: Sequence[WantedVisit],
    *,
    open_quarters: Sequence[datetime],
    taken: Taken,
    earliest: datetime,
) -> list[Slot]:
    """Return each time from `earliest` at which the visits can begin, if any window is free."""
    is_open = frozenset(open_quarters)
    length = sum((visit.quarters for visit in visits), 0) * QUARTER
    found: list[Slot] = []
    for starts_at in open_quarters:
        if starts_at < earliest:
            continue
        held, free = set(taken), 0
        while placed := place(visits, starts_at, open_quarters=is_open, taken=held):
            held.update(cell for one in placed for cell in one.cells())
            free += 1
        if free:
            found.append(Slot(starts_at, starts_at + length, free))
    return found


@dataclass(frozen=True, slots=True)
class CheckInTimes:
    """From when until when one checks in."""

    opens_at: datetime
    closes_at: datetime


def check_in_times(starts_at: datetime, policy: AppointmentPolicy) -> CheckInTimes:
    """Return when one checks in for a time."""
    return CheckInTimes(
        starts_at - timedelta(minutes=policy.check_in_before_minutes),
        starts_at + timedelta(minutes=policy.no_show_after_minutes),
    )


def suspended_until(no_shows: Sequence[datetime], policy: AppointmentPolicy) -> datetime | None:
    """Return until when one cannot book who did not come at these times, newest first."""
    if len(no_shows) < policy.no_shows:
        return None
    newest, oldest = no_shows[0], no_shows[policy.no_shows - 1]
    if newest - oldest > timedelta(days=policy.no_show_days):
        return None
    return newest + timedelta(days=policy.suspended_days)
