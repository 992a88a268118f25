"""Messages that did not arrive in their time (死信): seen, sent again or given up by a person.

So are letters, which belong to no case, where they do not arrive or the other district refuses.

What keeps one from arriving is mended where it lies: the partner's address or keys, the agreement.
Until it is dealt with, the later messages of its exchange wait, for they would be out of turn.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import concert as concerts
from interop_service.exchanges import modes, sending, store
from interop_service.exchanges.rules import DeliveryState, MessageKind
from interop_service.exchanges.tables import Delivery
from interop_service.letters import dead_letters as letters
from interop_service.letters.tables import Letter
from interop_service.refusals import DeadLetterNotFound
from tongban import audit
from tongban.context import Context
from tongban.paging import Paging

__all__ = ["discard", "page", "replay"]


async def page(
    session: AsyncSession, paging: Paging, *, partner: str | None
) -> Sequence[RowMapping]:
    """Return the dead letters, oldest first."""
    return await store.dead_letters(session, paging, partner=partner)


async def replay(
    session: AsyncSession, message_id: UUID, *, actor: str, at: datetime
) -> Delivery | Letter:
    """Send a dead letter again, under its old id and signed anew; its time counts from now.

    Raises:
        DeadLetterNotFound: 404.
    """
    letter = await letters.replay(session, message_id, at=at)
    if letter is not None:
        _note(session, letter, "delivery.replay", actor=actor, payload={})
        return letter
    row = await _locked(session, message_id)
    row.state, row.attempts = DeliveryState.DUE, 0
    row.next_attempt_at = row.replayed_at = at
    _note(session, row, "delivery.replay", actor=actor, payload={})
    await session.flush()
    return row


async def discard(
    session: AsyncSession,
    context: Context,
    message_id: UUID,
    *,
    reason: str,
    actor: str,
    at: datetime,
) -> Delivery | Letter:
    """Give a dead letter up; a case whose package it was fails, and its window learns why.

    Raises:
        DeadLetterNotFound: 404.
    """
    letter = await letters.discard(session, message_id)
    if letter is not None:
        _note(session, letter, "delivery.discard", actor=actor, payload={"reason": reason})
        return letter
    exchange_id = await store.exchange_of(session, message_id)
    concert = await concerts.locked(session, exchange_id) if exchange_id is not None else None
    row = await _locked(session, message_id)
    exchange = concert.of(row.exchange_id) if concert is not None else None
    assert concert is not None and exchange is not None  # noqa: S101, PT018  # its foreign key
    row.state, row.body = DeliveryState.DISCARDED, None
    _note(session, row, "delivery.discard", actor=actor, payload={"reason": reason})
    if row.kind is MessageKind.PACKAGE and exchange.state in modes.BEFORE_RECEIPT:
        await sending.fail(session, context, concert, exchange, reason=reason, at=at)
    else:
        exchange.last_fault = reason
    await session.flush()
    return row


async def _locked(session: AsyncSession, message_id: UUID) -> Delivery:
    row = await store.lock_delivery(session, message_id)
    if row is None or row.state is not DeliveryState.DEAD:
        raise DeadLetterNotFound(message_id=message_id)
    return row


def _note(
    session: AsyncSession,
    row: Delivery | Letter,
    action: str,
    *,
    actor: str,
    payload: dict[str, str],
) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject=str(row.exchange_id),
        payload={"message_id": str(row.id), "kind": row.kind, **payload},
    )
