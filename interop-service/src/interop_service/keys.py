"""The keys of an exchange: this district's own, and what a partner's key set offers.

A JWK's purpose is told by `use` (`enc` or `sig`), and a seal's by `-seal` in its `kid`: a message
must not be signed by the seal, nor a document be sealed by the key that signs messages.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from interop_service.settings import Settings
from tongban.context import Context, read_private_key

__all__ = ["KeySetUnusable", "OwnKeys", "PartnerKeys", "hold_own_keys", "own_keys"]

SEAL_MARK = "-seal"
MOST_KEYS = 20


class KeySetUnusable(ValueError):
    """The key set can't serve an exchange; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class OwnKeys:
    """This district's keys, under the ids by which partners know them."""

    signing: OKPKey
    signing_id: str
    encryption: OKPKey
    encryption_id: str
    seal: OKPKey | None
    seal_id: str | None

    @classmethod
    def read(cls, settings: Settings) -> Self:
        district = settings.district
        signing = read_private_key(settings.signing_key_file)
        encryption = read_private_key(settings.encryption_key_file)
        path = settings.seal_public_key_file
        seal = _read_public(path) if path is not None else None
        return cls(
            signing=signing,
            signing_id=_published_id(district, "signing", signing),
            encryption=encryption,
            encryption_id=_published_id(district, "encryption", encryption),
            seal=seal,
            seal_id=_published_id(district, "seal", seal) if seal is not None else None,
        )

    def published(self) -> list[dict[str, Any]]:
        """Return the public JWKs that a partner registers."""
        keys = [
            _public(self.signing, self.signing_id, "sig"),
            _public(self.encryption, self.encryption_id, "enc"),
        ]
        if self.seal is not None and self.seal_id is not None:
            keys.append(_public(self.seal, self.seal_id, "sig"))
        return keys


@dataclass(frozen=True)
class PartnerKeys:
    """A partner's public keys by purpose and id; several of one purpose while they rotate."""

    signing: Mapping[str, OKPKey]
    encryption: Mapping[str, OKPKey]
    seal: Mapping[str, OKPKey]

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> Self:
        """Read a key set.

        Raises:
            KeySetUnusable: a key is malformed, private or without id, or a purpose has none.
        """
        by_purpose: dict[str, dict[str, OKPKey]] = {"signing": {}, "encryption": {}, "seal": {}}
        listed = jwks.get("keys")
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise KeySetUnusable("not_a_key_set")
        for jwk in listed:
            purpose, key_id, key = _read_partner_key(jwk)
            if any(key_id in known for known in by_purpose.values()):
                raise KeySetUnusable("key_id_twice")
            by_purpose[purpose][key_id] = key
        for purpose in ("signing", "encryption"):
            if not by_purpose[purpose]:
                raise KeySetUnusable(f"no_{purpose}_key")
        return cls(**by_purpose)


def hold_own_keys(context: Context) -> None:
    """Read this district's keys once, at the start of a process."""
    context.resources["own_keys"] = OwnKeys.read(context.settings)


def own_keys(context: Context) -> OwnKeys:
    """Return the keys that `hold_own_keys` read."""
    keys: OwnKeys = context.resources["own_keys"]
    return keys


def _read_partner_key(jwk: Any) -> tuple[str, str, OKPKey]:
    if not isinstance(jwk, dict) or jwk.get("kty") != "OKP":
        raise KeySetUnusable("not_okp")
    if "d" in jwk:
        raise KeySetUnusable("private_key")
    key_id, use, curve = jwk.get("kid"), jwk.get("use"), jwk.get("crv")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= 200 or not key_id.isascii():
        raise KeySetUnusable("no_key_id")
    if (use, curve) == ("enc", "X25519"):
        purpose = "encryption"
    elif (use, curve) == ("sig", "Ed25519"):
        purpose = "seal" if SEAL_MARK in key_id else "signing"
    else:
        raise KeySetUnusable("use_or_curve")
    try:
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "kid", "use")})
        _ = key.public_key  # a malformed point shows only when it is read
    except (JoseError, KeyError, ValueError, TypeError):
        raise KeySetUnusable("malformed") from None
    return purpose, key_id, key


def _published_id(district: str, purpose: str, key: OKPKey) -> str:
    stem = f"{district}-{purpose}"
    if key.kid is not None and key.kid.startswith(stem):
        return key.kid
    return f"{stem}-{key.thumbprint()[:12]}"


def _public(key: OKPKey, key_id: str, use: str) -> dict[str, Any]:
    plain = key.as_dict(private=False)
    return {name: plain[name] for name in ("kty", "crv", "x")} | {"kid": key_id, "use": use}


def _read_public(path: Path) -> OKPKey:
    jwk = json.loads(path.read_text())
    return OKPKey.import_key({name: jwk[name] for name in jwk if name != "d"})
