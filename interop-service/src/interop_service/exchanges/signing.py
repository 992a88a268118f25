"""The library that signs HTTP messages (RFC 9421), fitted to our suites and our clock."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Protocol

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)
from http_message_signatures._components import _parse_component_ids
from http_message_signatures.digests import ContentDigest
from http_message_signatures.exceptions import InvalidSignature
from http_message_signatures.signatures import HTTPSignatureHandler

from interop_service.suites import ALGORITHMS, PrivateKey, PublicKey, Suite

__all__ = ["KeyResolver", "Reader", "Signer", "Verifier", "algorithm"]


class Headed(Protocol):
    """A request or an answer, as much of it as is read here."""

    @property
    def headers(self) -> Any: ...


@cache
def algorithm(of: Suite) -> type[HTTPSignatureAlgorithm]:
    """The suite as the library wants it: a class made for one key."""

    class Signing(HTTPSignatureAlgorithm):
        algorithm_id = ALGORITHMS[of].signature

        def __init__(
            self, public_key: PublicKey | None = None, private_key: PrivateKey | None = None
        ) -> None:
            self.public_key, self.private_key = public_key, private_key

        def sign(self, message: bytes) -> bytes:
            assert self.private_key is not None  # noqa: S101  # the library made it to sign
            return self.private_key.sign(message)

        def verify(self, signature: bytes, message: bytes) -> None:
            assert self.public_key is not None  # noqa: S101  # the library made it to verify
            if not self.public_key.verify(signature, message):
                raise InvalidSignature("the signature is not valid")

    return Signing


class KeyResolver(HTTPSignatureKeyResolver):
    """The one key that is meant."""

    def __init__(self, keys: Mapping[str, PublicKey | PrivateKey]) -> None:
        self._keys = keys

    def resolve_public_key(self, key_id: str) -> PublicKey | PrivateKey | None:
        return self._keys.get(key_id)

    def resolve_private_key(self, key_id: str) -> PublicKey | PrivateKey:
        return self._keys[key_id]


class NoDigest(ContentDigest):
    """Leaves the digest to `suites`: the library's has no SM3."""

    @classmethod
    def prepare(cls, headers: Any, body: Any, *, use_existing_digest: bool) -> None:
        """Do nothing."""


class _ReadOnce:
    """Parses a signature field once, however often a message is asked what it says of itself."""

    @staticmethod
    @lru_cache(maxsize=200)
    def _parse_signature_dictionary(value: str) -> Any:
        return HTTPSignatureHandler._parse_signature_dictionary(value)


class Signer(HTTPMessageSigner):
    content_digest_class = NoDigest

    def _parse_covered_component_ids(self, covered_component_ids: Sequence[str]) -> list[Any]:
        return list(_components(tuple(covered_component_ids)))

    def sign_by(self, key: PrivateKey, message: Any, *, label: str, **parameters: Any) -> None:
        """Sign a message in place by a key that is at hand.

        The library's own `sign` reads and builds all of it again, for signers far away, between
        whose two steps the message might change.
        """
        prepared = self.prepare(message, key_id=key.key_id, label=label, **parameters)
        signature = key.sign(prepared.signature_base)
        message.headers["Signature-Input"] = f"{label}={prepared.signature_params}"
        message.headers["Signature"] = f"{label}=:{base64.b64encode(signature).decode()}:"


@lru_cache(maxsize=100)
def _components(ids: tuple[str, ...]) -> tuple[Any, ...]:
    """Read component identifiers: what we cover differs by no more than which fields are there."""
    return tuple(_parse_component_ids(ids))


class Verifier(_ReadOnce, HTTPMessageVerifier):
    """Leaves the times to us: the library compares with its own clock, before the signature."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Do nothing."""


class Reader(_ReadOnce, HTTPMessageVerifier):
    """Reads the two signature fields by the library's own parser."""

    @classmethod
    def read(cls, message: Headed, name: str) -> Any:
        lines = [value for field, value in message.headers.items() if field.lower() == name]
        return cls._parse_signature_dictionary(", ".join(lines))
