"""TLS to partners: which certificates are trusted there, and what this district shows of itself.

It proves the line, not the message: what is believed is signed all the same (双向 TLS).
"""

import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from interop_service.exchanges.rules import FaultOf
from interop_service.settings import Settings
from tongban.certificates import KeptCertificate
from tongban.context import Context

__all__ = ["HELD", "TlsUnusable", "fault_in", "hold_tls", "look_of", "tls_of", "tls_to_partners"]

HELD: Final = "tls_to_partners"
"""The resource that holds it."""
_ABOUT_US: Final = (
    "CERTIFICATE_REQUIRED",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNSUPPORTED_CERTIFICATE",
    "ACCESS_DENIED",
    "HANDSHAKE_FAILURE",
)
"""Alerts (RFC 8446, 6.2) by which a server refuses the client's certificate, or its lack."""


class TlsUnusable(RuntimeError):
    """The files named by `INTEROP_TLS_…` can't be used: mend them and restart."""


@dataclass(frozen=True)
class TlsToPartners:
    """How partners' servers are reached."""

    line: ssl.SSLContext
    shown: KeptCertificate | None
    """This district's certificate, where one is set."""


def tls_to_partners(settings: Settings) -> TlsToPartners:
    """Return how partners' servers are reached.

    Raises:
        TlsUnusable: a file is not there, or no PEM, or the key is not the certificate's.
    """
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if (certificate is None) != (key is None):
        raise TlsUnusable("INTEROP_TLS_CERTIFICATE_FILE and INTEROP_TLS_KEY_FILE go together")
    try:
        line = (
            ssl.create_default_context(cafile=settings.tls_ca_file)
            if settings.tls_ca_file is not None
            else httpx.create_ssl_context(trust_env=False)
        )
    except OSError as fault:
        raise TlsUnusable(f"INTEROP_TLS_CA_FILE: {fault}") from fault
    if certificate is None or key is None:
        return TlsToPartners(line, None)
    try:
        return TlsToPartners(line, KeptCertificate(line, certificate, key))
    except (OSError, ValueError) as fault:
        names = "INTEROP_TLS_CERTIFICATE_FILE, INTEROP_TLS_KEY_FILE"
        raise TlsUnusable(f"{names}: {fault}") from fault


def hold_tls(context: Context) -> None:
    """Read the files, at the start of a process."""
    context.resources[HELD] = tls_to_partners(context.settings)


def tls_of(context: Context) -> TlsToPartners:
    """Return what `hold_tls` read."""
    held: TlsToPartners = context.resources[HELD]
    return held


def look_of(context: Context) -> Callable[[httpx.Request], Awaitable[None]]:
    """Return what looks, before a request, whether our certificate was renewed meanwhile."""
    shown = tls_of(context).shown

    async def look(_: httpx.Request) -> None:
        if shown is not None:
            shown.look(context.clock())

    return look


def fault_in(fault: BaseException) -> tuple[str, FaultOf] | None:
    """Return what TLS says was wrong and whose fault it is; None where it was not TLS.

    A server that we do not trust is nobody whom we know: it is the network's fault, as any answer
    that is not proven. One that refuses our certificate was trusted before it said so.
    """
    for cause in _chain(fault):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"tls-untrusted: {cause.verify_message}", FaultOf.NETWORK
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or ""
            if "ALERT" in reason and reason.endswith(_ABOUT_US):
                said = reason.partition("ALERT_")[2].lower().replace("_", " ")
                return f"tls-refused: {said}", FaultOf.OURS
            return f"unreachable: TLS {reason}".strip(), FaultOf.NETWORK
    return None


def _chain(fault: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = fault
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
