"""Every SQL statement about files and the messages that wait for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from interop_service.exchanges.tables import Delivery
from interop_service.files.rules import FileDirection, Piece
from interop_service.files.tables import (
    DeliveryFile,
    ExchangeFile,
    FilePieceRow,
    WaitingFile,
    WaitingMessage,
)
from interop_service.partners.rules import PartnerState
from interop_service.partners.tables import Partner
from tongban.paging import Paging, after

__all__ = [
    "ANY_WAITING",
    "add_piece",
    "announce",
    "begin_anew",
    "drop",
    "file",
    "files_of_deliveries",
    "forget_waiting",
    "forgettable",
    "held_keys",
    "link_waiting",
    "lock",
    "note_progress",
    "outgoing",
    "page",
    "pieces_of",
    "ready",
    "take",
    "unfinished_bytes",
    "waiting",
]

ANY_WAITING = select(select(WaitingMessage.id).exists())
"""Whether any message waits for its files."""


async def announce(
    session: AsyncSession, values: Sequence[Mapping[str, Any]]
) -> Mapping[str, ExchangeFile]:
    """Keep the files that a message names, or note that it names them; return them by digest."""
    # In one order: two messages with the same files don't wait for each other.
    rows = sorted(values, key=lambda one: one["digest"])
    kept = insert(ExchangeFile).values(list(rows))
    found = await session.scalars(
        kept.on_conflict_do_update(
            index_elements=["direction", "partner", "digest"],
            set_={"used_at": kept.excluded.used_at},
        )
        .returning(ExchangeFile)
        .execution_options(populate_existing=True)
        .options(undefer(ExchangeFile.sealed_secret))
    )
    return {row.digest: row for row in found}


async def file(
    session: AsyncSession, direction: FileDirection, *, partner: str, digest: str
) -> ExchangeFile | None:
    found: ExchangeFile | None = await session.scalar(
        select(ExchangeFile)
        .filter_by(direction=direction, partner=partner, digest=digest)
        .options(undefer(ExchangeFile.sealed_secret))
    )
    return found


async def lock(session: AsyncSession, file_id: UUID) -> ExchangeFile | None:
    return await session.get(ExchangeFile, file_id, with_for_update=True, populate_existing=True)


async def outgoing(
    session: AsyncSession, *, partner: str, plain_indexes: Sequence[bytes]
) -> ExchangeFile | None:
    """Return the file of this content that is known to go, or to have gone, to the partner."""
    found: ExchangeFile | None = await session.scalar(
        select(ExchangeFile)
        .where(
            ExchangeFile.partner == partner,
            ExchangeFile.plain_index.in_(plain_indexes),
        )
        .order_by(ExchangeFile.id)
        .limit(1)
        .options(undefer(ExchangeFile.sealed_secret))
    )
    return found


async def pieces_of(session: AsyncSession, file_ids: Collection[UUID]) -> dict[UUID, list[Piece]]:
    """Return the objects of files, in their order."""
    rows = await session.execute(
        select(FilePieceRow.file_id, FilePieceRow.start, FilePieceRow.size, FilePieceRow.object_key)
        .where(FilePieceRow.file_id.in_(file_ids))
        .order_by(FilePieceRow.file_id, FilePieceRow.start)
    )
    found: dict[UUID, list[Piece]] = {file_id: [] for file_id in file_ids}
    for file_id, start, size, object_key in rows:
        found[file_id].append(Piece(start, size, object_key))
    return found


async def add_piece(
    session: AsyncSession, row: ExchangeFile, piece: Piece, *, at: datetime
) -> None:
    """Add the next chunk to a locked file."""
    session.add(
        FilePieceRow(
            file_id=row.id, start=piece.start, size=piece.size, object_key=piece.object_key
        )
    )
    row.reached = piece.start + piece.size
    row.used_at = at
    await session.flush()


async def begin_anew(session: AsyncSession, file_id: UUID, *, fault: str) -> Sequence[str]:
    """Forget what came of a file; return the keys of the objects that are to go."""
    gone = await session.scalars(
        delete(FilePieceRow)
        .where(FilePieceRow.file_id == file_id)
        .returning(FilePieceRow.object_key)
    )
    await session.execute(
        update(ExchangeFile)
        .where(ExchangeFile.id == file_id)
        .values(reached=0, last_fault=fault)
        .execution_options(synchronize_session=False)
    )
    return gone.all()


async def unfinished_bytes(session: AsyncSession, *, partner: str) -> int:
    """Return how many bytes a partner has announced that are not here yet."""
    total = await session.scalar(
        select(func.coalesce(func.sum(ExchangeFile.size - ExchangeFile.reached), 0)).where(
            ExchangeFile.direction == FileDirection.IN,
            ExchangeFile.partner == partner,
            ExchangeFile.whole_at.is_(None),
        )
    )
    return int(total or 0)


async def files_of_deliveries(
    session: AsyncSession, delivery_ids: Collection[UUID]
) -> dict[UUID, list[ExchangeFile]]:
    """Return the files that each of these messages names."""
    rows = await session.execute(
        select(DeliveryFile.delivery_id, ExchangeFile)
        .join(ExchangeFile, ExchangeFile.id == DeliveryFile.file_id)
        .where(DeliveryFile.delivery_id.in_(delivery_ids))
        .order_by(ExchangeFile.id)
    )
    found: dict[UUID, list[ExchangeFile]] = {}
    for delivery_id, row in rows:
        found.setdefault(delivery_id, []).append(row)
    return found


async def take(
    session: AsyncSession, file_id: UUID, *, partner: str, at: datetime, until: datetime, most: int
) -> bool:
    """Take a file to send under a lease; False where another sends it, or `most` are on their way.

    Only so many files go to one partner at a time: its messages find room beside them.
    """
    gate = func.hashtextextended(f"files:{partner}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(gate)))
    other = aliased(ExchangeFile)
    under_way = (
        select(func.count())
        .where(other.partner == partner, other.taken_until > at, other.id != file_id)
        .scalar_subquery()
    )
    taken = await session.scalar(
        update(ExchangeFile)
        .where(
            ExchangeFile.id == file_id,
            or_(ExchangeFile.taken_until.is_(None), ExchangeFile.taken_until <= at),
            under_way < most,
        )
        .values(taken_until=until)
        .returning(ExchangeFile.id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


async def note_progress(session: AsyncSession, file_id: UUID, **values: Any) -> None:
    await session.execute(
        update(ExchangeFile)
        .where(ExchangeFile.id == file_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def waiting(session: AsyncSession, *, sender: str, message_id: UUID) -> WaitingMessage | None:
    found: WaitingMessage | None = await session.scalar(
        select(WaitingMessage).filter_by(sender=sender, message_id=message_id)
    )
    return found


async def link_waiting(session: AsyncSession, waiting_id: UUID, file_ids: Sequence[UUID]) -> None:
    """Note what a message waits for; what it waited for before may have been forgotten."""
    await session.execute(
        insert(WaitingFile)
        .values([{"waiting_id": waiting_id, "file_id": file_id} for file_id in file_ids])
        .on_conflict_do_nothing()
    )


async def ready(session: AsyncSession, *, limit: int) -> Sequence[WaitingMessage]:
    """Return waiting messages whose files are all here, of active partners, oldest first."""
    lacking = (
        select(WaitingFile.file_id)
        .join(ExchangeFile, ExchangeFile.id == WaitingFile.file_id)
        .where(WaitingFile.waiting_id == WaitingMessage.id, ExchangeFile.whole_at.is_(None))
    )
    rows = await session.scalars(
        select(WaitingMessage)
        .join(Partner, Partner.district == WaitingMessage.sender)
        .where(~lacking.exists(), Partner.state == PartnerState.ACTIVE)
        .order_by(WaitingMessage.id)
        .limit(limit)
    )
    return rows.all()


async def forget_waiting(
    session: AsyncSession, *, sender: str, message_ids: Collection[UUID]
) -> None:
    await session.execute(
        delete(WaitingMessage)
        .where(WaitingMessage.sender == sender, WaitingMessage.message_id.in_(message_ids))
        .execution_options(synchronize_session=False)
    )


async def drop(session: AsyncSession, file_ids: Collection[UUID]) -> None:
    """Remove files, and the messages that wait for them: their sender sends them again."""
    named = select(WaitingFile.waiting_id).where(WaitingFile.file_id.in_(file_ids))
    await session.execute(
        delete(WaitingMessage)
        .where(WaitingMessage.id.in_(named))
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        delete(ExchangeFile)
        .where(ExchangeFile.id.in_(file_ids))
        .execution_options(synchronize_session=False)
    )


async def forgettable(
    session: AsyncSession,
    *,
    unused_since: datetime,
    quiet_since: datetime,
    limit: int,
) -> Sequence[UUID]:
    """Lock the files that nobody needs any more: long unused, or never finished."""
    is_named = exists().where(
        DeliveryFile.file_id == ExchangeFile.id,
        Delivery.id == DeliveryFile.delivery_id,
        Delivery.body.is_not(None),
    )
    is_awaited = exists().where(WaitingFile.file_id == ExchangeFile.id)
    is_coming = (ExchangeFile.direction == FileDirection.IN) & ExchangeFile.whole_at.is_(None)
    rows = await session.scalars(
        select(ExchangeFile.id)
        .where(
            or_(
                (ExchangeFile.used_at < unused_since) & ~is_named & ~is_awaited,
                (ExchangeFile.used_at < quiet_since) & is_coming,
            )
        )
        .order_by(ExchangeFile.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def held_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    rows = await session.scalars(
        select(FilePieceRow.object_key).where(FilePieceRow.object_key.in_(keys))
    )
    return set(rows)


async def page(
    session: AsyncSession, paging: Paging, *, partner: str | None, is_whole: bool | None
) -> Sequence[ExchangeFile]:
    statement = select(ExchangeFile)
    if partner is not None:
        statement = statement.where(ExchangeFile.partner == partner)
    if is_whole is not None:
        arrived = ExchangeFile.whole_at.is_not(None)
        statement = statement.where(arrived if is_whole else ~arrived)
    return (await session.scalars(after(statement, paging, ExchangeFile.id, descending=True))).all()
