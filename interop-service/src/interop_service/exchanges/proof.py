"""Who sent a message: proven by its signature, once, before anything of it is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import NonceReplayed, UnknownPartner
from interop_service.exchanges import signatures, store
from interop_service.exchanges.signatures import SignedRequest
from interop_service.keys import PartnerKeys
from interop_service.partners import service as partners
from interop_service.suites import Suite
from tongban.context import Context

__all__ = ["SignedMessage", "forget_nonces", "prove"]

NONCES_KEPT: Final = timedelta(minutes=20)
"""Longer than a signature can be good: its window both ways, and then some."""


@dataclass(frozen=True)
class SignedMessage:
    """A message whose sender is proven."""

    sender: str
    keys: PartnerKeys
    message_id: UUID
    body: bytes
    digest: str
    """The body's digest by the suite, in hex."""
    suite: Suite
    checkpoint: str | None
    """The sender's latest signed ledger checkpoint, as it says."""


async def prove(
    session: AsyncSession,
    request: SignedRequest,
    read: Callable[[], Awaitable[bytes]],
    *,
    sender: str,
    message_id: UUID,
    at: datetime,
) -> SignedMessage:
    """Return the message with its sender proven by signature.

    Raises:
        UnknownPartner, SignatureInvalid, MessageExpired: 401.
        DigestMismatch: 400.
        NonceReplayed: 409.
    """
    partner = await partners.active_partner(session, sender)
    if partner is None:
        raise UnknownPartner(sender=sender)
    keys = partners.keys_of(partner)
    body = await read()  # not before: a stranger's thirty megabytes are not worth reading
    proof = signatures.verify(request, body, keys=keys.signing, at=at)
    if not await store.keep_nonce(session, sender=sender, nonce=proof.nonce, at=at):
        raise NonceReplayed
    return SignedMessage(
        sender=sender,
        keys=keys,
        message_id=message_id,
        body=body,
        digest=suites.digest(proof.suite, body),
        suite=proof.suite,
        checkpoint=proof.checkpoint,
    )


async def forget_nonces(session: AsyncSession, context: Context) -> None:
    """Drop nonces whose signatures are no longer good."""
    await store.forget_nonces(session, at=context.clock(), after=NONCES_KEPT)
