"""Messages that wait for their files (待传文件): kept as they were proven, till all is here."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Base64Bytes, BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges.messages import FileLacking
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.rules import MessageKind
from interop_service.files import arriving
from interop_service.files import service as files_service
from interop_service.files.secrets import Announced
from interop_service.files.tables import ExchangeFile, WaitingMessage
from interop_service.partners import service as partners
from interop_service.suites import ALGORITHMS, Suite
from tongban.context import Context
from tongban.ids import new_id

__all__ = ["expect", "forget", "keep", "lacking", "opened"]


class _Kept(BaseModel):
    """A message as it is kept: all that its proof left of it."""

    body: Base64Bytes
    digest: str
    suite: Suite
    checkpoint: str | None
    request: dict[str, Any]


async def expect(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    announced: Sequence[Announced],
    *,
    at: datetime,
) -> Sequence[ExchangeFile]:
    """Expect the files that a message names; return them, here already or not."""
    if not announced:
        return ()
    return await arriving.announce(session, context, signed.partner, announced, at=at)


def lacking(files: Sequence[ExchangeFile]) -> list[FileLacking]:
    """Return what is still to come, and from which byte on."""
    return [
        FileLacking(digest=row.digest, offset=row.reached) for row in files if row.whole_at is None
    ]


async def keep(
    session: AsyncSession,
    context: Context,
    signed: SignedMessage,
    exchange_id: UUID,
    kind: MessageKind,
    files: Sequence[ExchangeFile],
) -> None:
    """Keep a message, encrypted, until its files are here; once, however often it comes."""
    row = await files_service.waiting(session, sender=signed.sender, message_id=signed.message_id)
    if row is None:
        kept = {
            "body": base64.b64encode(signed.body),
            "digest": signed.digest,
            "suite": signed.suite,
            "checkpoint": signed.checkpoint,
            "request": signed.request,
        }
        row = WaitingMessage(
            id=new_id(),
            sender=signed.sender,
            message_id=signed.message_id,
            exchange_id=exchange_id,
            kind=kind,
            sealed=b"",
            digest=signed.digest,
            digest_algorithm=ALGORITHMS[signed.suite].digest,
        )
        row.sealed = context.vault.seal(_Kept(**kept).model_dump_json(), context=_bound(row))
    await files_service.keep_waiting(session, row, files)


async def forget(session: AsyncSession, signed: SignedMessage) -> None:
    """Forget a message that waited, once it was taken."""
    await files_service.forget_waiting(session, sender=signed.sender, message_id=signed.message_id)


async def opened(
    session: AsyncSession, context: Context, row: WaitingMessage
) -> SignedMessage | None:
    """Return a message that waited, as it was proven; None while its sender is not heard."""
    partner = await partners.active_partner(session, row.sender)
    if partner is None:
        return None
    kept = _Kept.model_validate_json(context.vault.open(row.sealed, context=_bound(row)))
    return SignedMessage(
        sender=row.sender,
        partner=partner,
        keys=partners.keys_of(partner),
        message_id=row.message_id,
        body=kept.body,
        digest=kept.digest,
        suite=kept.suite,
        checkpoint=kept.checkpoint,
        request=kept.request,
    )


def _bound(row: WaitingMessage) -> str:
    return f"waiting_messages.sealed:{row.id}"
