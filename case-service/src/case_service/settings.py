"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tongban.conditions import Condition
from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `CASE_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "case"
    OWN: ClassVar[frozenset[str]] = ServiceSettings.OWN | {
        "seal_key_file",
        "seal_certificate_file",
        "messages_token_file",
        "payment_key_file",
    }

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
    escalation_chain: str = Field(
        default="approver,supervisor,head", pattern=r"^[\w-]+( *, *[\w-]+)*$"
    )
    """Which posts answer a supervision order, one after the other while nobody does."""
    elderly_age: int = Field(default=60, ge=1)
    """From this age on an applicant is old, and his case goes through the green channel."""
    green_channel: Condition | None = None
    """Who else goes through it: a condition on `age`, `applicant_kind` and the answers, JSON."""
    messages_folder: Path | None = None
    """Where notices are left for whoever sends them; beside the keys where nothing is said."""
    messages_url: str | None = None
    """A gateway that takes notices as JSON instead of the folder."""
    messages_token_file: Path | None = None
    """The bearer token for that gateway."""
    archive_days: int = Field(default=30, ge=0, le=365)
    """So many days after its end the file of a case is fixed and numbered (归档)."""
    archive_fonds: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+$")
    """全宗号: the district's own number at its archives; its code where nothing is said."""
    material_megabytes: int = Field(default=20, ge=1)
    """The largest file that is taken as a material in one request."""
    upload_megabytes: int = Field(default=500, ge=1)
    """The largest file that is taken in pieces."""
    upload_hours: int = Field(default=24, ge=1, le=36)
    """So long one can go on with an upload in pieces."""
    unreferenced_hours: int = Field(default=24, ge=1)
    """So long bytes are kept that no material has any more."""
    payment_page_url: str | None = None
    """Where one pays at a payment platform; without one the platform's own cashier takes it."""
    payment_refund_url: str | None = None
    """Where that platform is asked to give money back."""
    payment_key_file: Path | None = None
    """The key shared with it: confirmations and refunds are signed by HMAC-SHA256."""
    draft_days: int = Field(default=30, ge=1)
    """So many days after it was last saved a draft is kept."""
    scanner: str = "none"
    """The virus scanner: none, clamd://host:port, or clamd:///path/of/its/socket."""
