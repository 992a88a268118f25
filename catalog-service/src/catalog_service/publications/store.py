"""Every SQL statement about bulk publications."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.publications.rules import PublicationState
from catalog_service.publications.tables import Publication

__all__ = ["ANY_PUBLICATION_WAITING", "next_waiting", "note_progress", "publication"]

ANY_PUBLICATION_WAITING = select(
    select(Publication.id).where(Publication.state == PublicationState.WAITING).exists()
)


async def publication(session: AsyncSession, publication_id: UUID) -> Publication | None:
    return await session.get(Publication, publication_id)


async def next_waiting(session: AsyncSession) -> Publication | None:
    """Return the publication that waits longest."""
    return await session.scalar(
        select(Publication)
        .where(Publication.state == PublicationState.WAITING)
        .order_by(Publication.id)
        .limit(1)
    )


async def note_progress(session: AsyncSession, publication_id: UUID, *, done: int) -> None:
    await session.execute(
        update(Publication).where(Publication.id == publication_id).values(done=done)
    )
