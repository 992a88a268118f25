"""Use cases of recomputations (时限重算): what an amended calendar moves, part by part."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.deadlines import reckon_anew
from case_service.duty import Duty
from case_service.supervision import store
from case_service.supervision.rules import RecomputationState
from case_service.supervision.tables import MovedDeadline, Recomputation
from tongban.calendars import FRESH_SECONDS
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["RECOMPUTATION_DUTY", "reckon_part", "start"]

AT_ONCE = 200
"""Cases a transaction: so many rows are locked, and held in memory, at a time."""
BEGINS_AFTER = timedelta(seconds=2 * FRESH_SECONDS)
"""By then no process reckons by the calendar that it had before."""
_NEXT = timedelta(microseconds=1)


async def start(session: AsyncSession, *, year: int, calendar_sequence: int, at: datetime) -> None:
    """Have the open deadlines reckoned anew, soon and in parts, after `year` was amended."""
    await store.start_recomputation(
        session,
        values={
            "id": new_id(),
            "year": year,
            "calendar_sequence": calendar_sequence,
            "state": RecomputationState.RUNNING,
            "started_at": at,
            "examined": 0,
            "moved": 0,
            "next_due_at": at + BEGINS_AFTER,
        },
    )


async def reckon_part(
    session: AsyncSession,
    context: Context,
    recomputation: Recomputation,
    at: datetime,
    *,
    most: int = AT_ONCE,
) -> None:
    """Reckon the next cases anew and note which moved; the rest is due at once."""
    was_due_at = recomputation.next_due_at or at
    part = await reckon_anew(
        session,
        context,
        year=recomputation.year,
        behind=recomputation.reached,
        most=most,
        at=at,
    )
    session.add_all(
        MovedDeadline(
            recomputation_id=recomputation.id,
            case_id=one.case_id,
            case_number=one.case_number,
            moved=dict(one.dates),
        )
        for one in part.moved
    )
    recomputation.examined += part.examined
    recomputation.moved += len(part.moved)
    recomputation.reached = part.reached or recomputation.reached
    recomputation.next_due_at = was_due_at + _NEXT
    if part.reached is None:
        recomputation.state = RecomputationState.FINISHED
        recomputation.finished_at, recomputation.next_due_at = at, None


RECOMPUTATION_DUTY = Duty("recomputation", Recomputation, reckon_part)
