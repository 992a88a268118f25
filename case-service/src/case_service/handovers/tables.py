"""The rows of handovers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.handovers.rules import HandoverState
from case_service.licences.vocabulary import LicenceDecision
from tongban.db import Record, Sequenced

__all__ = ["Handover"]


class Handover(Record, Sequenced, Due, CaseTables):
    """审管联动移交单: one licence decision, until the supervising department took it over."""

    __tablename__ = "handovers"
    __table_args__ = (
        due_index("handovers"),
        Index("ix_handovers_department", "department", "id"),
        Index(
            "ix_handovers_open",
            "department",
            "id",
            postgresql_where=text("acknowledged_at IS NULL"),
        ),
        Index("ix_handovers_case_id", "case_id"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    licence_id: Mapped[UUID]
    case_number: Mapped[str]
    licence_number: Mapped[str]
    licence_type: Mapped[str]
    licence_name: Mapped[str]
    holder_masked: Mapped[str]
    decision: Mapped[LicenceDecision]
    department: Mapped[str]
    handed_over_at: Mapped[datetime]
    due_on: Mapped[date]
    is_provisional: Mapped[bool]
    """It rests on a year whose holidays are not published yet."""
    state: Mapped[HandoverState] = mapped_column(default=HandoverState.HANDED_OVER)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    measure: Mapped[str | None]
    """What the department does about it, in its own words."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
