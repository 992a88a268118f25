"""Waiting events are taken up again: as soon as what they need is here, or when it won't come."""

from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.context import Context
from tongban.inbox import Subscription, note_positions
from tongban.kernel import PendingRow, StepPosition
from tongban.messages import Envelope
from tongban.pending import take

__all__ = ["ANY_WAITING", "resume_overdue", "resume_waiting"]

PATIENCE_MINUTES = 10
ANY_WAITING = select(select(PendingRow.event_id).exists())

log = structlog.get_logger(__name__)


async def resume_overdue(
    session: AsyncSession, subscriptions: Sequence[Subscription], context: Context
) -> None:
    """Try waiting events again, also what no event of the awaited aggregate would wake.

    A step is tried where its predecessor was applied meanwhile, by another worker say, or where
    it waited too long and passes the gap.
    """
    by_name = {subscription.name: subscription for subscription in subscriptions}
    patience = func.now() - text(f"interval '{PATIENCE_MINUTES} min'")
    waiting = (
        await session.execute(
            select(PendingRow.waits_for, PendingRow.handler, func.min(PendingRow.since) < patience)
            .where(PendingRow.handler.in_(by_name))
            .group_by(PendingRow.waits_for, PendingRow.handler)
            .limit(500)
        )
    ).all()
    for key, handler, is_overdue in waiting:
        event_type, is_release, version = key.partition("@")
        if is_release and not by_name[handler].knows(event_type, int(version)):
            continue
        aggregate, is_step, before = key.partition("#")
        if is_step and is_overdue and await _is_kept(session, handler, aggregate, before):
            continue  # no gap: its predecessor is here, and waits for something itself
        if is_step and is_overdue:
            log.warning("steps.gap_passed", aggregate=aggregate, missing=before)
            await note_positions(session, handler, {aggregate: int(before)})
        if is_step and not is_overdue:
            position = await session.get(StepPosition, (handler, aggregate))
            if position is None or position.sequence < int(before):
                continue
        await resume_waiting(session, [key], [by_name[handler]], context)


async def _is_kept(session: AsyncSession, handler: str, aggregate: str, sequence: str) -> bool:
    """Tell whether this step of an aggregate waits here."""
    kind, _, key = aggregate.rpartition(".")
    kept = select(PendingRow.event_id).where(
        PendingRow.handler == handler,
        PendingRow.envelope["subject"].astext == key,
        PendingRow.envelope["sequence"].astext == sequence,
        PendingRow.envelope["type"].astext.startswith(f"{kind}."),
    )
    return await session.scalar(kept.limit(1)) is not None


async def resume_waiting(
    session: AsyncSession,
    keys: Iterable[str],
    subscriptions: Sequence[Subscription],
    context: Context,
) -> int:
    """Try again the events that wait for `keys` (aggregates); return how many were taken up."""
    by_name = {subscription.name: subscription for subscription in subscriptions}
    rows = await take(session, keys, handlers=by_name)
    for row in rows:
        await by_name[row.handler].resume(session, Envelope.model_validate(row.envelope), context)
    return len(rows)
