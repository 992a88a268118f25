"""One step of a case, however it came: its changes, dates and traces, stored together."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import writing
from case_service.cases.clock import Starts, due_dates
from case_service.cases.rules import FINAL, Outcome, Stage
from case_service.cases.tables import Case
from case_service.events import CaseEvent
from tongban.calendars import CalendarCache
from tongban.clock import local_date
from tongban.context import Context
from tongban.workdays import Calendar

__all__ = ["calendar_of", "clock_values", "starts_of", "take", "told_of"]


async def calendar_of(session: AsyncSession, context: Context) -> Calendar:
    """Return the working-day calendar, as of a few seconds ago."""
    cache: CalendarCache = context.resources.setdefault("calendar", CalendarCache())
    return await cache.get(session)


def starts_of(case: Case, changes: Mapping[str, Any], *, owes_licence: bool) -> Starts:
    """Return what the clocks run from, once `changes` are made."""

    def value(name: str) -> Any:
        return changes.get(name, getattr(case, name))

    def day(name: str) -> Any:
        at: datetime | None = value(name)
        return local_date(at) if at is not None else None

    is_granted = value("outcome") is Outcome.GRANTED
    is_partners = case.owner_district != case.district
    return Starts(
        received_on=day("received_at"),
        notified_on=day("notified_at"),
        accepted_on=day("accepted_at"),
        granted_on=day("decided_at") if is_granted and owes_licence else None,
        statutory_days=value("statutory_days"),
        promised_days=value("promised_days"),
        forward_within_days=(value("forward_within_days") or 0) if is_partners else None,
    )


def clock_values(
    case: Case, changes: Mapping[str, Any], calendar: Calendar, *, owes_licence: bool
) -> dict[str, Any]:
    """Return every date of the case, reckoned anew once `changes` are made."""
    return asdict(due_dates(starts_of(case, changes, owes_licence=owes_licence), calendar))


def told_of(case: Case, at: datetime, **more: Any) -> dict[str, Any]:
    """Return what every event of the case tells."""
    return {
        "case_id": case.id,
        "number": case.number,
        "exchange_id": case.exchange_id,
        "at": at,
        **more,
    }


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
        changes = {**changes, "closed_at": at}
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
        events=events,
        ledger={
            "at": at,
            "actor": actor,
            "action": f"case.{action}",
            "subject": str(case.id),
            "payload": {"number": case.number, "from": case.stage.value, "to": stage.value},
        },
    )
