"""Every SQL statement about letters and their receipts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from interop_service.exchanges.rules import DeliveryState
from interop_service.letters.tables import Letter, LetterReceipt
from interop_service.partners.rules import PartnerState
from interop_service.partners.tables import Agreement, Partner
from interop_service.suites import Suite

__all__ = ["alone_with_message", "due_letters", "lock_letter", "next_ordinal", "receipt"]


async def next_ordinal(session: AsyncSession, exchange_id: UUID) -> int:
    """Return the next place; what the letters are about is locked, so the places don't meet."""
    last = await session.scalar(
        select(func.max(Letter.ordinal)).where(Letter.exchange_id == exchange_id)
    )
    return (last or 0) + 1


async def due_letters(
    session: AsyncSession, *, at: datetime, without: Collection[str], limit: int
) -> Sequence[tuple[Letter, Partner, Suite]]:
    """Take due letters, locked: the first about each thing, to partners that are not busy.

    Each comes with the suite that its agreement says now.
    """
    before = aliased(Letter)
    found = await session.execute(
        select(Letter, Partner, Agreement.suite)
        .join(Partner, Partner.district == Letter.partner)
        .outerjoin(Agreement, Agreement.code == Letter.agreement)
        .where(
            Letter.state == DeliveryState.DUE,
            Letter.next_attempt_at <= at,
            Letter.partner.not_in(without),
            Partner.state == PartnerState.ACTIVE,
            or_(Partner.paused_until.is_(None), Partner.paused_until <= at),
            ~select(before.id)
            .where(
                before.exchange_id == Letter.exchange_id,
                before.state == DeliveryState.DUE,
                before.ordinal < Letter.ordinal,
            )
            .exists(),
        )
        .order_by(Letter.next_attempt_at)
        .limit(limit)
        .options(undefer(Letter.body))
        .with_for_update(of=Letter, skip_locked=True)
    )
    return [(letter, partner, suite or letter.suite) for letter, partner, suite in found]


async def lock_letter(session: AsyncSession, message_id: UUID) -> Letter | None:
    return await session.get(Letter, message_id, with_for_update=True)


async def receipt(session: AsyncSession, *, sender: str, message_id: UUID) -> LetterReceipt | None:
    found: LetterReceipt | None = await session.scalar(
        select(LetterReceipt).filter_by(sender=sender, message_id=message_id)
    )
    return found


async def alone_with_message(session: AsyncSession, *, sender: str, message_id: UUID) -> None:
    """Wait until no other request handles the same letter: its second coming finds a receipt."""
    lock = func.hashtextextended(f"letter:{sender}:{message_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
