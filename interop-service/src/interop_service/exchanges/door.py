"""Where partners' messages come in: proven, counted, and only then read by the aggregates."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request

from interop_service.errors import (
    DigestMismatch,
    KeyRevoked,
    MaintenanceUnderWay,
    MessageExpired,
    MessageFault,
    MessageIdReused,
    MessageTooLarge,
    MessageUnreadable,
    NonceReplayed,
    OutOfTurn,
    ProtocolUnsupported,
    SenderMismatch,
    SignatureInvalid,
    TooManyMessages,
    UnknownPartner,
    WrongDistrict,
)
from interop_service.exchanges import proof
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.links.limiting import room_for
from interop_service.partners.schemas import DistrictCode
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.idempotency import TransactionalRoute

__all__ = ["PROOF", "SignedPartner", "read_body", "signed_router"]

LARGEST_MESSAGE: Final = 30 * 1024 * 1024

# Partners' messages have their own ids: no Idempotency-Key, whose digest would read the whole
# body before anything is proven.
signed_router = APIRouter(route_class=TransactionalRoute, tags=["exchanges"])

PROOF: Final[tuple[type[MessageFault], ...]] = (
    UnknownPartner,
    SignatureInvalid,
    KeyRevoked,
    TooManyMessages,
    MaintenanceUnderWay,
    MessageExpired,
    DigestMismatch,
    ProtocolUnsupported,
    NonceReplayed,
    MessageIdReused,
    MessageTooLarge,
    MessageUnreadable,
    SenderMismatch,
    WrongDistrict,
    OutOfTurn,
)


async def _signed_partner(
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    sender: Annotated[DistrictCode, Header(alias="Tongban-Sender")],
    message_id: Annotated[UUID, Header(alias="Tongban-Message-Id")],
    protocol: Annotated[str, Header(alias="Tongban-Protocol", max_length=20)],
) -> AsyncIterator[SignedMessage]:
    """Who signed this message, proven before anything of it is read."""
    if protocol != PROTOCOL:
        raise ProtocolUnsupported(supported=PROTOCOL)
    signed = await proof.prove(
        session,
        Asked(request.scope),
        partial(read_body, request),
        sender=sender,
        message_id=message_id,
        at=at,
    )
    async with room_for(context, signed.partner):
        yield signed


async def read_body(request: Request, limit: int = LARGEST_MESSAGE) -> bytes:
    """Return the bytes that were signed.

    Raises:
        MessageTooLarge: 413.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise MessageTooLarge(limit=limit)
    return bytes(body)


SignedPartner = Annotated[SignedMessage, Depends(_signed_partner, scope="function")]
