"""Identifiers. UUIDv7 is made here, by the application, so that ids sort by time everywhere."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["new_id"]


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562): time-ordered, unique across processes."""
    return uuid7()
