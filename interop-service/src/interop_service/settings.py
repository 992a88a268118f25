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
    """The district's private signing JWK, or a JWK set: Ed25519, and SM2 for the SM suite."""
    encryption_key_file: Path
    """Its X25519 private JWK, or a JWK set: opens what partners encrypted for this district."""
    seal_public_key_file: Path | None = None
    """The seal's public JWK, or a JWK set, so that partners can check sealed documents."""
