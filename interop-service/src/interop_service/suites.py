"""The cryptographic suites of an exchange (密码套件): one interface, two suites, no third.

A suite is a signature with its digest; the agreement chooses it. It signs HTTP messages (RFC 9421),
digests bodies (RFC 9530) and signs canonical JSON alone (JWS, RFC 7515, over RFC 8785). A key is
told by its JWK: `OKP` `Ed25519` or `EC` `SM2`.
"""

import base64
import binascii
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

import http_sf
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SM3, Hash

from interop_service import sm2

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "JwsInvalid",
    "KeyUnusable",
    "PrivateKey",
    "PublicKey",
    "Suite",
    "content_digest",
    "digest",
    "digest_by",
    "is_content",
    "key_id_of",
    "open_jws",
    "private_key",
    "public_key",
    "sign_jws",
]


class Suite(StrEnum):
    """Which signature and digest two districts use."""

    ED25519_SHA256 = "ed25519_sha256"  # 国际算法
    SM2_SM3 = "sm2_sm3"  # 国密算法


@dataclass(frozen=True)
class Algorithm:
    """A suite's names in each standard, and its digest."""

    signature: str
    """RFC 9421, the parameter `alg`."""
    jws: str
    """RFC 7515, the header `alg`."""
    digest: str
    """RFC 9530, the member's key; also the receipt's `digest_algorithm`."""
    hash: Callable[[bytes], bytes]


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _sm3(content: bytes) -> bytes:
    hasher = Hash(SM3())  # GB/T 32905
    hasher.update(content)
    return hasher.finalize()


ALGORITHMS: Final[Mapping[Suite, Algorithm]] = MappingProxyType(
    {
        Suite.ED25519_SHA256: Algorithm("ed25519", "Ed25519", "sha-256", _sha256),
        Suite.SM2_SM3: Algorithm("sm2-sm3", "SM2-SM3", "sm3", _sm3),
    }
)


class KeyUnusable(ValueError):
    """A JWK is no signing key of either suite; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class JwsInvalid(ValueError):
    """A compact JWS is not what it should be; the message says why."""


@dataclass(frozen=True)
class _Key:
    """What the two halves have in common."""

    key_id: str
    not_before: datetime | None
    expires_at: datetime | None

    SUITE: ClassVar[Suite]

    @property
    def algorithm(self) -> Algorithm:
        return ALGORITHMS[self.SUITE]

    def is_valid(self, at: datetime) -> bool:
        """Tell whether the key may be used at `at`: from `nbf` on, and before `exp`."""
        has_begun = self.not_before is None or self.not_before <= at
        return has_begun and (self.expires_at is None or at < self.expires_at)


class PublicKey(_Key, ABC):
    """Verifies; from a partner's key set."""

    @abstractmethod
    def verify(self, signature: bytes, content: bytes) -> bool:
        """Tell whether the key's owner signed `content`."""


class PrivateKey(_Key, ABC):
    """Signs; from this district's key file."""

    @abstractmethod
    def sign(self, content: bytes) -> bytes:
        """Return 64 bytes: EdDSA's (RFC 8032), or r ‖ s of SM2 (GB/T 32918.2)."""

    @abstractmethod
    def public_jwk(self) -> dict[str, str]:
        """Return the members that make the public key, without `kid` and `use`."""


@dataclass(frozen=True)
class _Ed25519Public(PublicKey):
    key: Ed25519PublicKey

    SUITE = Suite.ED25519_SHA256

    def verify(self, signature: bytes, content: bytes) -> bool:
        try:
            self.key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class _Ed25519Private(PrivateKey):
    key: Ed25519PrivateKey

    SUITE = Suite.ED25519_SHA256

    def sign(self, content: bytes) -> bytes:
        return self.key.sign(content)

    def public_jwk(self) -> dict[str, str]:
        x = self.key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": _encode(x)}


@dataclass(frozen=True)
class _Sm2Public(PublicKey):
    point: sm2.Point

    SUITE = Suite.SM2_SM3

    def verify(self, signature: bytes, content: bytes) -> bool:
        return sm2.verify(self.point, signature, content)


@dataclass(frozen=True)
class _Sm2Private(PrivateKey):
    secret: int
    point: sm2.Point

    SUITE = Suite.SM2_SM3

    def sign(self, content: bytes) -> bytes:
        return sm2.sign(self.secret, content)

    def public_jwk(self) -> dict[str, str]:
        x, y = (_encode(each.to_bytes(sm2.SIZE)) for each in self.point)
        return {"kty": "EC", "crv": "SM2", "x": x, "y": y}


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Read a partner's signing key.

    Raises:
        KeyUnusable: of another kind, private, malformed, or its suite is not installed here.
    """
    if "d" in jwk:
        raise KeyUnusable("private_key")
    common = _common(jwk)
    try:
        match _kind(jwk):
            case Suite.ED25519_SHA256:
                return _Ed25519Public(*common, Ed25519PublicKey.from_public_bytes(_part(jwk, "x")))
            case Suite.SM2_SM3:
                return _Sm2Public(*common, sm2.point(_number(jwk, "x"), _number(jwk, "y")))
    except ValueError as fault:
        raise _unusable(fault) from None


def private_key(jwk: Mapping[str, Any]) -> PrivateKey:
    """Read one of this district's own signing keys.

    Raises:
        KeyUnusable: of another kind, malformed, or its suite is not installed here.
    """
    common = _common(jwk)
    try:
        match _kind(jwk):
            case Suite.ED25519_SHA256:
                secret = Ed25519PrivateKey.from_private_bytes(_part(jwk, "d"))
                return _Ed25519Private(*common, secret)
            case Suite.SM2_SM3:
                number = _number(jwk, "d")
                return _Sm2Private(*common, number, sm2.point_of(number))
    except ValueError as fault:
        raise _unusable(fault) from None


def key_id_of(jwk: Mapping[str, Any]) -> str:
    """Return a JWK's `kid`.

    Raises:
        KeyUnusable: it has none that fits a header field.
    """
    key_id = jwk.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= 200 or not key_id.isascii():
        raise KeyUnusable("no_key_id")
    return key_id


def digest(suite: Suite, content: bytes) -> str:
    """Return the content's digest by the suite, in lower-case hex."""
    return ALGORITHMS[suite].hash(content).hex()


def digest_by(name: str, content: bytes) -> str:
    """Return the content's digest by an algorithm's name (RFC 9530), in lower-case hex."""
    hashers = {algorithm.digest: algorithm.hash for algorithm in ALGORITHMS.values()}
    return hashers[name](content).hex()


def content_digest(suite: Suite, body: bytes) -> str:
    """Return the field Content-Digest (RFC 9530) for a body; an empty body has one too."""
    algorithm = ALGORITHMS[suite]
    field: str = http_sf.ser({algorithm.digest: algorithm.hash(body)})
    return field


def is_content(suite: Suite, field: str, body: bytes) -> bool:
    """Tell whether a Content-Digest is exactly the suite's, and the body's."""
    # One spelling alone: what RFC 9530 lets vary besides (order, parameters) would prove nothing.
    return field == content_digest(suite, body)


def sign_jws(payload: Mapping[str, Any], key: PrivateKey) -> str:
    """Sign an object alone: a compact JWS over its canonical JSON (RFC 8785).

    joserfc knows neither SM2 nor anybody else's keys, so both suites are put together here.
    """
    header = {"alg": key.algorithm.jws, "kid": key.key_id}
    text = json.dumps(header, separators=(",", ":")).encode()
    signed = f"{_encode(text)}.{_encode(rfc8785.dumps(dict(payload)))}"
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


def open_jws(token: str, keys: Mapping[str, PublicKey]) -> tuple[bytes, PublicKey]:
    """Return the payload of a compact JWS and the one of `keys` that signed it.

    Raises:
        JwsInvalid: it is malformed, by an unknown key, of another suite than its key, or altered.
    """
    try:
        first, second, third = token.split(".")
        header = json.loads(_decode(first))
        payload, signature = _decode(second), _decode(third)
    except ValueError:
        raise JwsInvalid("it is no compact JWS") from None
    if not isinstance(header, dict) or "crit" in header or "b64" in header:
        raise JwsInvalid("its header is not readable")
    key = keys.get(str(header.get("kid")))
    if key is None:
        raise JwsInvalid("signed by an unknown key")
    if header.get("alg") != key.algorithm.jws:
        raise JwsInvalid(f"alg must be {key.algorithm.jws}")
    if not key.verify(signature, f"{first}.{second}".encode()):
        raise JwsInvalid("the signature is not valid")
    return payload, key


def _kind(jwk: Mapping[str, Any]) -> Suite:
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return Suite.ED25519_SHA256
        case "EC", "SM2":
            return Suite.SM2_SM3
    raise KeyUnusable("use_or_curve")


def _common(jwk: Mapping[str, Any]) -> tuple[str, datetime | None, datetime | None]:
    return key_id_of(jwk), _instant(jwk, "nbf"), _instant(jwk, "exp")


def _instant(jwk: Mapping[str, Any], name: str) -> datetime | None:
    seconds = jwk.get(name)
    if seconds is None:
        return None
    if type(seconds) is not int or not 0 <= seconds < 2**33:
        raise KeyUnusable("lifetime")
    return datetime.fromtimestamp(seconds, UTC)


def _unusable(fault: ValueError) -> KeyUnusable:
    if isinstance(fault, KeyUnusable):
        return fault
    return KeyUnusable("suite_missing" if isinstance(fault, sm2.NotInstalled) else "malformed")


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_part(jwk, name))


def _part(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise KeyUnusable("malformed")
    part = _decode(text)
    if len(part) != sm2.SIZE:  # both suites' numbers are of 32 bytes
        raise KeyUnusable("malformed")
    return part


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as fault:
        raise ValueError("base64url") from fault
    if _encode(content) != text:
        raise ValueError("base64url")
    return content
