"""What is inside a message: the encrypted part (JWE) and the signed receipt (JWS).

Algorithms are pinned here, whatever a token's header says.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import pydantic_core
import rfc8785
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ValidationError

from interop_service.errors import PackageUnreadable
from interop_service.keys import OwnKeys, PartnerKeys

__all__ = [
    "Receipt",
    "ReceiptInvalid",
    "SignedReceipt",
    "decrypt",
    "digest",
    "encrypt",
    "open_receipt",
    "sign_receipt",
]

KEY_ALGORITHM: Final = "ECDH-ES+A256KW"
CONTENT_ALGORITHM: Final = "A256GCM"
LONGEST_CIPHERTEXT: Final = 30 * 1024 * 1024


class _Registry(jwe.JWERegistry):
    """The library's own limit, 64 KiB, is made for tokens; a package holds scanned materials."""

    max_ciphertext_length = LONGEST_CIPHERTEXT


_REGISTRY = _Registry(algorithms=[KEY_ALGORITHM, CONTENT_ALGORITHM])


class Receipt(BaseModel):
    """签收回执: what a district states when it takes a message."""

    receipt_id: UUID
    message_id: UUID
    exchange_id: UUID
    kind: Literal["received"] = "received"
    digest: str
    """SHA-256 of the body that was taken, in hex."""
    at: datetime
    by: str

    def canonical(self) -> bytes:
        """The bytes that are signed: RFC 8785."""
        return rfc8785.dumps(self.model_dump(mode="json"))


class SignedReceipt(BaseModel):
    """A receipt and its signature, a compact JWS over the receipt's canonical JSON."""

    receipt: Receipt
    signature: str


class ReceiptInvalid(ValueError):
    """The partner's answer is no receipt for what we sent; the message says why."""


def digest(body: bytes) -> str:
    """Return a body's SHA-256 in hex."""
    return hashlib.sha256(body).hexdigest()


def encrypt(payload: bytes, partner: PartnerKeys) -> str:
    """Encrypt for a partner's newest encryption key, the last of its set."""
    key_id, key = list(partner.encryption.items())[-1]
    header = {"alg": KEY_ALGORITHM, "enc": CONTENT_ALGORITHM, "kid": key_id}
    return jwe.encrypt_compact(header, payload, key, registry=_REGISTRY)


def decrypt(token: str, own: OwnKeys) -> bytes:
    """Decrypt what a partner encrypted for this district.

    Raises:
        PackageUnreadable: 422.
    """
    try:
        opened = jwe.decrypt_compact(token, own.encryption, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise PackageUnreadable(reason=f"decryption ({type(fault).__name__})") from None
    if opened.plaintext is None:
        raise PackageUnreadable(reason="decryption")
    return opened.plaintext


def sign_receipt(receipt: Receipt, own: OwnKeys) -> SignedReceipt:
    """Sign a receipt by this district's signing key."""
    header = {"alg": "Ed25519", "kid": own.signing_id}
    token = jws.serialize_compact(header, receipt.canonical(), own.signing, algorithms=["Ed25519"])
    return SignedReceipt(receipt=receipt, signature=token)


def open_receipt(
    answer: bytes,
    *,
    keys: Mapping[str, OKPKey],
    by: str,
    message_id: UUID,
    exchange_id: UUID,
    body_digest: str,
) -> SignedReceipt:
    """Return the receipt if it is the partner's, for this very message.

    Raises:
        ReceiptInvalid: it is not.
    """
    try:
        raw = pydantic_core.from_json(answer)
        signed = SignedReceipt.model_validate(raw)
        # As the partner wrote it: another spelling of a time is another text.
        canonical = rfc8785.dumps(raw["receipt"])
    except (ValidationError, ValueError, rfc8785.CanonicalizationError):
        raise ReceiptInvalid("the answer is no receipt") from None
    if _signed_payload(signed.signature, keys) != canonical:
        raise ReceiptInvalid("the signature is for another receipt")
    said = signed.receipt
    expected = {
        "message_id": message_id,
        "exchange_id": exchange_id,
        "digest": body_digest,
        "by": by,
    }
    for name, value in expected.items():
        if getattr(said, name) != value:
            raise ReceiptInvalid(f"the receipt is for another {name}")
    return signed


def _signed_payload(token: str, keys: Mapping[str, OKPKey]) -> Any:
    try:
        found = jws.extract_compact(token.encode())
        key = keys.get(str(found.headers().get("kid")))
        if key is None:
            raise ReceiptInvalid("signed by an unknown key")
        return jws.deserialize_compact(token, key, algorithms=["Ed25519"]).payload
    except (JoseError, ValueError, TypeError) as fault:
        if isinstance(fault, ReceiptInvalid):
            raise
        raise ReceiptInvalid("the signature is not valid") from None
