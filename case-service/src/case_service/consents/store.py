"""Every SQL statement on consents."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.consents.rules import Purpose
from case_service.consents.tables import Consent
from tongban.paging import Paging, after

__all__ = ["get_for_update", "of_person", "page_of_person"]


def _whose(subject: str | None, identity_indexes: Sequence[bytes]) -> ColumnElement[bool]:
    by_number = Consent.identity_index.in_(identity_indexes)
    return by_number if subject is None else or_(Consent.subject == subject, by_number)


async def of_person(
    session: AsyncSession,
    *,
    subject: str | None,
    identity_indexes: Sequence[bytes],
    purpose: Purpose,
) -> Sequence[Consent]:
    """Return the person's consents to a purpose that were not revoked, newest first."""
    rows = await session.scalars(
        select(Consent)
        .where(
            _whose(subject, identity_indexes),
            Consent.purpose == purpose,
            Consent.revoked_at.is_(None),
        )
        .order_by(Consent.id.desc())
    )
    return rows.all()


async def page_of_person(
    session: AsyncSession,
    *,
    subject: str | None,
    identity_indexes: Sequence[bytes],
    paging: Paging,
) -> Sequence[Consent]:
    listed = select(Consent).where(_whose(subject, identity_indexes))
    return (await session.scalars(after(listed, paging, Consent.id, descending=True))).all()


async def get_for_update(session: AsyncSession, consent_id: UUID) -> Consent | None:
    return await session.scalar(select(Consent).where(Consent.id == consent_id).with_for_update())
