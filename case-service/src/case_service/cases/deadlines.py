"""Use cases of the clocks (办理时限): explain one; reckon all anew when the calendar changes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import moves, steps, store
from case_service.cases.clock import ClockExplained, DueDates, due_dates, explain
from case_service.cases.clock_body import ClockRead, ClockShown, DayRead
from case_service.cases.clock_words import BASES
from case_service.cases.reading import said
from case_service.cases.service import visible
from case_service.cases.tables import Case
from case_service.matters.service import matters_of
from tongban import calendars
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.workdays import Calendar

__all__ = ["Moved", "Part", "clock", "off_holidays", "reckon_anew"]

DATES = (
    *(name for name in DueDates.__dataclass_fields__ if name.endswith("_due_on")),
    "supply_due_on",
)
CHECKED_LATER = ("commitments", "next_due_at")
NEXT_CHECK = "check_due_on"
"""Of all that was promised and is not checked yet, the first day."""


async def clock(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller, at: datetime
) -> ClockRead:
    """Return by when what is due, and each day up to it.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await visible(session, case_id, caller)
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    calendar = await steps.calendar_of(session, context)
    today = local_date(at)
    starts = steps.starts_of(case, {}, matter=matter)
    due = due_dates(starts, calendar, today=today)
    standing = moves.standing(starts, due, calendar, today=today, shares=steps.shares_of(context))
    return ClockRead(
        starts_on=starts.accepted_on,
        **asdict(due),
        supply_due_on=starts.supply_due_on,
        is_suspended=starts.open_suspension is not None,
        running_clock=standing.clock,
        light=standing.light,
        step_light=standing.step_light,
        clocks=[_shown(one) for one in explain(starts, calendar, today=today)],
    )


def _shown(one: ClockExplained) -> ClockShown:
    return ClockShown(
        clock=one.clock,
        basis=said(BASES[one.clock]),
        starts_on=one.starts_on,
        limit_days=one.limit.days,
        unit=one.limit.unit,
        counted_days=one.counted,
        due_on=one.due_on,
        is_running=one.is_running,
        is_provisional=one.is_provisional,
        days=[
            DayRead(
                day=day.day,
                is_counted=day.is_counted,
                is_provisional=day.is_provisional,
                reason=said({"zh-CN": day.reason_zh, "en": day.reason_en}),
            )
            for day in one.days
        ],
    )


@dataclass(frozen=True)
class Moved:
    """A case whose dates a new calendar moved: each with what it was and what it is."""

    case_id: UUID
    case_number: str
    dates: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """What one part of a recomputation looked at and found."""

    examined: int
    reached: UUID | None
    """The last case looked at; none is left behind it where this is None."""
    moved: list[Moved]


async def reckon_anew(
    session: AsyncSession,
    context: Context,
    *,
    year: int,
    behind: UUID | None,
    most: int,
    at: datetime,
) -> Part:
    """Reckon the open dates of the next cases anew after the calendar of `year` changed.

    A light that a new date changes is left to the case's own duty, which tells of it; so that
    falls due at once.
    """
    calendar = await calendars.load(session)
    cases = await store.with_open_clocks(session, year, behind=behind, most=most)
    moved: list[Moved] = []
    changed: list[dict[str, Any]] = []
    for case in cases:
        values = await _anew(session, context, case, calendar, at)
        if values:
            changed.append({**values, "id": case.id})
            dates = {
                name: _told(getattr(case, name), values[name]) for name in DATES if name in values
            }
            if "commitments" in values:
                dates[NEXT_CHECK] = _told(
                    _next_check(case.commitments), _next_check(values["commitments"])
                )
            if dates:
                moved.append(Moved(case.id, case.number, dates))
    await store.keep_dates(session, changed)
    is_last = len(cases) < most
    return Part(len(cases), None if is_last else cases[-1].id, moved)


async def _anew(
    session: AsyncSession, context: Context, case: Case, calendar: Calendar, at: datetime
) -> dict[str, Any]:
    """Return the columns that another calendar changes; of a finished case, what is checked yet."""
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    written = off_holidays(case, calendar)
    values = written | steps.clock_values(
        case,
        written,
        calendar,
        matter=matter,
        today=local_date(at),
        shares=steps.shares_of(context),
    )
    if case.closed_at is not None:
        return {name: values[name] for name in CHECKED_LATER if getattr(case, name) != values[name]}
    lights = {name: values.pop(name) for name in ("light", "step_light")}
    if any(getattr(case, name) != light for name, light in lights.items()):
        values["next_due_at"] = at
    return {name: value for name, value in values.items() if getattr(case, name) != value}


def off_holidays(case: Case, calendar: Calendar) -> dict[str, Any]:
    """Return the columns whose days were told in writing, as another calendar has them.

    What was told stands, also where the calendar would have counted otherwise; but a term that
    would end on a day off ends on the next working day (Civil Code, Art. 203).
    """

    def working(day: date) -> date:
        return day if calendar.is_working_day(day) else calendar.add_working_days(day, 1).due_on

    def moved(kept: Mapping[str, Any], name: str) -> dict[str, Any]:
        return {**kept, name: str(working(date.fromisoformat(kept[name])))}

    return {
        "supply_due_on": working(case.supply_due_on) if case.supply_due_on else None,
        "tolerated": [moved(one, "due_on") for one in case.tolerated],
        "commitments": [
            moved(one, "check_due_on") if one["kept"] is None else one for one in case.commitments
        ],
    }


def _next_check(commitments: Sequence[Mapping[str, Any]]) -> date | None:
    days = [date.fromisoformat(one["check_due_on"]) for one in commitments if one["kept"] is None]
    return min(days, default=None)


def _told(before: date | None, after: date | None) -> dict[str, str | None]:
    return {
        "before": before.isoformat() if before else None,
        "after": after.isoformat() if after else None,
    }
