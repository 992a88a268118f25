"""Every SQL statement on publications."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.publications.rules import PublicationState
from case_service.publications.tables import Publication
from tongban.paging import Paging, after

__all__ = ["of_licence_for_update", "public"]


async def public(
    session: AsyncSession,
    paging: Paging,
    *,
    licence_type: str | None,
    credit_code: str | None,
) -> Sequence[Publication]:
    """Return a page of what is public now, newest first."""
    wanted = select(Publication).where(Publication.state == PublicationState.PUBLISHED)
    if licence_type is not None:
        wanted = wanted.where(Publication.licence_type == licence_type)
    if credit_code is not None:
        wanted = wanted.where(Publication.credit_code == credit_code)
    return (await session.scalars(after(wanted, paging, Publication.id, descending=True))).all()


async def of_licence_for_update(session: AsyncSession, licence_id: UUID) -> Sequence[Publication]:
    wanted = select(Publication).where(Publication.licence_id == licence_id).with_for_update()
    return (await session.scalars(wanted)).all()
