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
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    case_package,
    now,
    private_key,
)
from joserfc.jwk import OKPKey

from interop_service.exchanges import envelopes, signatures
from interop_service.keys import PartnerKeys
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
    key: OKPKey | None = None
    key_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    sent_body: bytes | None = None
    """Another body than was signed."""

    async def post(self, sender: RunningService, receiver: RunningService) -> httpx.Response:
        """Sign it and send it, bypassing the sender's deliveries."""
        content = json.dumps(self.body).encode()
        key = self.key or private_key(sender.district, "signing")
        message = signatures.OutMessage(
            method="POST",
            url=f"{receiver.client.base_url}".rstrip("/") + self.path,
            headers={
                "Content-Type": "application/json",
                "Tongban-Message-Id": str(self.message_id),
                "Tongban-Sender": self.sender,
                "Tongban-Protocol": "1",
            },
        )
        signatures.sign(
            message,
            content,
            key=key,
            key_id=self.key_id or f"{sender.district.code}-signing",
            at=self.at,
            nonce=self.nonce,
        )
        return await receiver.client.post(
            self.path,
            content=content if self.sent_body is None else self.sent_body,
            headers={**message.headers, "Accept-Language": "en", **self.headers},
        )


async def keys_of(side: RunningService) -> PartnerKeys:
    published = (await side.client.get("/api/v1/exchanges/keys")).json()
    return PartnerKeys.from_jwks(published["keys"])


async def package_letter(districts: Districts, *, package: Any = None, **changes: Any) -> Letter:
    """A good package for the owner; `changes` are to its body."""
    content = package if isinstance(package, bytes) else json.dumps(package or case_package())
    plain = content if isinstance(content, bytes) else content.encode()
    body = {
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
    return Letter("/api/v1/exchanges", body)


def kind_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:tongban:problem:")
