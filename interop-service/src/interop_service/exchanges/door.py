"""Where partners' messages come in: proven, counted, and only then read by the aggregates."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession

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
    SuiteNotAgreed,
    TooManyMessages,
    UnknownPartner,
    WrongDistrict,
)
from interop_service.exchanges import proof
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.files.rules import LARGEST_CHUNK
from interop_service.links.limiting import place_for, room_for
from interop_service.partners.schemas import DistrictCode
from tongban.clock import Now
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.idempotency import TransactionalRoute

__all__ = ["PROOF", "SignedChunk", "SignedPartner", "body_of", "read_body", "signed_router"]

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
    SuiteNotAgreed,
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
    read = partial(read_body, request)
    signed = await _proven(
        request, session, context, at, sender, message_id, protocol, read, is_alone=True
    )
    async with room_for(context, signed.partner):
        yield signed


async def _signed_chunk(
    request: Request,
    session: Session,
    context: InContext,
    at: Now,
    sender: Annotated[DistrictCode, Header(alias="Tongban-Sender")],
    message_id: Annotated[UUID, Header(alias="Tongban-Message-Id")],
    protocol: Annotated[str, Header(alias="Tongban-Protocol", max_length=20)],
) -> AsyncIterator[SignedMessage]:
    """Who signed this chunk of a file, proven before it is kept."""
    read = partial(read_body, request, LARGEST_CHUNK)
    # It bears the id of the message whose file it is of, and that may come meanwhile.
    signed = await _proven(
        request, session, context, at, sender, message_id, protocol, read, is_alone=False
    )
    async with place_for(context, signed.partner):
        yield signed


async def _proven(
    request: Request,
    session: AsyncSession,
    context: Context,
    at: datetime,
    sender: str,
    message_id: UUID,
    protocol: str,
    read: Callable[[], Awaitable[bytes]],
    *,
    is_alone: bool,
) -> SignedMessage:
    if protocol != PROTOCOL:
        raise ProtocolUnsupported(supported=PROTOCOL)
    return await proof.prove(
        session,
        context,
        Asked(request.scope),
        read,
        sender=sender,
        message_id=message_id,
        is_alone=is_alone,
        at=at,
    )


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
SignedChunk = Annotated[SignedMessage, Depends(_signed_chunk, scope="function")]


def body_of(model: type[Any]) -> dict[str, Any]:
    """The body's schema for the API's page: the route reads the raw bytes that were signed."""
    schema = model.model_json_schema()
    schema = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with each part in its place: the page knows no other model of this route."""
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(one, definitions) for name, one in node.items()}
