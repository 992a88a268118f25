"""Who stands at a window, and who takes over (排班规则, AB角).

Pure. A shift has hours in OSM syntax, read by the district's calendar as a site's hours are. At
each moment the first (A角) stands at a window; where the first is absent the deputy (B角) takes
over, unless needed at another window. One person stands at one window at a time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from site_service.sites.rules import is_open_at
from tongban.clock import local_date
from tongban.workdays import Calendar

__all__ = [
    "QUARTER",
    "AbRole",
    "Absence",
    "Gap",
    "Shift",
    "StaffPost",
    "gaps",
    "is_on_duty",
    "merged",
    "standing",
    "unstaffed",
]


QUARTER = timedelta(minutes=15)


class StaffPost(StrEnum):
    """What somebody is there for."""

    WINDOW = "window"  # 窗口
    HELPER = "helper"  # 帮办代办员


class AbRole(StrEnum):
    """Whose place at a window it is first, and who takes over."""

    PRIMARY = "primary"  # A角
    DEPUTY = "deputy"  # B角


@dataclass(frozen=True, slots=True)
class Shift:
    """When somebody works, and at which window; a helper's shift has none."""

    member_id: UUID
    window_id: UUID | None
    role: AbRole
    hours: str
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A time at which somebody is not there."""

    member_id: UUID
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A time at which a window that should be staffed is not."""

    window_id: UUID
    begins_at: datetime
    ends_at: datetime


Standing = Mapping[UUID, Shift]
"""By window, the shift of who stands there."""


def is_on_duty(shift: Shift, absences: Iterable[Absence], at: datetime, calendar: Calendar) -> bool:
    """Tell whether the shift is on at `at` and its person there."""
    return (
        _is_valid(shift, at)
        and is_open_at(shift.hours, at, calendar)
        and not any(
            absence.member_id == shift.member_id and absence.begins_at <= at < absence.ends_at
            for absence in absences
        )
    )


def _is_valid(shift: Shift, at: datetime) -> bool:
    day = local_date(at)
    return shift.valid_from <= day and (shift.valid_until is None or day <= shift.valid_until)


def standing(
    shifts: Sequence[Shift],
    absences: Sequence[Absence],
    times: Sequence[datetime],
    calendar: Calendar,
) -> list[tuple[datetime, Standing, frozenset[UUID]]]:
    """Return who stands where, and the windows that should be staffed and are not.

    The times are those at which quarter hours begin: who leaves within one is away for all of it,
    as nobody can be promised to be served to the end.
    """
    # Many shifts have the same hours: each is read once a time.
    open_at = {
        hours: {at for at in times if is_open_at(hours, at, calendar)}
        for hours in {shift.hours for shift in shifts}
    }
    found: list[tuple[datetime, Standing, frozenset[UUID]]] = []
    for at in times:
        on = [
            one
            for one in shifts
            if one.window_id is not None and at in open_at[one.hours] and _is_valid(one, at)
        ]
        away = {
            one.member_id for one in absences if one.begins_at < at + QUARTER and at < one.ends_at
        }
        there = _placed([one for one in on if one.member_id not in away])
        wanted = {one.window_id for one in on if one.window_id is not None}
        found.append((at, there, frozenset(wanted - there.keys())))
    return found


def _placed(present: Sequence[Shift]) -> dict[UUID, Shift]:
    """Put each first at the own window, then deputies at as many of the rest as can be."""
    placed: dict[UUID, Shift] = {}
    busy: set[UUID] = set()
    for shift in present:
        if shift.role is AbRole.PRIMARY and shift.window_id not in placed:
            if shift.member_id in busy or shift.window_id is None:
                continue
            placed[shift.window_id] = shift
            busy.add(shift.member_id)
    deputies = [
        shift
        for shift in present
        if shift.role is AbRole.DEPUTY
        and shift.window_id not in placed
        and shift.member_id not in busy
    ]
    for shift in _matched(deputies):
        assert shift.window_id is not None  # noqa: S101  # taken from shifts at windows
        placed[shift.window_id] = shift
    return placed


def _matched(deputies: Sequence[Shift]) -> list[Shift]:
    """Return the most shifts of which no two share a person or a window."""
    if not deputies:
        return []
    windows = sorted({one.window_id for one in deputies}, key=str)
    members = sorted({one.member_id for one in deputies}, key=str)
    by_place = {
        (windows.index(one.window_id), members.index(one.member_id)): one for one in deputies
    }
    rows, columns = zip(*by_place, strict=True)
    graph = csr_array((np.ones(len(by_place)), (rows, columns)), shape=(len(windows), len(members)))
    chosen = maximum_bipartite_matching(graph, perm_type="column")
    return [by_place[row, int(column)] for row, column in enumerate(chosen) if column >= 0]


def gaps(
    shifts: Sequence[Shift],
    absences: Sequence[Absence],
    times: Sequence[datetime],
    calendar: Calendar,
    *,
    every: timedelta,
) -> list[Gap]:
    """Return when a window that should be staffed has nobody, by window and time."""
    missing = [
        (window_id, at)
        for at, _, windows in standing(shifts, absences, times, calendar)
        for window_id in windows
    ]
    return merged(missing, every=every)


def merged(cells: Iterable[tuple[UUID, datetime]], *, every: timedelta) -> list[Gap]:
    """Return the times that follow each other at one window as one."""
    found: list[Gap] = []
    for window_id, at in sorted(cells, key=lambda cell: (str(cell[0]), cell[1])):
        last = found[-1] if found else None
        if last is not None and last.window_id == window_id and last.ends_at == at:
            found[-1] = Gap(window_id, last.begins_at, at + every)
        else:
            found.append(Gap(window_id, at, at + every))
    return found


def unstaffed(
    shifts: Sequence[Shift],
    absences: Sequence[Absence],
    times: Sequence[datetime],
    calendar: Calendar,
) -> set[tuple[UUID, datetime]]:
    """Return the times at which a window that has a roster has nobody; others are not asked."""
    rostered: Collection[UUID] = {one.window_id for one in shifts if one.window_id is not None}
    return {
        (window_id, at)
        for at, there, _ in standing(shifts, absences, times, calendar)
        for window_id in rostered
        if window_id not in there
    }
