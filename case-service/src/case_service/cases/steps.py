"""One step of a case, however it came: its changes, dates and traces, stored together."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles import following
from case_service.cases import moves, writing
from case_service.cases.clock import (
    Clock,
    Commitment,
    DueDates,
    Extension,
    Starts,
    Suspension,
    Unit,
    due_dates,
    running,
)
from case_service.cases.moves import Light, Shares
from case_service.cases.rules import FINAL, Outcome, Stage
from case_service.cases.tables import NEVER, Case
from case_service.events import CaseEvent, CaseLightChanged
from case_service.matters.rules import Matter
from tongban.calendars import CalendarCache
from tongban.clock import local_date
from tongban.context import Context
from tongban.workdays import Calendar

__all__ = [
    "calendar_of",
    "clock_values",
    "light_told",
    "reckoned",
    "shares_of",
    "starts_of",
    "take",
    "told_of",
]

LICENCE = "licence"
OFF: Mapping[str, Any] = {"running_clock": None, "light": None, "step_light": None}
_DELIVERED = frozenset({Stage.DELIVERED, Stage.CLOSED})
_TOLD = frozenset({Light.YELLOW, Light.RED})


async def calendar_of(session: AsyncSession, context: Context) -> Calendar:
    """Return the working-day calendar, as of a few seconds ago."""
    cache: CalendarCache = context.resources.setdefault("calendar", CalendarCache())
    return await cache.get(session)


def shares_of(context: Context) -> Shares:
    """Return when lights turn yellow in this district."""
    settings = context.settings
    return Shares(settings.yellow_share, settings.yellow_days)


async def reckoned(
    session: AsyncSession,
    context: Context,
    case: Case,
    changes: Mapping[str, Any],
    *,
    matter: Matter,
    at: datetime,
) -> dict[str, Any]:
    """Return every date, light and moment of the case, once `changes` are made."""
    return clock_values(
        case,
        changes,
        await calendar_of(session, context),
        matter=matter,
        today=local_date(at),
        shares=shares_of(context),
    )


def clock_values(
    case: Case,
    changes: Mapping[str, Any],
    calendar: Calendar,
    *,
    matter: Matter,
    today: date,
    shares: Shares,
) -> dict[str, Any]:
    """Return what the columns of the clocks hold, once `changes` are made.

    A date that was met stays as it was, however the calendar is amended afterwards.
    """
    starts = starts_of(case, changes, matter=matter)
    due = due_dates(starts, calendar, today=today)
    standing = moves.standing(starts, due, calendar, today=today, shares=shares)
    return {
        **asdict(due),
        **_met(case, starts),
        "running_clock": standing.clock,
        "light": standing.light,
        "step_light": standing.step_light,
        "work_due_on": _most_urgent(standing.clock, due),
        "next_due_at": moves.next_moment(starts, due, calendar, today=today, shares=shares),
    }


def _most_urgent(clock: Clock | None, due: DueDates) -> date:
    """Return the next day by which something is due: for the whole, or for the step."""
    of_clock = due.of(clock) if clock is not None else None
    return min((day for day in (of_clock, due.step_due_on) if day is not None), default=NEVER)


def _met(case: Case, starts: Starts) -> dict[str, date]:
    stopped = {Clock.NOTICE, Clock.STATUTORY, Clock.PROMISED, Clock.FORWARD} - running(starts)
    kept = {f"{clock.value}_due_on": getattr(case, f"{clock.value}_due_on") for clock in stopped}
    return {name: day for name, day in kept.items() if day is not None}


def starts_of(case: Case, changes: Mapping[str, Any], *, matter: Matter) -> Starts:
    """Return what the clocks run from, once `changes` are made."""

    def value(name: str) -> Any:
        return changes.get(name, getattr(case, name))

    def day(name: str) -> date | None:
        at: datetime | None = value(name)
        return local_date(at) if at is not None else None

    stage: Stage = value("stage")
    reopened_on = day("reopened_at")
    is_granted = value("outcome") is Outcome.GRANTED and matter.content.licence is not None
    is_partners = value("owner_district") != case.district
    return Starts(
        statutory_days=value("statutory_days"),
        promised_days=value("promised_days"),
        statutory_unit=Unit(value("statutory_unit") or Unit.WORKING_DAYS),
        is_licence=matter.content.matter_type == LICENCE,
        is_joint=bool(value("is_joint")),
        received_on=_later(day("received_at"), reopened_on),
        corrected_on=_later(day("corrected_at"), reopened_on),
        notified_on=day("notified_at"),
        accepted_on=_later(day("accepted_at"), reopened_on),
        decided_on=day("decided_at"),
        granted_on=day("decided_at") if is_granted else None,
        is_delivered=stage in _DELIVERED,
        is_forwarded=value("with_owner_since") is not None and not value("forward_failed_reason"),
        is_finished=stage in FINAL,
        forward_within_days=(value("forward_within_days") or 0) if is_partners else None,
        suspensions=tuple(map(_suspension, value("suspensions") or ())),
        extension=_extension(value("extension")),
        step_started_on=day("step_started_at"),
        step_days=_step_days(matter, value("current_step")),
        supply_due_on=value("supply_due_on") if value("tolerated") else None,
        commitments=tuple(map(_commitment, value("commitments") or ())),
    )


def _later(start: date | None, reopened_on: date | None) -> date | None:
    """A case that supervision opened again starts anew on that day."""
    if start is None or reopened_on is None:
        return start
    return max(start, reopened_on)


def _suspension(kept: Mapping[str, Any]) -> Suspension:
    ended_on = kept.get("ended_on")
    return Suspension(
        procedure=kept["procedure"],
        started_on=_date(kept["started_on"]),
        planned_days=kept["planned_days"],
        ended_on=_date(ended_on) if ended_on is not None else None,
    )


def _extension(kept: Mapping[str, Any] | None) -> Extension | None:
    return Extension(days=kept["days"], granted_on=_date(kept["granted_on"])) if kept else None


def _commitment(kept: Mapping[str, Any]) -> Commitment:
    return Commitment(
        key=kept["key"],
        check_due_on=_date(kept["check_due_on"]),
        is_checked=kept.get("checked_on") is not None,
    )


def _date(kept: date | str) -> date:
    """Read a day that JSON keeps as text, or that is about to be kept."""
    return kept if isinstance(kept, date) else date.fromisoformat(kept)


def _step_days(matter: Matter, current_step: str | None) -> int | None:
    steps = [one for one in matter.content.steps if current_step in (one.name, one.kind)]
    return steps[0].days if current_step is not None and steps else None


def told_of(case: Case, at: datetime, **more: Any) -> dict[str, Any]:
    """Return what every event of the case tells."""
    return {
        "case_id": case.id,
        "number": case.number,
        "exchange_id": case.exchange_id,
        "at": at,
        **more,
    }


def light_told(case: Case, changes: Mapping[str, Any], at: datetime) -> list[CaseEvent]:
    """Return the event that a light turned yellow or red, or is not so any more; if it did."""
    before = (case.light, case.step_light)
    after = (changes.get("light", case.light), changes.get("step_light", case.step_light))
    if before == after or _TOLD.isdisjoint({*before, *after}):
        return []
    clock = changes.get("running_clock", case.running_clock)
    light, step_light = after
    return [CaseLightChanged(**told_of(case, at), light=light, step_light=step_light, clock=clock)]


def _turns_red(case: Case, changes: Mapping[str, Any]) -> bool:
    lights = ("light", "step_light")
    return any(
        changes.get(name) is Light.RED and getattr(case, name) is not Light.RED for name in lights
    )


async def take(
    session: AsyncSession,
    case: Case,
    changes: Mapping[str, Any],
    *,
    action: str,
    actor: str,
    at: datetime,
    events: Sequence[CaseEvent] = (),
    actor_role: str | None = None,
    site_id: str | None = None,
    comment: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Store a step of the locked case with its timeline entry, ledger entry and events."""
    stage: Stage = changes.get("stage", case.stage)
    if stage in FINAL:
        # What outlasts the case, the check of a commitment, is reckoned by who changes it.
        changes = {"next_due_at": None, **OFF, **changes, "closed_at": case.closed_at or at}
    elif _turns_red(case, changes):
        # A supervision order is raised by the case's own duty alone, and at once.
        changes = {**changes, "next_due_at": at}
    if stage is not case.stage and case.bundle_id is not None:
        await following.follow(session, case, {"stage": stage, **changes}, at=at)
    if stage is not case.stage:
        # Whose work it was is done; what comes next may have to be another's.
        changes = {"assigned_to": None, "assigned_at": None, **changes}
    await writing.advance(
        session,
        case,
        changes,
        entry={
            "case_id": case.id,
            "at": at,
            "action": action,
            "stage": stage,
            "actor": actor,
            "actor_role": actor_role,
            "site_id": site_id,
            "comment": comment,
            "facts": dict(facts or {}),
        },
        events=[*events, *light_told(case, changes, at)],
        ledger={
            "at": at,
            "actor": actor,
            "action": f"case.{action}",
            "subject": str(case.id),
            "payload": {"number": case.number, "from": case.stage.value, "to": stage.value},
        },
    )
