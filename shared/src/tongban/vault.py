"""Personal data at rest (个人信息保护): sealed by AES-256-GCM, found again by a blind index.

A sealed value is bound to its context (such as `cases.applicant.phone`), so that it opens nowhere
else. It begins with the id of its key: a new key is put first in the key file, the older ones
stay below it for as long as anything sealed by them is kept.
"""

import base64
import binascii
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
# A sealed value: format (1 byte), key id (4), nonce (12), ciphertext with its tag (16).
_FORMAT: Final = b"\x01"
_HEADER_BYTES: Final = len(_FORMAT) + _KEY_ID_BYTES


class InvalidKeyFile(ValueError):
    """A key file is lines of 32 bytes in base64url, the current key first."""


class SealBroken(ValueError):
    """Not sealed here, changed since, or sealed for another context; nothing says which."""


class Vault:
    """The current key, and the older ones that only open."""

    def __init__(self, key: bytes, *older: bytes) -> None:
        keys = [_Key(material) for material in (key, *older)]
        self._current = keys[0]
        self._keys = {key.id: key for key in keys}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        try:
            keys = [_decoded(line) for line in path.read_text("ascii").split()]
            return cls(*keys)
        except (TypeError, ValueError) as fault:
            raise InvalidKeyFile(f"{path}: expected lines of 32 bytes in base64url") from fault

    def seal(self, secret: str | bytes, *, context: str) -> bytes:
        plain = secret.encode() if isinstance(secret, str) else secret
        header, nonce = _FORMAT + self._current.id, os.urandom(_NONCE_BYTES)
        return header + nonce + self._current.aead.encrypt(nonce, plain, header + context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        key = self._keys.get(header[len(_FORMAT) :])
        if key is None or not header.startswith(_FORMAT) or len(rest) < _NONCE_BYTES:
            raise SealBroken(context)
        nonce, encrypted = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return key.aead.decrypt(nonce, encrypted, header + context.encode())
        except InvalidTag:
            raise SealBroken(context) from None

    def open_text(self, sealed: bytes, *, context: str) -> str:
        return self.open(sealed, context=context).decode()

    def blind_index(self, text: str) -> bytes:
        """What to store beside a sealed value to find it by equality."""
        return self._current.blind_index(text)

    def blind_indexes(self, text: str) -> list[bytes]:
        """What to search for: rows from before a key's change carry an older key's index."""
        return [key.blind_index(text) for key in self._keys.values()]


class _Key:
    """One key's parts, each derived for its own use, so that no key has two."""

    def __init__(self, material: bytes) -> None:
        if len(material) != _KEY_BYTES:
            raise ValueError(f"a key has {_KEY_BYTES} bytes, not {len(material)}")
        self.id = _derived(material, "id", _KEY_ID_BYTES)
        self.aead = AESGCM(_derived(material, "seal", _KEY_BYTES))
        self._index_key = _derived(material, "blind index", _KEY_BYTES)

    def blind_index(self, text: str) -> bytes:
        return hmac.digest(self._index_key, text.encode(), hashlib.sha256)


def generate_key_file(path: Path) -> None:
    """Write one new key, for its owner's eyes only; an existing file is never overwritten."""
    line = base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(line)


def _derived(material: bytes, purpose: str, length: int) -> bytes:
    info = f"tongban vault {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(material)


def _decoded(line: str) -> bytes:
    padded = line + "=" * (-len(line) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as fault:
        raise ValueError("not base64url") from fault
