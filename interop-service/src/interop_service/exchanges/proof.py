"""Who sent a message: proven by its signature, once, before anything of it is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service import suites
from interop_service.errors import (
    KeyRevoked,
    MessageUnreadable,
    NonceReplayed,
    SenderMismatch,
    UnknownPartner,
    WrongDistrict,
)
from interop_service.evidence.rules import logged_request
from interop_service.exchanges import signatures, store
from interop_service.exchanges.beside import beside_loop
from interop_service.exchanges.messages import DistrictMessage
from interop_service.exchanges.signatures import SignedRequest
from interop_service.keys import PartnerKeys
from interop_service.links import service as links
from interop_service.partners import service as partners
from interop_service.partners import terms
from interop_service.partners.tables import Partner
from interop_service.suites import Suite
from tongban.context import Context

__all__ = ["SignedMessage", "forget_nonces", "prove"]

NONCES_KEPT: Final = timedelta(minutes=20)
"""Longer than a signature can be good: its window both ways, and then some."""


@dataclass(frozen=True)
class SignedMessage:
    """A message whose sender is proven."""

    sender: str
    partner: Partner
    keys: PartnerKeys
    message_id: UUID
    body: bytes
    digest: str
    """The body's digest by the suite, in hex."""
    suite: Suite
    checkpoint: str | None
    """The sender's latest signed ledger checkpoint, as it says."""
    request: dict[str, Any]
    """The request as it is logged: what the signature covers, and the signature."""

    def require_addressed(self, district: str) -> None:
        """Check that a message without an exchange is from its signer, to us.

        Raises:
            MessageUnreadable: 422.
            WrongDistrict: 421.
            SenderMismatch: 403.
        """
        try:
            message = DistrictMessage.model_validate_json(self.body)
        except ValidationError as fault:
            names = ", ".join("/".join(map(str, error["loc"])) for error in fault.errors()[:10])
            raise MessageUnreadable(reason=names) from None
        if message.to_district != district:
            raise WrongDistrict(district=district)
        if message.from_district != self.sender:
            raise SenderMismatch(signed_by=self.sender, named=message.from_district)


async def prove(
    session: AsyncSession,
    context: Context,
    request: SignedRequest,
    read: Callable[[], Awaitable[bytes]],
    *,
    sender: str,
    message_id: UUID,
    is_alone: bool,
    at: datetime,
) -> SignedMessage:
    """Return the message with its sender proven by signature.

    With `is_alone` it is alone from then on: no other request handles a message of its id, and
    who waited for it finds what it left.

    Raises:
        UnknownPartner, SignatureInvalid, KeyRevoked, MessageExpired: 401.
        MaintenanceUnderWay: 503.
        DigestMismatch: 400.
        NonceReplayed: 409.
    """
    await terms.use(session, context)
    partner = await partners.active_partner(session, sender)
    if partner is None:
        raise UnknownPartner(sender=sender)
    await links.refuse_in_maintenance(session, at=at)
    keys = partners.keys_of(partner)
    if signatures.key_id_of(request) in partner.revoked_keys:
        raise KeyRevoked
    body = await read()  # not before: a stranger's thirty megabytes are not worth reading
    verify = partial(signatures.verify, request, body, keys=keys.signing, at=at)
    proof = await beside_loop(len(body), verify)
    alone = message_id if is_alone else None
    if not await store.keep_nonce(session, sender, proof.nonce, at=at, alone_with=alone):
        raise NonceReplayed
    return SignedMessage(
        sender=sender,
        partner=partner,
        keys=keys,
        message_id=message_id,
        body=body,
        digest=suites.digest(proof.suite, body),
        suite=proof.suite,
        checkpoint=proof.checkpoint,
        request=logged_request(request.method, request.url, dict(request.headers.items())),
    )


async def forget_nonces(session: AsyncSession, context: Context) -> None:
    """Drop nonces whose signatures are no longer good."""
    await store.forget_nonces(session, at=context.clock(), after=NONCES_KEPT)
