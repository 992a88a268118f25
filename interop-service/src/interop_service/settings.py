"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `INTEROP_*` and `TONGBAN_*`; its keys from `INTEROP_*` only."""

    SERVICE: ClassVar[str] = "interop"
    OWN: ClassVar[frozenset[str]] = ServiceSettings.OWN | {
        "signing_key_file",
        "encryption_key_file",
        "seal_public_key_file",
    }

    signing_key_file: Path
    """The district's Ed25519 private JWK: signs messages to partners and receipts."""
    encryption_key_file: Path
    """The district's X25519 private JWK: opens what partners encrypted for this district."""
    seal_public_key_file: Path | None = None
    """The district's seal, its public JWK alone, so that partners can check sealed documents."""
