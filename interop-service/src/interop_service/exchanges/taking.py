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
from interop_service.evidence import anchors
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction
from interop_service.exchanges import envelopes, store, waiting
from interop_service.exchanges.envelopes import Receipt, SignedReceipt
from interop_service.exchanges.messages import FileLacking, FilesAwaited
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import MessageKind, ReceiptKind
from interop_service.exchanges.tables import ReceiptRow
from interop_service.files.tables import ExchangeFile
from interop_service.keys import own_keys
from interop_service.suites import ALGORITHMS
from tongban.context import Context
from tongban.ids import new_id

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
    """
    await store.alone_with_message(session, sender=signed.sender, message_id=signed.message_id)
    known = await store.receipt(session, sender=signed.sender, message_id=signed.message_id)
    if known is not None:
        # By the suite of that time: the agreement may have changed it between two attempts.
        if known.digest != suites.digest_by(known.digest_algorithm, signed.body):
            raise MessageIdReused(message_id=signed.message_id)
        return _given(known)
    await waiting.require_same(session, signed)
    await evidence.require_sealing(session, context, at=at)
    taken = await take()
    if isinstance(taken, Lacking):
        await waiting.keep(session, context, signed, taken.exchange_id, kind, taken.files)
        return FilesAwaited(lacking=taken.lacking)
    await waiting.forget(session, signed)
    receipt = Receipt(
        receipt_id=new_id(),
        message_id=signed.message_id,
        exchange_id=taken.exchange_id,
        kind=taken.kind,
        digest=signed.digest,
        digest_algorithm=ALGORITHMS[signed.suite].digest,
        at=at,
        by=context.settings.district,
    )
    given = envelopes.sign_receipt(receipt, own_keys(context).signer(signed.suite, at=at))
    session.add(
        ReceiptRow(
            receipt_id=receipt.receipt_id,
            exchange_id=taken.exchange_id,
            message_id=receipt.message_id,
            message_kind=kind,
            kind=receipt.kind,
            sender=signed.sender,
            by=receipt.by,
            digest=receipt.digest,
            digest_algorithm=receipt.digest_algorithm,
            at=receipt.at,
            signature=given.signature,
        )
    )
    evidence.log_message(
        session,
        context,
        direction=Direction.IN,
        kind=kind,
        partner=signed.sender,
        request=signed.request,
        receipt=given,
        body=signed.body,
        at=at,
    )
    await anchors.keep_partners(
        session, signed.checkpoint, partner=signed.sender, keys=signed.keys, at=at
    )
    await session.flush()
    return given


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
