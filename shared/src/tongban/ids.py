"""Identifiers. UUIDv7 is made here, by the application, so that ids sort by time everywhere."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["first_id_at", "new_id"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562): time-ordered, unique across processes."""
    return uuid7()


def first_id_at(instant: datetime) -> UUID:
    """Return the id before which lie all that were made earlier, to the millisecond."""
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80)
