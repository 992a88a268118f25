"""What the gateway is told: where the services are, how long and how often."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from limits import parse
from pydantic import AfterValidator

from tongban.settings import Base

__all__ = ["Rate", "Settings"]


def _readable(rate: str) -> str:
    parse(rate)
    return rate


Rate = Annotated[str, AfterValidator(_readable)]
"""How often: `300/second`, `30/minute`."""


class Settings(Base):
    """Settings, read from `GATEWAY_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "gateway"
    OWN: ClassVar[frozenset[str]] = Base.OWN | {
        "catalog_url",
        "case_url",
        "site_url",
        "interop_url",
    }

    catalog_url: str
    case_url: str
    site_url: str
    interop_url: str

    answer_seconds: float = 60
    """A service silent for longer has failed; streams send a heartbeat more often than this."""

    request_rate: Rate = "300/second"
    """For one caller; without a token, for one address."""
    progress_rate: Rate = "30/minute"
    """Public progress by number, for one address: numbers must not be tried out."""
    ticket_rate: Rate = "60/minute"
    """Tickets taken by one caller: a kiosk is quick, an emptied queue is not."""
    exchange_rate: Rate = "100/second"
    """Signed messages of one partner district."""

    @property
    def upstreams(self) -> Mapping[str, str]:
        """Return each service's address."""
        return {
            "catalog": self.catalog_url.rstrip("/"),
            "case": self.case_url.rstrip("/"),
            "site": self.site_url.rstrip("/"),
            "interop": self.interop_url.rstrip("/"),
        }
