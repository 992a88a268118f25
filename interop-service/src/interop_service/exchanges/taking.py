"""A message is taken once: the second coming gets the first receipt, and one that lacks files none.

What is taken is receipted and logged in the transaction of its effect.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import MessageIdReused
from interop_service.evidence import service as evidence
from interop_service.exchanges import store, waiting
from interop_service.exchanges.envelopes import Receipt, SignedReceipt
from interop_service.exchanges.messages import FileLacking, FilesAwaited
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.receipting import give_receipt
from interop_service.exchanges.rules import MessageKind, ReceiptKind
from interop_service.exchanges.tables import ReceiptRow
from interop_service.files.tables import ExchangeFile
from tongban.context import Context

__all__ = ["Lacking", "Taken", "once"]


@dataclass(frozen=True)
class Lacking:
    """A good message, some of whose files are not here yet."""

    exchange_id: UUID
    files: Sequence[ExchangeFile]
    """All that it names."""
    lacking: list[FileLacking]


@dataclass(frozen=True)
class Taken:
    """A message that was taken, and what became of it."""

    exchange_id: UUID
    kind: ReceiptKind = ReceiptKind.RECEIVED


async def once(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    kind: MessageKind,
    take: Callable[[], Awaitable[Taken | Lacking]],
    *,
    at: datetime,
) -> SignedReceipt | FilesAwaited:
    """Take a message unless it was taken before: the second coming gets the first receipt.

    One whose files are not all here is kept until they are, and gets no receipt before.

    Raises:
        MessageIdReused: 409.
        EvidenceBacklog: 503.
    """
    known = await store.known(session, sender=signed.sender, message_id=signed.message_id)
    if known.receipt is not None:
        # By the suite of that time: the agreement may have changed it between two attempts.
        _require_same(signed, known.receipt.digest, known.receipt.digest_algorithm)
        return _given(known.receipt)
    if known.waiting is not None:
        _require_same(signed, *known.waiting)
    await evidence.require_sealing(session, context, oldest=known.oldest_unsealed, at=at)
    taken = await take()
    if isinstance(taken, Lacking):
        await waiting.keep(session, context, signed, taken.exchange_id, kind, taken.files)
        return FilesAwaited(lacking=taken.lacking)
    if known.waiting is not None:
        await waiting.forget(session, signed)

    def row(given: SignedReceipt) -> ReceiptRow:
        said = given.receipt
        return ReceiptRow(
            receipt_id=said.receipt_id,
            exchange_id=said.exchange_id,
            message_id=said.message_id,
            message_kind=kind,
            kind=said.kind,
            sender=signed.sender,
            by=said.by,
            digest=said.digest,
            digest_algorithm=said.digest_algorithm,
            at=said.at,
            signature=given.signature,
        )

    return await give_receipt(
        session,
        context,
        signed,
        exchange_id=taken.exchange_id,
        kind=kind,
        row=row,
        as_=taken.kind,
        at=at,
    )


def _require_same(signed: SignedMessage, digest: str, algorithm: str) -> None:
    """Refuse another body under an id that is known already."""
    if digest != suites.digest_by(algorithm, signed.body):
        raise MessageIdReused(message_id=signed.message_id)


def _given(row: ReceiptRow) -> SignedReceipt:
    receipt = Receipt(
        receipt_id=row.receipt_id,
        message_id=row.message_id,
        exchange_id=row.exchange_id,
        kind=row.kind,
        digest=row.digest,
        digest_algorithm=row.digest_algorithm,
        at=row.at,
        by=row.by,
    )
    return SignedReceipt(receipt=receipt, signature=row.signature)
