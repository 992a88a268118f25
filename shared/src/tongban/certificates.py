"""A TLS line's certificate (TLS 证书): taken anew when its files are, warned of before it ends.

A renewed certificate needs no restart: it is shown on every connection that is opened after, and
what is open goes on. Files that do not fit each other, as while one is written and the other is
not yet, leave the certificate in use.
"""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from prometheus_client import Gauge

__all__ = ["LOOK_SECONDS", "WARNED_BEFORE", "KeptCertificate"]

LOOK_SECONDS: Final = 60
"""So often it is looked whether the files are others."""
WARNED_BEFORE: Final = timedelta(days=30)
WARNED_EVERY: Final = timedelta(days=1)

ENDS = Gauge(
    "tongban_tls_certificate_ends_timestamp_seconds",
    "When the certificate that is shown ends",
    ["file"],
)

log = structlog.get_logger(__name__)


@dataclass
class KeptCertificate:
    """A certificate with its chain and its key (PEM files), as a TLS context shows it.

    Raises:
        OSError: a file is not there, or the key is not the certificate's (`ssl.SSLError`).
        ValueError: the certificate is no PEM.
    """

    context: ssl.SSLContext
    certificate: Path
    key: Path
    ends_at: datetime = field(init=False)
    """The end of the first certificate in the file, which is this side's own."""
    _seen: tuple[tuple[int, int], ...] = field(init=False)
    _looked_at: datetime | None = field(init=False, default=None)
    _warned_at: datetime | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._seen = self._marks()
        self._load()

    def look(self, at: datetime) -> None:
        """Take the files anew if they are others, and warn of an end that is near.

        Asked more often than every `LOOK_SECONDS` it does nothing.
        """
        if self._looked_at is not None and at < self._looked_at + timedelta(seconds=LOOK_SECONDS):
            return
        self._looked_at = at
        try:
            marks = self._marks()
            if marks != self._seen:
                self._seen = marks
                self._load()
                log.info("tls.certificate_taken", **self._told())
        except (OSError, ValueError) as fault:
            log.error("tls.certificate_unusable", file=str(self.certificate), fault=str(fault))
        if self.ends_at <= at + WARNED_BEFORE and self._is_warning_due(at):
            self._warned_at = at
            log.warning("tls.certificate_ending", **self._told())

    def _load(self) -> None:
        # Tried apart: a context that was given half of a pair would show nothing any more.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        own = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        self.context.load_cert_chain(self.certificate, self.key)
        self.ends_at = own.not_valid_after_utc
        ENDS.labels(str(self.certificate)).set(self.ends_at.timestamp())

    def _marks(self) -> tuple[tuple[int, int], ...]:
        found = (one.stat() for one in (self.certificate, self.key))
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    def _is_warning_due(self, at: datetime) -> bool:
        return self._warned_at is None or at >= self._warned_at + WARNED_EVERY

    def _told(self) -> dict[str, str]:
        return {"file": str(self.certificate), "ends_at": self.ends_at.astimezone(UTC).isoformat()}
