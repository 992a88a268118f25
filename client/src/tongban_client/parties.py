"""The two districts of an exchange, as one of them knows itself and the other."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ValidationError

from interop_service import suites
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.keys import KeySetUnusable, OwnKeys, PartnerKeys
from interop_service.suites import KeyUnusable, PrivateKey, Suite

__all__ = ["KeySet", "KeysUnreadable", "Ourselves", "Partner", "key_set_of", "keys_url"]


class KeysUnreadable(ValueError):
    """A key file or key set can't be used; the message says which and why."""


@dataclass(frozen=True)
class Ourselves:
    """This district: its code, and the private keys whose public halves partners registered."""

    district: str
    keys: OwnKeys

    @classmethod
    def read(cls, district: str, *, signing: Path, encryption: Path | None = None) -> Self:
        """Read private keys; each file holds a JWK or a JWK set, each key its registered `kid`.

        Raises:
            KeysUnreadable: a file is missing or holds what is no such key.
        """
        opened = {jwk["kid"]: _encryption_key(jwk) for jwk in _jwks(encryption)}
        try:
            keys = [suites.private_key(jwk) for jwk in _jwks(signing)]
        except KeyUnusable as fault:
            raise KeysUnreadable(f"{signing}: {fault.code}") from None
        return cls(district, OwnKeys(signing=keys, encryption=opened))

    def signer(self, suite: Suite, *, at: datetime) -> PrivateKey:
        """Return the key that signs by the suite at `at`.

        Raises:
            KeysUnreadable: there is none.
        """
        found = [key for key in self.keys.signing if key.SUITE is suite and key.is_valid(at)]
        if not found:
            raise KeysUnreadable(f"{self.district} has no {suite} key that may sign now")
        return found[-1]


class KeySet(BaseModel):
    """A district's published key set (protocol.md, 2); its other members are left alone."""

    district: str
    name: str
    protocol: str
    suites: list[str]
    keys: list[dict[str, Any]]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read what `GET /interop/v2/keys` answered, or a file of it.

        Raises:
            KeysUnreadable: it is no key set of this protocol's version.
        """
        try:
            found = cls.model_validate_json(content)
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            place = "/".join(map(str, first["loc"]))
            raise KeysUnreadable(f"/{place}: {first['msg']}") from None
        if found.protocol != PROTOCOL:
            raise KeysUnreadable(f"/protocol: {found.protocol} is not {PROTOCOL}")
        found.partner_keys()
        return found

    def partner_keys(self) -> PartnerKeys:
        """Return the keys by purpose.

        Raises:
            KeysUnreadable: a key is malformed, private or without id, or a purpose has none.
        """
        try:
            return PartnerKeys.from_jwks({"keys": self.keys})
        except KeySetUnusable as fault:
            raise KeysUnreadable(f"/keys: {fault.code}") from None


@dataclass(frozen=True)
class Partner:
    """The other district, as it was registered: its keys are checked by another way first."""

    district: str
    endpoint: str
    """An origin, without a path."""
    keys: PartnerKeys
    suite: Suite = Suite.ED25519_SHA256
    """What the agreement with it says."""

    def url(self, path: str) -> str:
        return self.endpoint.rstrip("/") + path


def keys_url(endpoint: str) -> str:
    """Return where a district publishes its key set."""
    return f"{endpoint.rstrip('/')}{TREE}/keys"


def key_set_of(status: int, content: bytes) -> KeySet:
    """Read the answer to a question for the key set.

    Raises:
        KeysUnreadable: it is no key set.
    """
    if status != 200:
        raise KeysUnreadable(f"status {status}")
    return KeySet.parse(content)


def _jwks(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        content = json.loads(path.read_bytes())
        listed = content.get("keys", [content])
    except (OSError, ValueError, AttributeError) as fault:
        raise KeysUnreadable(f"{path}: {fault}") from None
    if not all(isinstance(jwk, dict) and isinstance(jwk.get("kid"), str) for jwk in listed):
        raise KeysUnreadable(f"{path}: a key has no kid; give it the one that is registered")
    return list(listed)


def _encryption_key(jwk: dict[str, Any]) -> OKPKey:
    try:
        return OKPKey.import_key(jwk)
    except (JoseError, ValueError, TypeError):
        raise KeysUnreadable(f"{jwk['kid']} is no X25519 key") from None
