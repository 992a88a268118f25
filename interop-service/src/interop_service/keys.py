"""The keys of an exchange: this district's own, and what a partner's key set offers.

A JWK's purpose is told by `use` (`enc` or `sig`), and a seal's by `-seal` in its `kid`: a message
must not be signed by the seal, nor a document be sealed by the key that signs messages. `nbf` and
`exp`, in seconds, bound a key's life; a key set holds several of one purpose while they rotate.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import rfc8785
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from interop_service import suites
from interop_service.settings import Settings
from interop_service.suites import KeyUnusable, PrivateKey, PublicKey, Suite
from tongban.context import Context

__all__ = ["KeySetUnusable", "OwnKeys", "PartnerKeys", "hold_own_keys", "own_keys"]

K = TypeVar("K")

SEAL_MARK = "-seal"
MOST_KEYS = 20


class KeySetUnusable(ValueError):
    """The key set can't serve an exchange; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoSigningKey(RuntimeError):
    """The district's key file holds no key that may sign now: put one there and restart."""


@dataclass(frozen=True)
class OwnKeys:
    """This district's keys, under the ids by which partners know them."""

    signing: Sequence[PrivateKey]
    """In the order of the file: of those that are valid the last one of a suite signs."""
    encryption: Mapping[str, OKPKey]
    jwks: Sequence[Mapping[str, Any]] = ()
    """The public halves, as partners register them."""

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Read the key files; each holds a JWK or a JWK set.

        Raises:
            KeyUnusable: a signing key is of neither suite, or its suite is not installed.
        """
        district = settings.district
        # In this order: where a suite has no key, the first one's signs.
        paths = (settings.signing_key_file, settings.sm2_signing_key_file)
        signing = [
            jwk for path in paths if path is not None for jwk in _named(path, district, "signing")
        ]
        encryption = _named(settings.encryption_key_file, district, "encryption")
        path = settings.seal_public_key_file
        seals = _named(path, district, "seal") if path is not None else []
        return cls(
            signing=[suites.private_key(jwk) for jwk in signing],
            encryption={jwk["kid"]: OKPKey.import_key(jwk) for jwk in encryption},
            jwks=[
                *(_published(jwk, "sig") for jwk in signing),
                *(_published(jwk, "enc") for jwk in encryption),
                *(_published(jwk, "sig") for jwk in seals),
            ],
        )

    def signer(self, suite: Suite | None = None, *, at: datetime) -> PrivateKey:
        """Return the key that signs by `suite`; where there is none, the first suite's.

        Raises:
            NoSigningKey: none of the keys may be used at `at`.
        """
        valid = [key for key in self.signing if key.is_valid(at)]
        if not valid:
            raise NoSigningKey
        of_suite = [key for key in valid if key.SUITE is suite]
        return (of_suite or [key for key in valid if key.SUITE is valid[0].SUITE])[-1]

    def suites(self, at: datetime) -> list[Suite]:
        """Return the suites by which this district can sign."""
        able = {key.SUITE for key in self.signing if key.is_valid(at)}
        return [suite for suite in Suite if suite in able]

    def published(self) -> list[dict[str, Any]]:
        """Return the public JWKs that a partner registers."""
        return [dict(jwk) for jwk in self.jwks]


@dataclass(frozen=True)
class PartnerKeys:
    """A partner's public keys by purpose and id; several of one purpose while they rotate."""

    signing: Mapping[str, PublicKey]
    encryption: Mapping[str, OKPKey]
    seal: Mapping[str, OKPKey]

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> Self:
        """Read a key set, without the keys of a suite that is not installed here.

        A set may offer more than its reader understands (RFC 7517, section 5).

        Raises:
            KeySetUnusable: a key is malformed, private or without id, or a purpose has none.
        """
        listed = jwks.get("keys")
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise KeySetUnusable("not_a_key_set")
        keys: dict[str, dict[str, Any]] = {"signing": {}, "encryption": {}, "seal": {}}
        lacking: KeySetUnusable | None = None
        for jwk in listed:
            try:
                purpose, key_id, key = _read_partner_key(jwk)
            except KeySetUnusable as fault:
                if fault.code != "suite_missing":
                    raise
                lacking = fault
                continue
            if any(key_id in known for known in keys.values()):
                raise KeySetUnusable("key_id_twice")
            keys[purpose][key_id] = key
        if lacking is not None and not keys["signing"]:
            raise lacking
        for purpose in ("signing", "encryption"):
            if not keys[purpose]:
                raise KeySetUnusable(f"no_{purpose}_key")
        return cls(**keys)

    def without(self, revoked: Collection[str]) -> Self:
        """Return the keys less those that were revoked."""
        return replace(
            self,
            signing=_less(self.signing, revoked),
            encryption=_less(self.encryption, revoked),
            seal=_less(self.seal, revoked),
        )


def hold_own_keys(context: Context) -> None:
    """Read this district's keys once, at the start of a process."""
    context.resources["own_keys"] = OwnKeys.read(context.settings)


def own_keys(context: Context) -> OwnKeys:
    """Return the keys that `hold_own_keys` read."""
    keys: OwnKeys = context.resources["own_keys"]
    return keys


def _less(keys: Mapping[str, K], revoked: Collection[str]) -> Mapping[str, K]:
    return {key_id: key for key_id, key in keys.items() if key_id not in revoked}


def _read_partner_key(jwk: Any) -> tuple[str, str, PublicKey | OKPKey]:
    if not isinstance(jwk, dict):
        raise KeySetUnusable("not_a_key")
    if "d" in jwk:
        raise KeySetUnusable("private_key")
    try:
        key_id = suites.key_id_of(jwk)
        match jwk.get("use"), jwk.get("crv"):
            case "enc", "X25519":
                return "encryption", key_id, _read_okp(jwk)
            case "sig", "Ed25519" if SEAL_MARK in key_id:
                return "seal", key_id, _read_okp(jwk)
            case "sig", "Ed25519" | "SM2" if SEAL_MARK not in key_id:
                return "signing", key_id, suites.public_key(jwk)
    except KeyUnusable as fault:
        raise KeySetUnusable(fault.code) from None
    raise KeySetUnusable("use_or_curve")


def _read_okp(jwk: Mapping[str, Any]) -> OKPKey:
    try:
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "kid", "use")})
        _ = key.public_key  # a malformed point shows only when it is read
    except (JoseError, KeyError, ValueError, TypeError):
        raise KeySetUnusable("malformed") from None
    return key


def _named(path: Path, district: str, purpose: str) -> list[dict[str, Any]]:
    """Read a JWK or a JWK set, each key under the id that partners register."""
    content = json.loads(path.read_text())
    jwks: list[dict[str, Any]] = content.get("keys", [content])
    stem = f"{district}-{purpose}"
    return [
        jwk
        if str(jwk.get("kid", "")).startswith(stem)
        else jwk | {"kid": f"{stem}-{_thumbprint(jwk)[:12]}"}
        for jwk in jwks
    ]


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return a JWK's thumbprint (RFC 7638), whichever its suite."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
    digest = hashlib.sha256(rfc8785.dumps(members)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _published(jwk: Mapping[str, Any], use: str) -> dict[str, Any]:
    names = ("kty", "crv", "x", "y", "kid", "nbf", "exp")
    return {name: jwk[name] for name in names if name in jwk} | {"use": use}
