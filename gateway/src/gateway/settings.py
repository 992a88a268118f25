"""What the gateway is told: where the services are, how long and how often."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from limits import parse
from pydantic import AfterValidator

from tongban.settings import Base

__all__ = ["Rate", "Settings"]


def _readable(rate: str) -> str:
    parse(rate)
    return rate


def _told(urls: str) -> str:
    if not _each(urls):
        raise ValueError("names no address")
    return urls


def _each(urls: str) -> list[str]:
    stripped = (url.strip().rstrip("/") for url in urls.split(","))
    return list(dict.fromkeys(filter(None, stripped)))


Rate = Annotated[str, AfterValidator(_readable)]
"""How often: `300/second`, `30/minute`."""

Urls = Annotated[str, AfterValidator(_told)]
"""One address, or several of equal standing, parted by commas."""


class Settings(Base):
    """Settings, read from `GATEWAY_*` and `TONGBAN_*`."""

    SERVICE: ClassVar[str] = "gateway"
    OWN: ClassVar[frozenset[str]] = Base.OWN | {
        "catalog_url",
        "case_url",
        "site_url",
        "interop_url",
    }

    catalog_url: Urls
    case_url: Urls
    site_url: Urls
    interop_url: Urls

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
    def upstreams(self) -> Mapping[str, Sequence[str]]:
        """Return the addresses of each service's processes."""
        return {
            "catalog": _each(self.catalog_url),
            "case": _each(self.case_url),
            "site": _each(self.site_url),
            "interop": _each(self.interop_url),
        }
