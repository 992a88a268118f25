"""Messages signed by hand, right or wrong in one place, as another vendor's system might send."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from interop.two_districts import (
    AGREEMENT,
    KEYS_PATH,
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    case_package,
    now,
    private_key,
)
from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.keys import PartnerKeys
from interop_service.suites import PrivateKey
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService


@dataclass
class Letter:
    """A message from one district to the other, before it is signed."""

    path: str
    body: dict[str, Any]
    sender: str = NEAR
    message_id: UUID = field(default_factory=new_id)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    at: datetime = field(default_factory=now)
    key: PrivateKey | None = None
    headers: dict[str, str] = field(default_factory=dict)
    sent_body: bytes | None = None
    """Another body than was signed."""
    sent: signatures.OutMessage | None = None
    """The request as it went, once it did."""

    async def post(self, sender: RunningService, receiver: RunningService) -> httpx.Response:
        """Sign it and send it, bypassing the sender's deliveries."""
        content = json.dumps(self.body).encode()
        key = self.key or signing_key(sender)
        message = signatures.OutMessage(
            method="POST",
            url=f"{receiver.client.base_url}".rstrip("/") + self.path,
            headers={
                "Content-Type": "application/json",
                "Tongban-Message-Id": str(self.message_id),
                "Tongban-Sender": self.sender,
                "Tongban-Protocol": PROTOCOL,
            },
        )
        signatures.sign(message, content, key=key, at=self.at, nonce=self.nonce)
        message.headers |= {"Accept-Language": "en", **self.headers}
        self.sent = message
        return await receiver.client.post(
            self.path,
            content=content if self.sent_body is None else self.sent_body,
            headers=message.headers,
        )

    async def is_answered(self, receiver: RunningService, answer: httpx.Response) -> bool:
        """Tell whether the receiver's signature proves its answer to this very request."""
        assert self.sent is not None
        given = signatures.Answer(answer.status_code, answer.headers, self.sent)
        keys = (await keys_of(receiver)).signing
        try:
            signatures.verify_answer(given, answer.content, keys=keys, at=now())
        except signatures.AnswerUnproven:
            return False
        return True


async def chunk(
    receiver: RunningService,
    digest: str,
    content: bytes = b"",
    *,
    offset: int = 0,
    method: str = "PATCH",
    sender: str = NEAR,
    key: PrivateKey,
    headers: dict[str, str] | None = None,
    altered: dict[str, str] | None = None,
) -> httpx.Response:
    """Send a chunk of a file, or ask how far it is; `altered` are changed after signing."""
    path = f"{TREE}/files/{digest}"
    message = signatures.OutMessage(
        method=method,
        url=f"{receiver.client.base_url}".rstrip("/") + path,
        headers={
            "Content-Type": "application/offset+octet-stream",
            "Tongban-Message-Id": str(new_id()),
            "Tongban-Sender": sender,
            "Tongban-Protocol": PROTOCOL,
            "Accept-Language": "en",
            **({"Upload-Offset": str(offset)} if method == "PATCH" else {}),
            **(headers or {}),
        },
    )
    signatures.sign(message, content, key=key, at=now(), nonce=secrets.token_urlsafe(24))
    answer = await receiver.client.request(
        method, path, content=content, headers=message.headers | (altered or {})
    )
    asked = signatures.OutMessage(message.method, message.url, dict(answer.request.headers))
    given = signatures.Answer(answer.status_code, answer.headers, asked)
    keys = (await keys_of(receiver)).signing
    signatures.verify_answer(given, answer.content, keys=keys, at=now())
    return answer


async def keys_of(side: RunningService) -> PartnerKeys:
    return PartnerKeys.from_jwks((await side.client.get(KEYS_PATH)).json())


def signing_key(side: RunningService, key_id: str | None = None) -> PrivateKey:
    """The district's signing key, under its own id or another."""
    jwk = private_key(side.district, "signing").as_dict(private=True)
    return suites.private_key(jwk | {"kid": key_id or f"{side.district.code}-signing"})


def foreign_key(key_id: str) -> PrivateKey:
    """A key of nobody's, under somebody's id."""
    return suites.private_key(
        OKPKey.generate_key("Ed25519").as_dict(private=True) | {"kid": key_id}
    )


async def package_letter(districts: Districts, *, package: Any = None, **changes: Any) -> Letter:
    """A good package for the owner; `changes` are to its body."""
    content = package if isinstance(package, bytes) else json.dumps(package or case_package())
    plain = content if isinstance(content, bytes) else content.encode()
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(new_id()),
        "from_district": NEAR,
        "to_district": OWNER,
        "agreement": AGREEMENT,
        "mode": "proxy",
        "matter_code": MATTER_CODE,
        "near_number": case_package()["near_number"],
        "sent_at": now().isoformat(),
        "package": envelopes.encrypt(plain, await keys_of(districts.owner)),
        **changes,
    }
    return Letter(f"{TREE}/exchanges", body)


def kind_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tongban:problem:")


def answer_by(
    side: RunningService, request: httpx.Request, status: int, content: bytes | Any
) -> httpx.Response:
    """What `side` might answer: signed by it, bound to the request, whatever it says."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    fields = {
        "content-type": "application/json",
        "tongban-protocol": PROTOCOL,
        "tongban-sender": side.district.code,
    }
    asked = signatures.OutMessage(request.method, str(request.url), dict(request.headers))
    answer = signatures.Answer(status, fields, asked)
    signatures.sign_answer(answer, body, key=signing_key(side), at=now())
    return httpx.Response(status, content=body, headers=answer.headers)
