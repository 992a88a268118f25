"""Rows of maintenance: when this district takes no messages."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from tongban.db import Record

__all__ = ["Maintenance"]


class Maintenance(Record, InteropTables):
    """停机维护: from when until when partners are told to wait."""

    __tablename__ = "maintenance"

    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str]
    entered_by: Mapped[str]
