"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `CASE_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "case"
    OWN: ClassVar[frozenset[str]] = ServiceSettings.OWN | {"seal_key_file", "seal_certificate_file"}

    seal_key_file: Path
    """The district's seal: an Ed25519 private JWK. Documents are sealed with it."""
    seal_certificate_file: Path | None = None
    """The seal key's certificate, PEM, for PDFs; without one the district makes its own."""
    public_url: str = "http://127.0.0.1:8000"
    """Where the public reaches this district's gateway: printed on documents as a QR code."""
    yellow_share: float = Field(default=0.2, ge=0, le=1)
    """A light is yellow while no more than this share of its limit is left,"""
    yellow_days: int = Field(default=1, ge=0)
    """or no more than so many days."""
    escalation_chain: str = "approver,supervisor,head"
    """Which posts answer a supervision order, one after the other while nobody does."""
    material_megabytes: int = 20
    """The largest file that is taken as a material."""
