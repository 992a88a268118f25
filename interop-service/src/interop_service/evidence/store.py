"""Every SQL statement about the message log and partners' anchors."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from interop_service.evidence.rules import Anchor
from interop_service.evidence.tables import LoggedMessage, PartnerAnchor
from tongban.paging import Paging, after

__all__ = [
    "anchor",
    "anchors_of",
    "anchors_page",
    "contradict",
    "drop_bodies",
    "keep_anchor",
    "messages_of",
]


async def messages_of(
    session: AsyncSession, exchange_id: UUID, *, bodies: bool
) -> Sequence[LoggedMessage]:
    """Return what was logged of an exchange, oldest first."""
    found = select(LoggedMessage).filter_by(exchange_id=exchange_id).order_by(LoggedMessage.id)
    if bodies:
        found = found.options(undefer(LoggedMessage.sealed_body))
    return (await session.scalars(found)).all()


async def drop_bodies(session: AsyncSession, *, before: datetime) -> None:
    await session.execute(
        update(LoggedMessage)
        .where(LoggedMessage.at < before, LoggedMessage.sealed_body.is_not(None))
        .values(sealed_body=None),
        execution_options={"synchronize_session": False},
    )


async def keep_anchor(session: AsyncSession, anchor: Anchor, *, at: datetime) -> bool:
    """Keep a partner's checkpoint; return whether it is the first of its place."""
    fresh = await session.scalar(
        insert(PartnerAnchor)
        .values(
            partner=anchor.district,
            ledger=anchor.ledger,
            seq=anchor.seq,
            hash=anchor.hash,
            link=anchor.link,
            signed_at=anchor.at,
            token=anchor.token,
            received_at=at,
        )
        .on_conflict_do_nothing()
        .returning(PartnerAnchor.seq)
    )
    return fresh is not None


async def anchor(session: AsyncSession, of: Anchor) -> PartnerAnchor | None:
    """Return what was kept of the same place."""
    return await session.get(PartnerAnchor, (of.district, of.ledger, of.seq))


async def contradict(session: AsyncSession, row: PartnerAnchor, token: str) -> None:
    row.contradicted_by = token
    await session.flush()


async def anchors_of(
    session: AsyncSession, partner: str, *, since: datetime, until: datetime
) -> Sequence[PartnerAnchor]:
    """Return a partner's checkpoints that came within a time, in their order."""
    found = select(PartnerAnchor).where(
        PartnerAnchor.partner == partner,
        PartnerAnchor.received_at >= since,
        PartnerAnchor.received_at <= until,
    )
    return (await session.scalars(found.order_by(PartnerAnchor.seq))).all()


async def anchors_page(
    session: AsyncSession, partner: str, paging: Paging
) -> Sequence[PartnerAnchor]:
    found = select(PartnerAnchor).where(PartnerAnchor.partner == partner)
    return (await session.scalars(after(found, paging, PartnerAnchor.seq, descending=True))).all()
