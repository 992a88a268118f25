"""What the gateway is told: where the services are, how long and how often."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Self

from limits import parse
from pydantic import AfterValidator, model_validator

from tongban.settings import Base

__all__ = ["Rate", "Serves", "Settings"]


class Serves(StrEnum):
    """For whom a gateway is, where a district runs one for partners apart."""

    ALL = "all"
    PUBLIC = "public"
    PARTNERS = "partners"


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
        "serves",
        "tls_certificate_file",
        "tls_key_file",
        "tls_client_ca_file",
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

    serves: Serves = Serves.ALL
    """`partners`: their signed messages and the public status lists; `public`: all but those."""
    tls_certificate_file: Path | None = None
    """With it the gateway itself speaks TLS: PEM, a chain."""
    tls_key_file: Path | None = None
    """The certificate's private key, PEM, not encrypted."""
    tls_client_ca_file: Path | None = None
    """Mutual TLS: nobody gets in without a certificate of one of these authorities, PEM."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("GATEWAY_TLS_CERTIFICATE_FILE and GATEWAY_TLS_KEY_FILE go together")
        if self.tls_client_ca_file is not None and self.tls_certificate_file is None:
            raise ValueError("GATEWAY_TLS_CLIENT_CA_FILE needs GATEWAY_TLS_CERTIFICATE_FILE")
        return self

    @property
    def upstreams(self) -> Mapping[str, Sequence[str]]:
        """Return the addresses of each service's processes."""
        return {
            "catalog": _each(self.catalog_url),
            "case": _each(self.case_url),
            "site": _each(self.site_url),
            "interop": _each(self.interop_url),
        }
