"""Which service a path belongs to, and which requests need no token.

Pure: one table each. The gateway reads the decoded path, as the services' own routers do.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "EXCHANGES",
    "OWNERS",
    "PREFIX",
    "is_exchange",
    "is_partners",
    "is_public",
    "owner_of",
    "resource_of",
]

PREFIX = "/api/v1/"
EXCHANGES = "/interop/"
"""Where partner districts send signed messages; the protocol's version comes next."""

OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "matters": "catalog",
        "life-events": "catalog",
        "catalog": "catalog",
        "calendar": "catalog",
        "cases": "case",
        "me": "case",
        "supervision": "case",
        "worklists": "case",
        "ratings": "case",
        "licences": "case",
        "archive": "case",
        "handovers": "case",
        "publications": "case",
        "authorities": "case",
        "consents": "case",
        "enquiries": "case",
        "people": "case",
        "uploads": "case",
        "documents": "case",
        "seals": "case",
        "deliveries": "case",
        "payments": "case",
        "drafts": "case",
        "bundles": "case",
        "sites": "site",
        "coverage": "site",
        "windows": "site",
        "tickets": "site",
        "appointments": "site",
        "elderly": "site",
        "accompaniments": "site",
        "home-visits": "site",
        "hsds": "site",
        "partners": "interop",
        "partner-changes": "interop",
        "agreements": "interop",
        "matter-offers": "interop",
        "exchanges": "interop",
        "recognitions": "interop",
        "equivalences": "interop",
        "evidence-requests": "interop",
        "licence-verifications": "interop",
        "partner-reliances": "interop",
        "disputes": "interop",
    }
)
"""First element of the path below the prefix → the service that owns it."""

PUBLIC_READS = (
    r"matters(/.*)?",
    r"life-events(/.*)?",
    r"sites(/.*)?",
    r"coverage(/.*)?",
    r"elderly/(measures|report)",
    r"hsds(/.*)?",
    r"catalog/metrics(/trend)?",
    r"calendar(/.*)?",
    r"licences/verify/.+",
    r"licences/status-lists/[^/]+",
    r"publications",
    r"payments/pages/[^/]+",
    r"documents/verify/.+",
    r"enquiries/common",
)
PUBLIC_POSTS = (
    r"matters/[^/]+/guide",
    r"life-events/[^/]+/guide",
    r"cases/progress",
    r"documents/verify",
    r"ratings",
    r"payments/confirmations",
    r"payments/pages/[^/]+",
)

_PUBLIC_READ = re.compile(PREFIX + f"(?:{'|'.join(PUBLIC_READS)})")
_PUBLIC_POST = re.compile(PREFIX + f"(?:{'|'.join(PUBLIC_POSTS)})")


def resource_of(path: str) -> str | None:
    """Return the first element below the prefix; None outside it."""
    return path[len(PREFIX) :].partition("/")[0] if path.startswith(PREFIX) else None


def owner_of(path: str) -> str | None:
    """Return the service that owns `path`; None where nobody does."""
    if is_exchange(path):
        return "interop"
    return OWNERS.get(resource_of(path) or "")


def is_public(method: str, path: str) -> bool:
    """Tell whether anybody may ask this, without a token."""
    if method in ("GET", "HEAD"):
        return _PUBLIC_READ.fullmatch(path) is not None
    return method == "POST" and _PUBLIC_POST.fullmatch(path) is not None


def is_partners(method: str, path: str) -> bool:
    """Tell whether a partner district asks this: its messages, and the lists that it consults."""
    is_list = path.startswith(f"{PREFIX}licences/status-lists/") and is_public(method, path)
    return is_exchange(path) or is_list


def is_exchange(path: str) -> bool:
    """Tell whether `path` is where partner districts send signed messages."""
    return path.startswith(EXCHANGES)
