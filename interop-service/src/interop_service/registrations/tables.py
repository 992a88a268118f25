"""Rows of changes to partners."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.registrations.rules import ChangeState, Origin
from tongban.db import Record

__all__ = ["PartnerChange"]


class PartnerChange(Record, InteropTables):
    """合作区登记申请: what a partner is to be, and who said so."""

    __tablename__ = "partner_changes"

    district: Mapped[str] = mapped_column(index=True)
    origin: Mapped[Origin]
    content: Mapped[dict[str, Any]]
    state: Mapped[ChangeState]
    entered_by: Mapped[str | None]
    """Who entered it, or endorsed what the partner asked for."""
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
