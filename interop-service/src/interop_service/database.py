"""The base of this service's tables."""

from tongban.db import Tables, new_metadata

__all__ = ["InteropTables"]


class InteropTables(Tables):
    """Base of this service's tables."""

    __abstract__ = True
    metadata = new_metadata()
