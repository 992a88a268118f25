"""Use cases of the clocks (办理时限): explain one; reckon all anew when the calendar changes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps, store
from case_service.cases.reading import said
from case_service.cases.schemas import ClockRead, DayRead
from case_service.cases.service import visible
from case_service.cases.tables import Case
from case_service.matters.service import matters_of
from tongban import calendars
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.workdays import Calendar

__all__ = ["clock", "reckon_anew"]

LONGEST_EXPLAINED = 366


async def clock(
    session: AsyncSession, context: Context, case_id: UUID, *, caller: Caller
) -> ClockRead:
    """Return by when what is due, and each day up to the statutory limit.

    Raises:
        CaseNotFound, ForeignSite
    """
    case = await visible(session, case_id, caller)
    calendar = await steps.calendar_of(session, context)
    starts_on = local_date(case.accepted_at) if case.accepted_at else None
    return ClockRead(
        starts_on=starts_on,
        notice_due_on=case.notice_due_on,
        correction_due_on=case.correction_due_on,
        statutory_due_on=case.statutory_due_on,
        promised_due_on=case.promised_due_on,
        issue_due_on=case.issue_due_on,
        forward_due_on=case.forward_due_on,
        is_provisional=case.is_provisional,
        days=_explained(case, calendar),
    )


async def reckon_anew(session: AsyncSession, context: Context, *, year: int) -> int:
    """Reckon the dates of unfinished cases anew after the calendar of `year` changed.

    Returns how many cases have other dates now. A promise once met is left alone.
    """
    calendar = await calendars.load(session)
    context.resources.pop("calendar", None)
    moved = 0
    for case in await store.with_open_clocks(session, year):
        matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
        dates = steps.clock_values(
            case, {}, calendar, owes_licence=matter.content.licence is not None
        )
        changed = {name: due for name, due in dates.items() if getattr(case, name) != due}
        for name, due in changed.items():
            setattr(case, name, due)
        moved += bool(changed)
    await session.flush()
    return moved


def _explained(case: Case, calendar: Calendar) -> list[DayRead]:
    if case.accepted_at is None or case.statutory_due_on is None:
        return []
    starts_on = local_date(case.accepted_at)
    days = calendar.explain(starts_on, case.statutory_due_on)[:LONGEST_EXPLAINED]
    return [
        DayRead(
            day=one.day,
            is_counted=one.is_counted,
            is_provisional=one.is_provisional,
            reason=said({"zh-CN": one.reason_zh, "en": one.reason_en}),
        )
        for one in days
    ]
