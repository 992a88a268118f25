"""Letters that are refused or do not arrive in time (死信): kept for a person to see to.

Later letters about the same thing do not wait for them: that a document ended is told at once.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges.rules import DeliveryState
from interop_service.letters import store
from interop_service.letters.rules import LetterKind
from interop_service.letters.tables import Letter

__all__ = ["KEPT", "discard", "replay"]

KEPT: Final = frozenset(
    {
        LetterKind.RELIED_ON,
        LetterKind.RELIANCE_DISPUTED,
        LetterKind.RELIANCE_CLEARED,
        LetterKind.RELIANCE_ENDED,
        LetterKind.DISPUTE_RAISED,
        LetterKind.DISPUTE_ANSWERED,
    }
)
"""What has to arrive. A request or a question that is refused has ended by it: it is made anew."""


async def replay(session: AsyncSession, message_id: UUID, *, at: datetime) -> Letter | None:
    """Let a dead letter go again, under its old id; None where there is none."""
    row = await _dead(session, message_id)
    if row is not None:
        row.state, row.attempts = DeliveryState.DUE, 0
        row.next_attempt_at = row.replayed_at = at
        await session.flush()
    return row


async def discard(session: AsyncSession, message_id: UUID) -> Letter | None:
    """Give a dead letter up; None where there is none."""
    row = await _dead(session, message_id)
    if row is not None:
        row.state, row.body = DeliveryState.DISCARDED, None
        await session.flush()
    return row


async def _dead(session: AsyncSession, message_id: UUID) -> Letter | None:
    row = await store.lock_letter(session, message_id)
    return row if row is not None and row.state is DeliveryState.DEAD else None
