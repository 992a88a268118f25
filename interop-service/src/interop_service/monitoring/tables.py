"""Rows of monitoring: one for each attempt, without content."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.exchanges.rules import FaultOf
from interop_service.monitoring.rules import Direction, Outcome
from tongban.ids import new_id

__all__ = ["OperationRow"]


class OperationRow(InteropTables):
    """运行记录: an attempt; the ids rise with the time at which rows were kept."""

    __tablename__ = "operations"
    __table_args__ = (
        Index("ix_operations_at", "at"),
        Index("ix_operations_partner_at", "partner", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    partner: Mapped[str]
    direction: Mapped[Direction]
    path: Mapped[str]
    message_id: Mapped[UUID | None]
    exchange_id: Mapped[UUID | None]
    milliseconds: Mapped[float]
    outcome: Mapped[Outcome]
    fault: Mapped[str | None]
    fault_of: Mapped[FaultOf | None]
