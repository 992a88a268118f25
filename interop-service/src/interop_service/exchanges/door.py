"""The door for partners' messages: nobody is let in before his signature has proven him."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request

from interop_service.errors import (
    DigestMismatch,
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
    UnknownPartner,
    WrongDistrict,
)
from interop_service.exchanges import proof
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.proof import SignedMessage
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.partners.schemas import DistrictCode
from tongban.clock import Now
from tongban.db import Session
from tongban.idempotency import TransactionalRoute

__all__ = ["PROOF", "SignedPartner", "body_of", "signed_router"]

LARGEST_MESSAGE: Final = 30 * 1024 * 1024

# Partners' messages have their own ids: no Idempotency-Key, whose digest would read the whole
# body before anything is proven.
signed_router = APIRouter(route_class=TransactionalRoute, tags=["exchanges"])

PROOF: Final[tuple[type[MessageFault], ...]] = (
    UnknownPartner,
    SignatureInvalid,
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
    at: Now,
    sender: Annotated[DistrictCode, Header(alias="Tongban-Sender")],
    message_id: Annotated[UUID, Header(alias="Tongban-Message-Id")],
    protocol: Annotated[str, Header(alias="Tongban-Protocol", max_length=20)],
) -> SignedMessage:
    """Who signed this message, proven before anything of it is read."""
    if protocol != PROTOCOL:
        raise ProtocolUnsupported(supported=PROTOCOL)
    return await proof.prove(
        session,
        Asked(request.scope),
        partial(_body, request),
        sender=sender,
        message_id=message_id,
        at=at,
    )


SignedPartner = Annotated[SignedMessage, Depends(_signed_partner)]


def body_of(model: type[Any]) -> dict[str, Any]:
    """The body's schema for the API's page: the route reads the raw bytes that were signed."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_MESSAGE:
            raise MessageTooLarge(limit=LARGEST_MESSAGE)
    return bytes(body)
