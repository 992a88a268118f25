"""What this service is told besides what every service is."""

from typing import ClassVar

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `CASE_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "case"
