"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `CASE_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "case"
    OWN: ClassVar[frozenset[str]] = ServiceSettings.OWN | {"seal_key_file"}

    seal_key_file: Path
    """The district's seal: an Ed25519 private JWK. Documents are sealed with it."""
    material_megabytes: int = 20
    """The largest file that is taken as a material."""
