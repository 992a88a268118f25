"""One request of a check: a good message, and what is done to it before or after it is signed."""

import base64
import copy
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.protocol import PROTOCOL, ROOT, TREE
from interop_service.exchanges.signatures import OutMessage
from interop_service.keys import PartnerKeys
from interop_service.suites import PrivateKey, Suite
from tongban_client.messages import Message

__all__ = [
    "NOBODY",
    "Alter",
    "Draft",
    "Manner",
    "Request",
    "after_signing",
    "by_key_of_nobody",
    "by_unregistered_key",
    "encrypted_for_another",
    "from_nobody",
    "in_body",
    "in_package",
    "larger_than_allowed",
    "of_version",
    "sent",
    "signed_earlier",
    "signed_later",
    "truncated",
    "unsigned",
    "with_another_body",
    "without",
]

NOBODY = "999999"
"""A code that no district has."""
LARGEST_MESSAGE = 30 * 1024 * 1024


class Manner(StrEnum):
    """How the body travels."""

    WHOLE = "whole"
    SLOW = "slow"
    CUT_OFF = "cut_off"


@dataclass
class Draft:
    """A request in the making."""

    path: str
    message_id: UUID
    exchange_id: UUID
    body: dict[str, Any]
    package: dict[str, Any] | None
    """What goes encrypted within the body, where anything does."""
    sender: str
    key: PrivateKey
    reader: PartnerKeys
    """Whose keys encrypt it."""
    at: datetime
    method: str = "POST"
    media_type: str = "application/json"
    offset: int | None = None
    """Of a chunk: where it begins."""
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    protocol: str = PROTOCOL
    content: bytes | None = None
    """The bytes that are signed, where they are not the body's."""
    is_signed: bool = True
    manner: Manner = Manner.WHOLE
    afterwards: list[Callable[["Request"], None]] = field(default_factory=list)

    @classmethod
    def of(cls, message: Message, package: Mapping[str, Any] | None, **values: Any) -> "Draft":
        """Begin with a good message."""
        return cls(
            path=message.path,
            message_id=message.message_id,
            exchange_id=message.exchange_id,
            body=json.loads(message.body),
            package=copy.deepcopy(dict(package)) if package is not None else None,
            **values,
        )

    def signed(self, endpoint: str) -> "Request":
        """Encrypt, sign, and do what is done after that."""
        content = self.content
        if content is None:
            content = json.dumps(self.body, ensure_ascii=False).encode()
        message = OutMessage(
            method=self.method,
            url=endpoint + self.path,
            headers={
                "Content-Type": self.media_type,
                "Accept-Encoding": "identity",
                "Accept-Language": "en",
                "Tongban-Protocol": self.protocol,
                "Tongban-Message-Id": str(self.message_id),
                "Tongban-Sender": self.sender,
            },
        )
        if self.offset is not None:
            message.headers["Upload-Offset"] = str(self.offset)
        if self.is_signed:
            signatures.sign(message, content, key=self.key, at=self.at, nonce=self.nonce)
        else:
            message.headers["Content-Digest"] = suites.content_digest(self.key.SUITE, content)
        request = Request(self, message, content, content)
        for alter in self.afterwards:
            alter(request)
        return request


@dataclass
class Request:
    """A signed request, ready to go."""

    draft: Draft
    message: OutMessage
    signed: bytes
    """The body that was signed."""
    body: bytes
    """The body that travels."""


Alter = Callable[[Draft], None]


def in_body(**members: Any) -> Alter:
    """Change members of the body."""
    return lambda draft: draft.body.update(members)


def without(member: str) -> Alter:
    """Leave a member of the body out."""

    def alter(draft: Draft) -> None:
        del draft.body[member]

    return alter


def in_package(change: Callable[[dict[str, Any]], None]) -> Alter:
    """Change what goes encrypted."""

    def alter(draft: Draft) -> None:
        assert draft.package is not None  # noqa: S101  # the table's word: it is a package
        change(draft.package)
        _encrypt(draft)

    return alter


def encrypted_for_another(draft: Draft) -> None:
    """Encrypt for a key of nobody's, under the id of the receiver's."""
    key_id = list(draft.reader.encryption)[-1]
    stranger = OKPKey.generate_key("X25519", {"kid": key_id})
    draft.reader = PartnerKeys(signing={}, encryption={key_id: stranger}, seal={})
    _encrypt(draft)


def truncated(draft: Draft) -> None:
    """End the JSON in its middle; signed and digested as it is."""
    whole = json.dumps(draft.body).encode()
    draft.content = whole[: len(whole) // 2]


def larger_than_allowed(draft: Draft) -> None:
    """Make the body one byte larger than a message may be."""
    draft.body["padding"] = ""
    least = len(json.dumps(draft.body, ensure_ascii=False).encode())
    draft.body["padding"] = "0" * (LARGEST_MESSAGE - least + 1)


def signed_earlier(draft: Draft) -> None:
    """Sign ten minutes ago."""
    draft.at -= timedelta(minutes=10)


def signed_later(draft: Draft) -> None:
    """Sign ten minutes from now."""
    draft.at += timedelta(minutes=10)


def unsigned(draft: Draft) -> None:
    """Don't sign at all."""
    draft.is_signed = False


def by_key_of_nobody(draft: Draft) -> None:
    """Sign by another key, under the id of the registered one."""
    draft.key = _stranger(draft.key.SUITE, draft.key.key_id)


def by_unregistered_key(draft: Draft) -> None:
    """Sign by a key that was never registered, under its own id."""
    draft.key = _stranger(draft.key.SUITE, f"{draft.sender}-signing-unregistered")


def from_nobody(draft: Draft) -> None:
    """Send in the name of a district that is no partner."""
    draft.sender = NOBODY
    draft.body["from_district"] = NOBODY


def of_version(path: str = PROTOCOL, field: str = PROTOCOL, body: str = PROTOCOL) -> Alter:
    """Speak another version in one of the three places."""

    def alter(draft: Draft) -> None:
        draft.path = draft.path.replace(TREE, f"{ROOT}v{path}", 1)
        draft.protocol = field
        draft.body["protocol"] = body

    return alter


def sent(manner: Manner) -> Alter:
    """Let the body travel otherwise."""

    def alter(draft: Draft) -> None:
        draft.manner = manner

    return alter


def after_signing(fields: Mapping[str, str]) -> Alter:
    """Change header fields that the signature covers."""
    return lambda draft: draft.afterwards.append(
        lambda request: request.message.headers.update(fields)
    )


def with_another_body(draft: Draft) -> None:
    """Send another body than was digested and signed."""

    def alter(request: Request) -> None:
        request.body = request.signed + b" "

    draft.afterwards.append(alter)


def _encrypt(draft: Draft) -> None:
    plain = json.dumps(draft.package, ensure_ascii=False).encode()
    draft.body["package"] = envelopes.encrypt(plain, draft.reader)


def _stranger(suite: Suite, key_id: str) -> PrivateKey:
    if suite is Suite.ED25519_SHA256:
        jwk = OKPKey.generate_key("Ed25519").as_dict(private=True)
    else:
        secret = secrets.token_bytes(31).rjust(32, b"\1")
        jwk = {
            "kty": "EC",
            "crv": "SM2",
            "d": base64.urlsafe_b64encode(secret).rstrip(b"=").decode(),
        }
    return suites.private_key({**jwk, "kid": key_id})
