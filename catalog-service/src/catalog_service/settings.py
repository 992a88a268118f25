"""What this service is told besides what every service is."""

from pathlib import Path
from typing import ClassVar

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `CATALOG_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "catalog"

    reports: Path | None = None
    """Folder for the reports upward; left out, `reports` in the folder of objects.

    With objects in a bucket it must be told."""
