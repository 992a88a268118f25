"""A message that waited is taken as soon as its files are here, whether it is sent again or not."""

from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.errors import MessageFault
from interop_service.exchanges import receiving, store, waiting
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import MessageKind
from interop_service.files import service as files
from interop_service.files.tables import WaitingMessage
from tongban.context import Context

__all__ = ["take_arrived"]

AT_ONCE: Final = 50

log = structlog.get_logger(__name__)


async def take_arrived(session: AsyncSession, context: Context) -> None:
    """Take the messages whose files are all here; a timer.

    One that is refused now is forgotten: its sender has no receipt, sends it again, and is told.
    """
    for row in await files.ready(session, limit=AT_ONCE):
        signed = await waiting.opened(session, context, row)
        if signed is None:
            continue
        try:
            async with session.begin_nested():
                await _take(session, context, row, signed)
        except MessageFault as fault:
            log.warning("waiting.refused", message_id=str(row.message_id), fault=fault.type)
            await waiting.forget(session, signed)


async def _take(
    session: AsyncSession, context: Context, row: WaitingMessage, signed: SignedMessage
) -> None:
    at = context.clock()
    await store.alone_with_message(session, sender=signed.sender, message_id=signed.message_id)
    if row.kind is MessageKind.PACKAGE:
        await receiving.take_package(session, context, signed, at=at)
    else:
        await receiving.take_receipt(session, context, signed, row.exchange_id, at=at)
