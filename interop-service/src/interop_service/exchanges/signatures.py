"""Signing and verifying a message: RFC 9421 by Ed25519, over a body digested by RFC 9530.

The one place that knows the library. What must be covered is fixed here, not chosen by a caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519
from http_message_signatures.digests import ContentDigest
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from joserfc.jwk import OKPKey

from interop_service.errors import DigestMismatch, MessageExpired, SignatureInvalid

__all__ = ["COMPONENTS", "TAG", "WINDOW", "OutMessage", "Proof", "sign", "verify"]

COMPONENTS: Final = (
    "@method",
    "@authority",
    "@path",
    "@query",
    "content-digest",
    "content-type",
    "tongban-message-id",
    "tongban-sender",
)
TAG: Final = "tongban-exchange"
LABEL: Final = "tongban"
WINDOW: Final = timedelta(seconds=300)
SHORTEST_NONCE: Final = 16
LONGEST_NONCE: Final = 128


class Fields(Protocol):
    """Header fields, as the library reads them."""

    def items(self) -> Any: ...

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> str: ...


class SignedRequest(Protocol):
    """What is verified: a request's method, absolute URL and header fields."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Fields: ...


@dataclass
class OutMessage:
    """A request about to be signed and sent; signing adds to its headers."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Proof:
    """What a good signature says besides the message."""

    key_id: str
    nonce: str


def sign(
    message: OutMessage, body: bytes, *, key: OKPKey, key_id: str, at: datetime, nonce: str
) -> None:
    """Add Content-Digest, Signature-Input and Signature to the message's headers."""
    private = key.private_key
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("messages are signed by an Ed25519 key")
    resolver = MappingKeyResolver(public_keys={}, private_keys={key_id: private})
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver).sign(
        message,
        key_id=key_id,
        created=at,
        expires=at + WINDOW,
        nonce=nonce,
        label=LABEL,
        tag=TAG,
        covered_component_ids=COMPONENTS,
        body=body,
    )


def verify(
    request: SignedRequest, body: bytes, *, keys: Mapping[str, OKPKey], at: datetime
) -> Proof:
    """Return what the signature proves, made by one of the sender's `keys` at about `at`.

    Raises:
        SignatureInvalid: it is missing, covers too little, or was not made by that key.
        MessageExpired: it is good, but not now.
        DigestMismatch: it is good, but for another body.
    """
    try:
        results = _Verifier(keys).verify(
            request, max_age=None, expect_tag=TAG, require_components=COMPONENTS
        )
    except HTTPMessageSignaturesException as fault:
        raise SignatureInvalid(reason=str(fault)) from None
    if len(results) != 1:
        raise SignatureInvalid(reason="more than one signature with our tag")
    parameters = results[0].parameters
    _check_parameters(parameters)
    _check_times(parameters, at)
    _check_digest(results[0].covered_components['"content-digest"'], body)
    return Proof(key_id=str(parameters["keyid"]), nonce=str(parameters["nonce"]))


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    if parameters.get("alg") != ED25519.algorithm_id:
        raise SignatureInvalid(reason="alg must be ed25519")
    nonce = parameters.get("nonce")
    if not isinstance(nonce, str) or not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
        raise SignatureInvalid(reason=f"nonce of {SHORTEST_NONCE} to {LONGEST_NONCE} characters")
    if not isinstance(parameters.get("expires"), int):
        raise SignatureInvalid(reason="expires is missing")


def _check_times(parameters: Mapping[str, Any], at: datetime) -> None:
    created, expires, now = parameters["created"], parameters["expires"], at.timestamp()
    window = WINDOW.total_seconds()
    if abs(now - created) > window or now > expires or not 0 < expires - created <= window:
        raise MessageExpired(created=created, expires=expires, received=int(now))


def _check_digest(field: str, body: bytes) -> None:
    if not field.startswith("sha-256="):
        raise DigestMismatch
    try:
        ContentDigest.verify(field, body)
    except HTTPMessageSignaturesException:
        raise DigestMismatch from None


class _PartnerKeyResolver(HTTPSignatureKeyResolver):
    """Only the sender's own signing keys, by their ids."""

    def __init__(self, keys: Mapping[str, OKPKey]) -> None:
        self._keys = keys

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        key = self._keys.get(key_id)
        public = key.public_key if key is not None else None
        return public if isinstance(public, Ed25519PublicKey) else None


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to us: the library compares with its own clock, before the signature."""

    def __init__(self, keys: Mapping[str, OKPKey]) -> None:
        super().__init__(signature_algorithm=ED25519, key_resolver=_PartnerKeyResolver(keys))

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        if not isinstance(sig_input.params.get("created"), int):
            raise HTTPMessageSignaturesException("created is missing")
