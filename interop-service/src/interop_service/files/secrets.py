"""What opens a file, and what must be inside: told within the encrypted part of its message."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from tongban.shapes import DIGEST
from tongban.vault import Vault

__all__ = ["Announced", "FileRef", "FileSecret", "open_secret", "plain_indexes", "seal_secret"]

LARGEST: Final = 2**40


class FileRef(BaseModel):
    """文件: a material's bytes that travel beside the message, sealed."""

    digest: Annotated[str, Field(pattern=DIGEST)]
    """SHA-256 of the sealed bytes, as they travel."""
    size: Annotated[int, Field(ge=17, le=LARGEST)]
    """Of the sealed bytes."""
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    """The 32 bytes that open them, base64url."""


class FileSecret(BaseModel):
    """The key of a file, and what is inside it."""

    model_config = ConfigDict(frozen=True)

    key: str
    size: int
    """Of what is inside."""
    sha256: str
    """Of what is inside."""


@dataclass(frozen=True)
class Announced:
    """A file that a message names, and what must be inside."""

    reference: FileRef
    size: int
    sha256: str

    @property
    def secret(self) -> FileSecret:
        return FileSecret(key=self.reference.key, size=self.size, sha256=self.sha256)


def seal_secret(vault: Vault, secret: FileSecret, *, digest: str) -> bytes:
    return vault.seal(secret.model_dump_json(), context=f"exchange_files.secret:{digest}")


def open_secret(vault: Vault, sealed: bytes, *, digest: str) -> FileSecret:
    plain = vault.open(sealed, context=f"exchange_files.secret:{digest}")
    return FileSecret.model_validate_json(plain)


def plain_indexes(vault: Vault, sha256: str) -> list[bytes]:
    """Return by what a file is found again that has these bytes inside; the current index first."""
    return vault.blind_indexes(f"exchange_files:{sha256}")
