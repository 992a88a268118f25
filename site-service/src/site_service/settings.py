"""What this service is told besides what every service is."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from tongban.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """Settings, read from `SITE_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "site"

    travel: Annotated[
        str, StringConstraints(pattern=r"^(straight|roads:.+|(osrm|valhalla):https?://.+)$")
    ] = "straight"
    """How travel times are known: `straight`, `roads:<file>`, `osrm:<url>` or `valhalla:<url>`."""
