"""A message that did not get through: when it goes again, and what that says of its partner."""

import random
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import rules
from interop_service.exchanges.attempting import Postponed
from interop_service.exchanges.rules import FaultOf
from interop_service.partners import lines

__all__ = ["Waiting", "postpone"]

log = structlog.get_logger(__name__)


class Waiting(Protocol):
    """A message that waits for its partner: of a case, or a letter."""

    id: UUID
    partner: str
    attempts: int
    next_attempt_at: datetime
    last_fault: str | None
    fault_of: FaultOf | None


async def postpone(
    session: AsyncSession,
    waiting: Waiting,
    outcome: Postponed,
    *,
    give_up_at: datetime | None,
    at: datetime,
) -> bool:
    """Put a message off; return whether it would go after `give_up_at`, so that its time is over.

    A partner that is closed, or that failed too often, is left alone with all that waits for it.
    """
    waiting.last_fault, waiting.fault_of = outcome.fault, outcome.fault_of
    if outcome.is_waiting or outcome.is_full:
        waiting.attempts -= 1
        waiting.next_attempt_at = at + timedelta(seconds=outcome.retry_after or 0)
        if outcome.is_full:
            await lines.rest(session, waiting.partner, until=waiting.next_attempt_at)
        return False
    if outcome.got_on:
        waiting.attempts = 1
    chance = random.random()  # noqa: S311  # it spreads the load; no secret hangs on it
    pause = rules.backoff_seconds(waiting.attempts, chance)
    waiting.next_attempt_at = at + timedelta(seconds=max(pause, outcome.retry_after or 0))
    if outcome.is_closed:
        until = waiting.next_attempt_at
        await lines.pause(session, waiting.partner, until=until, actor=waiting.partner)
    elif outcome.fault_of is not FaultOf.OURS and not outcome.got_on:
        await lines.note_failure(session, waiting.partner, at=at, chance=chance)
    is_over = give_up_at is not None and waiting.next_attempt_at > give_up_at
    log.warning(
        "delivery.dead" if is_over else "delivery.postponed",
        message_id=str(waiting.id),
        partner=waiting.partner,
        attempts=waiting.attempts,
        fault=outcome.fault,
        fault_of=outcome.fault_of,
    )
    return is_over
