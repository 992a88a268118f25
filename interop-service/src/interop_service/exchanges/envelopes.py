"""What is inside a message: the encrypted part (JWE) and the signed receipt (JWS).

Algorithms are pinned, here and in `suites`, whatever a token's header says.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import pydantic_core
import rfc8785
from joserfc import jwe
from joserfc.errors import JoseError
from pydantic import BaseModel, ValidationError

from interop_service import suites
from interop_service.errors import PackageUnreadable
from interop_service.exchanges.rules import ReceiptKind
from interop_service.keys import OwnKeys, PartnerKeys
from interop_service.suites import JwsInvalid, PrivateKey, PublicKey

__all__ = [
    "Receipt",
    "ReceiptInvalid",
    "SignedReceipt",
    "decrypt",
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

    protocol: Literal["2"] = "2"
    receipt_id: UUID
    message_id: UUID
    exchange_id: UUID
    kind: ReceiptKind = ReceiptKind.RECEIVED
    digest: str
    """The digest of the body that was taken, in hex."""
    digest_algorithm: str = "sha-256"
    """That of the suite by which the receipt is signed."""
    at: datetime
    by: str


class SignedReceipt(BaseModel):
    """A receipt and its signature, a compact JWS over the receipt's canonical JSON."""

    receipt: Receipt
    signature: str


class ReceiptInvalid(ValueError):
    """The partner's answer is no receipt for what we sent; the message says why."""


def encrypt(payload: bytes, partner: PartnerKeys) -> str:
    """Encrypt for a partner's newest encryption key, the last of its set."""
    key_id, key = list(partner.encryption.items())[-1]
    header = {"alg": KEY_ALGORITHM, "enc": CONTENT_ALGORITHM, "kid": key_id}
    return jwe.encrypt_compact(header, payload, key, registry=_REGISTRY)


def decrypt(token: str, own: OwnKeys) -> bytes:
    """Decrypt what a partner encrypted for this district, by whichever key it knew.

    Raises:
        PackageUnreadable: 422.
    """
    try:
        opened = jwe.decrypt_compact(
            token, lambda found: own.encryption[found.headers()["kid"]], registry=_REGISTRY
        )
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise PackageUnreadable(reason=f"decryption ({type(fault).__name__})") from None
    if opened.plaintext is None:
        raise PackageUnreadable(reason="decryption")
    return opened.plaintext


def sign_receipt(receipt: Receipt, key: PrivateKey) -> SignedReceipt:
    """Sign a receipt by one of this district's signing keys."""
    token = suites.sign_jws(receipt.model_dump(mode="json"), key)
    return SignedReceipt(receipt=receipt, signature=token)


def open_receipt(
    answer: bytes,
    *,
    keys: Mapping[str, PublicKey],
    by: str,
    message_id: UUID,
    exchange_id: UUID,
    body: bytes,
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
        payload, key = suites.open_jws(signed.signature, keys)
    except JwsInvalid as fault:
        raise ReceiptInvalid(str(fault)) from None
    except (ValidationError, ValueError, rfc8785.CanonicalizationError):
        raise ReceiptInvalid("the answer is no receipt") from None
    if payload != canonical:
        raise ReceiptInvalid("the signature is for another receipt")
    said = signed.receipt
    expected = {
        "message_id": message_id,
        "exchange_id": exchange_id,
        "digest_algorithm": key.algorithm.digest,
        "digest": suites.digest(key.SUITE, body),
        "by": by,
    }
    for name, value in expected.items():
        if getattr(said, name) != value:
            raise ReceiptInvalid(f"the receipt is for another {name}")
    return signed
