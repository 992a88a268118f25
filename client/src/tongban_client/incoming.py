"""The server's side: prove what a partner sent, and answer it, signed and bound to its request.

The caller keeps three things of its own: nonces seen (20 minutes), the receipts given by message
id, and its cases. `prove` and `receipt` are pure but for the signing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request

from interop_service import suites
from interop_service.errors import (
    MessageFault,
    MessageUnreadable,
    PackageUnreadable,
    ProtocolUnsupported,
    SenderMismatch,
    SignatureInvalid,
    UnknownPartner,
    WrongDistrict,
)
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.envelopes import Receipt, SignedReceipt
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.exchanges.signatures import Answer, OutMessage
from interop_service.suites import ALGORITHMS, Suite
from tongban.ids import new_id
from tongban.problems import MEDIA_TYPE, render
from tongban_client.parties import Ourselves, Partner

__all__ = ["Incoming", "Proven", "answer", "decrypt", "prove", "receipt", "refusal"]


@dataclass(frozen=True)
class Incoming:
    """A request as it came: the URL with the Host that was asked, path and query as sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Their names in lower case."""
    body: bytes

    @property
    def asked(self) -> OutMessage:
        return OutMessage(self.method, self.url, dict(self.headers))


@dataclass(frozen=True)
class Proven:
    """A message whose sender is proven."""

    sender: str
    message_id: UUID
    nonce: str
    """To be kept: one that was seen from this sender before is `NonceReplayed`."""
    suite: Suite
    message: Mapping[str, Any]
    body: bytes


def prove(
    request: Incoming, *, us: Ourselves, partners: Mapping[str, Partner], at: datetime
) -> Proven:
    """Check what can be checked without a memory: items 1 to 5 and 7 of the protocol's 3.3.

    Raises:
        MessageFault: one of the protocol's faults; answer it by `refusal`.
    """
    fields = request.headers
    is_spoken = urlsplit(request.url).path.startswith(f"{TREE}/")
    if not is_spoken or fields.get("tongban-protocol") != PROTOCOL:
        raise ProtocolUnsupported(supported=PROTOCOL)
    sender = fields.get("tongban-sender", "")
    partner = partners.get(sender)
    if partner is None:
        raise UnknownPartner(sender=sender)
    proof = signatures.verify(request.asked, request.body, keys=partner.keys.signing, at=at)
    try:
        message_id = UUID(fields["tongban-message-id"])
    except ValueError:
        raise SignatureInvalid(reason="Tongban-Message-Id is no UUID") from None
    message = _message(request.body)
    if message.get("protocol") != PROTOCOL:
        raise ProtocolUnsupported(supported=PROTOCOL)
    if message.get("to_district") != us.district:
        raise WrongDistrict(district=us.district)
    if message.get("from_district") != sender:
        raise SenderMismatch(signed_by=sender, named=message.get("from_district"))
    return Proven(sender, message_id, proof.nonce, proof.suite, message, request.body)


def decrypt(token: str, us: Ourselves) -> Any:
    """Open the encrypted part (3.5) and read its JSON.

    Raises:
        PackageUnreadable: it was not encrypted for us, or is not whole.
    """
    try:
        return json.loads(envelopes.decrypt(token, us.keys))
    except json.JSONDecodeError:
        raise PackageUnreadable(reason="what is inside is no JSON") from None


def receipt(proven: Proven, *, us: Ourselves, exchange_id: UUID, at: datetime) -> SignedReceipt:
    """Sign the receipt (3.6), once the message is kept: keep it too, and answer it each time."""
    made = Receipt(
        receipt_id=new_id(),
        message_id=proven.message_id,
        exchange_id=exchange_id,
        digest=suites.digest(proven.suite, proven.body),
        digest_algorithm=ALGORITHMS[proven.suite].digest,
        at=at,
        by=us.district,
    )
    return envelopes.sign_receipt(made, us.signer(proven.suite, at=at))


def answer(
    request: Incoming, given: SignedReceipt, *, us: Ourselves, at: datetime
) -> tuple[int, dict[str, str], bytes]:
    """Return status, header fields and body of the answer to a message that was taken."""
    content = given.model_dump_json().encode()
    return _signed(request, 202, "application/json", content, {}, us=us, at=at)


def refusal(
    request: Incoming, fault: MessageFault, *, us: Ourselves, at: datetime
) -> tuple[int, dict[str, str], bytes]:
    """Return status, header fields and body of a refusal (RFC 9457), signed."""
    scope = {
        "type": "http",
        "path": urlsplit(request.url).path,
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers.items()
        ],
    }
    told = render(fault, Request(scope))
    more = {"retry-after": told.headers["retry-after"]} if "retry-after" in told.headers else {}
    content = bytes(told.body)
    return _signed(request, fault.status, MEDIA_TYPE, content, more, us=us, at=at)


def _signed(
    request: Incoming,
    status: int,
    media_type: str,
    body: bytes,
    more: Mapping[str, str],
    *,
    us: Ourselves,
    at: datetime,
) -> tuple[int, dict[str, str], bytes]:
    headers = {
        "content-type": media_type,
        "tongban-protocol": PROTOCOL,
        "tongban-sender": us.district,
        **more,
    }
    made = Answer(status, headers, request.asked)
    suite = signatures.suite_asked_for(request.asked)
    signatures.sign_answer(made, body, key=us.keys.signer(suite, at=at), at=at)
    return status, dict(made.headers), body


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise MessageUnreadable
    return message
