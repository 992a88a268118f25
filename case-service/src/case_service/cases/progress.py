"""How far a case is (进度查询), told to whoever has its receipt."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import party, store
from case_service.cases.reading import said
from case_service.cases.schemas import ProgressRead, ProgressStep
from case_service.cases.words import STAGES, STEPS
from case_service.errors import ProgressNotFound, TooManyTries
from tongban.context import Context

__all__ = ["note_miss", "progress", "require_tries_left"]

PROGRESS_TRIES = 5
PROGRESS_WINDOW = timedelta(minutes=10)


async def progress(context: Context, number: str, tail: str, *, at: datetime) -> ProgressRead:
    """Tell anybody who has the receipt how far the case is.

    A wrong tail is told as an unknown number is. It is counted in a transaction of its own, which
    stays although the answer is a refusal.

    Raises:
        ProgressNotFound, TooManyTries
    """
    async with context.sessions.begin() as session:
        await require_tries_left(session, number, at=at)
        found = await _by_number_and_tail(session, context, number, tail)
        if found is None:
            await note_miss(session, number, at=at)
    if found is None:
        raise ProgressNotFound
    return found


async def require_tries_left(session: AsyncSession, key: str, *, at: datetime) -> None:
    """Refuse what was tried in vain too often, under a number or by somebody.

    Raises:
        TooManyTries
    """
    missed, first = await store.count_misses(session, key, since=at - PROGRESS_WINDOW)
    if first is not None and missed >= PROGRESS_TRIES:
        left = first + PROGRESS_WINDOW - at
        raise TooManyTries(seconds=max(1, int(left.total_seconds())))


async def note_miss(session: AsyncSession, key: str, *, at: datetime) -> None:
    """Count that something was tried in vain."""
    await store.note_miss(session, key, at=at)


async def _by_number_and_tail(
    session: AsyncSession, context: Context, number: str, tail: str
) -> ProgressRead | None:
    case = await store.find_by_number(session, number)
    if case is None:
        return None
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    if party.tail_of(whole) != tail.upper():
        return None
    steps = await store.timeline_of(session, case.id)
    return ProgressRead(
        number=case.number,
        matter_name=case.matter_name,
        stage=case.stage,
        stage_name=said(STAGES[case.stage]),
        owner_stage=case.owner_stage,
        submitted_at=case.submitted_at,
        promised_due_on=case.promised_due_on,
        is_provisional=case.is_provisional,
        outcome=case.outcome,
        steps=[ProgressStep(at=step.at, name=said(STEPS[step.action])) for step in steps],
    )
