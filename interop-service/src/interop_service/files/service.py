"""What the exchanges and staff ask of files: who sends one, what a message names and waits for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.files import store
from interop_service.files.rules import Piece
from interop_service.files.tables import ExchangeFile, WaitingMessage
from tongban.paging import Paging

__all__ = [
    "files_of_deliveries",
    "files_page",
    "forget_waiting",
    "hold",
    "keep_waiting",
    "let_go",
    "ready",
    "take",
    "waiting",
]


async def files_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, is_whole: bool | None
) -> Sequence[ExchangeFile]:
    """Return files, the newest first: of one partner, whole ones or those on their way."""
    return await store.page(session, paging, partner=partner, is_whole=is_whole)


async def files_of_deliveries(
    session: AsyncSession, delivery_ids: Collection[UUID]
) -> dict[UUID, list[ExchangeFile]]:
    """Return the files that each of these messages of ours names."""
    return await store.files_of_deliveries(session, delivery_ids)


async def take(
    session: AsyncSession, file_id: UUID, *, partner: str, at: datetime, until: datetime, most: int
) -> Sequence[Piece] | None:
    """Take a file to send, under a lease, and return its pieces.

    None where another sends it, or `most` are on their way to the partner.
    """
    if not await store.take(session, file_id, partner=partner, at=at, until=until, most=most):
        return None
    return (await store.pieces_of(session, [file_id]))[file_id]


async def hold(session: AsyncSession, file_id: UUID, *, reached: int, until: datetime) -> None:
    """Keep a file that is under way ours for longer, and note how far it is."""
    await store.note_progress(session, file_id, taken_until=until, reached=reached)


async def let_go(
    session: AsyncSession,
    file_id: UUID,
    *,
    reached: int,
    whole_at: datetime | None,
    fault: str | None,
) -> None:
    """Note how far a file came, all of it or until something stopped it; another may go on."""
    await store.note_progress(
        session, file_id, taken_until=None, reached=reached, whole_at=whole_at, last_fault=fault
    )


async def waiting(session: AsyncSession, *, sender: str, message_id: UUID) -> WaitingMessage | None:
    """Return a partner's message that waits for its files."""
    return await store.waiting(session, sender=sender, message_id=message_id)


async def keep_waiting(
    session: AsyncSession, row: WaitingMessage, files: Sequence[ExchangeFile]
) -> None:
    """Let a message wait for its files."""
    session.add(row)
    await session.flush()
    await store.link_waiting(session, row.id, [one.id for one in files])


async def forget_waiting(session: AsyncSession, *, sender: str, message_id: UUID) -> None:
    """Forget a message that waited: it was taken, or will never be."""
    await store.forget_waiting(session, sender=sender, message_ids=[message_id])


async def ready(session: AsyncSession, *, limit: int) -> Sequence[WaitingMessage]:
    """Return waiting messages whose files are all here, of active partners, oldest first."""
    return await store.ready(session, limit=limit)
