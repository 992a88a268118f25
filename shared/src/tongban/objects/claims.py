"""Claim checks: how one service leaves bytes for another, for its eyes only."""

import asyncio
import hashlib
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from joserfc.jwk import OKPKey

from tongban.objects.store import ObjectNotFound, ObjectRef, ObjectStore

__all__ = ["ClaimBroken", "ClaimCheck", "collect", "leave"]


class ClaimCheck(ObjectRef):
    """凭据: what an event carries in place of bytes; it measures the encrypted object."""


class ClaimBroken(ValueError):
    """The object is not what its claim says, or was left for somebody else."""

    def __init__(self, reason: Literal["missing", "size", "sha256", "decryption"]) -> None:
        super().__init__(reason)
        self.reason = reason


# HPKE (RFC 9180), base mode: an ephemeral X25519 key before the ciphertext, all in one piece.
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PURPOSE: Final = b"tongban claim check v1"


async def leave(store: ObjectStore, recipient: OKPKey, payload: bytes) -> ClaimCheck:
    """Store `payload` so that only the holder of the recipient's X25519 key can read it."""
    public_key = recipient.public_key
    if not isinstance(public_key, X25519PublicKey):
        raise TypeError("a claim check is left for an X25519 key")
    encrypted = await asyncio.to_thread(_SUITE.encrypt, payload, public_key, _PURPOSE)
    stored = await store.put(encrypted)
    return ClaimCheck(key=stored.key, size=stored.size, sha256=stored.sha256)


async def collect(store: ObjectStore, own_key: OKPKey, claim: ClaimCheck) -> bytes:
    """Return what was left for us under `claim`; it stays until it is swept."""
    private_key = own_key.private_key
    if not isinstance(private_key, X25519PrivateKey):
        raise TypeError("a claim check is collected with an X25519 private key")
    try:
        encrypted = await store.get(claim.key)
    except ObjectNotFound:
        raise ClaimBroken("missing") from None
    if len(encrypted) != claim.size:
        raise ClaimBroken("size")
    digest = await asyncio.to_thread(hashlib.sha256, encrypted)
    if digest.hexdigest() != claim.sha256:
        raise ClaimBroken("sha256")
    try:
        return await asyncio.to_thread(_SUITE.decrypt, encrypted, private_key, _PURPOSE)
    except InvalidTag:
        raise ClaimBroken("decryption") from None
