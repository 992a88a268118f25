"""Every SQL statement about letters and their receipts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from interop_service.exchanges.rules import DeliveryState
from interop_service.letters.tables import Letter, LetterReceipt
from interop_service.partners.rules import GIVE_UP_AFTER_DAYS, PartnerState
from interop_service.partners.tables import Agreement, Partner
from interop_service.suites import Suite
from tongban import audit

__all__ = ["Known", "due_letters", "known", "lock_letter", "next_ordinal", "put_back", "receipt"]

_KNOWN = (
    select(LetterReceipt, audit.OLDEST_UNSEALED.scalar_subquery().label("oldest_unsealed"))
    .select_from(select(literal(1).label("one")).subquery())
    .outerjoin(
        LetterReceipt,
        and_(
            LetterReceipt.sender == bindparam("sender"),
            LetterReceipt.message_id == bindparam("message"),
        ),
    )
)


class Known(NamedTuple):
    """What is known of a letter that came."""

    receipt: LetterReceipt | None
    """That it was given."""
    oldest_unsealed: datetime | None
    """Since when an entry of the message log waits for its seal."""


async def next_ordinal(session: AsyncSession, exchange_id: UUID) -> int:
    """Return the next place; what the letters are about is locked, so the places don't meet."""
    last = await session.scalar(
        select(func.max(Letter.ordinal)).where(Letter.exchange_id == exchange_id)
    )
    return (last or 0) + 1


async def due_letters(
    session: AsyncSession, *, at: datetime, without: Collection[str], limit: int
) -> Sequence[tuple[Letter, Partner, Suite, int]]:
    """Take due letters, locked: the first about each thing, to partners that are not busy.

    Each comes with what its agreement says now: the suite, and for how many days it is sent.
    """
    before = aliased(Letter)
    found = await session.execute(
        select(Letter, Partner, Agreement.suite, Agreement.give_up_after_days)
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
    return [
        (letter, partner, suite or letter.suite, days or GIVE_UP_AFTER_DAYS)
        for letter, partner, suite, days in found
    ]


async def lock_letter(session: AsyncSession, message_id: UUID) -> Letter | None:
    return await session.get(Letter, message_id, with_for_update=True)


async def put_back(session: AsyncSession, ids: Sequence[UUID], *, at: datetime) -> None:
    """Let taken letters that were not tried wait as before."""
    await session.execute(
        update(Letter)
        .where(Letter.id.in_(ids), Letter.state == DeliveryState.DUE)
        .values(attempts=Letter.attempts - 1, next_attempt_at=at)
    )


async def receipt(session: AsyncSession, *, sender: str, message_id: UUID) -> LetterReceipt | None:
    found: LetterReceipt | None = await session.scalar(
        select(LetterReceipt).filter_by(sender=sender, message_id=message_id)
    )
    return found


async def known(session: AsyncSession, *, sender: str, message_id: UUID) -> Known:
    """Return what is known of a letter that came, and how far sealing is, by one statement."""
    row = (await session.execute(_KNOWN, {"sender": sender, "message": message_id})).one()
    return Known(row.LetterReceipt, row.oldest_unsealed)
