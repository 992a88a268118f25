"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `INTEROP_*` and `TONGBAN_*`; its keys from `INTEROP_*` only."""

    SERVICE: ClassVar[str] = "interop"
    OWN: ClassVar[frozenset[str]] = ServiceSettings.OWN | {
        "signing_key_file",
        "sm2_signing_key_file",
        "encryption_key_file",
        "seal_public_key_file",
        "tls_certificate_file",
        "tls_key_file",
        "tls_ca_file",
    }

    signing_key_file: Path
    """The district's private signing JWK, or a JWK set: Ed25519, and SM2 for the SM suite."""
    sm2_signing_key_file: Path | None = None
    """Its SM2 private JWK, or a JWK set, where that is kept in a file of its own."""
    encryption_key_file: Path
    """Its X25519 private JWK, or a JWK set: opens what partners encrypted for this district."""
    seal_public_key_file: Path | None = None
    """The seal's public JWK, or a JWK set, so that partners can check sealed documents."""
    tls_certificate_file: Path | None = None
    """What this district shows to partners whose servers ask for it (mutual TLS): PEM, a chain."""
    tls_key_file: Path | None = None
    """Its private key, PEM, not encrypted."""
    tls_ca_file: Path | None = None
    """Whom partners' servers must be certified by, PEM; the public authorities, if not given."""
    sealing_alarm_seconds: int = Field(default=60, ge=1)
    """An entry of the message log that waits longer for its seal is an alarm."""
    sealing_refused_seconds: int = Field(default=900, ge=1)
    """… and longer than this nothing more is sent or taken."""
    bodies_kept_days: int = Field(default=30, ge=0)
    """So long messages' bodies are kept beside the log, encrypted."""
    files_kept_days: int = Field(default=30, ge=8)
    """So long a file is kept after the last message that named it: until then it goes once."""
    files_on_their_way_megabytes: int = Field(default=20_000, ge=1)
    """More unfinished files than this are not taken of one partner."""
