"""The rows of notices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.notices.languages import Language
from case_service.notices.rules import NoticeKind, NoticeState
from tongban.db import Record, Sequenced

__all__ = ["Notice"]


class Notice(Record, Sequenced, Due, CaseTables):
    """通知: one thing that an applicant is told, and the record of its delivery."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("num_nonnulls(case_id, enquiry_id) = 1", name="one_thing"),
        Index("ix_notices_case_id", "case_id", "id"),
        Index("ix_notices_subject", "subject", "id"),
        Index(
            "ix_notices_enquiry_id",
            "enquiry_id",
            postgresql_where=text("enquiry_id IS NOT NULL"),
        ),
        due_index("notices"),
        Index("ix_notices_dead", "id", postgresql_where=text("state = 'dead'")),
    )

    # Deferred: it rides in the one statement that stores the step it tells of.
    case_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    enquiry_id: Mapped[UUID | None] = mapped_column(ForeignKey("enquiries.id"))
    """What it answers, where it is about no case."""
    subject: Mapped[str | None]
    """The account of whom it is for; he reads it there, whatever else fails."""
    kind: Mapped[NoticeKind]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the text tells: number and matter, days and reasons; nothing personal."""
    told_at: Mapped[datetime]
    state: Mapped[NoticeState] = mapped_column(default=NoticeState.WAITING)
    language: Mapped[Language | None]
    """In which it was sent."""
    messenger: Mapped[str | None]
    """The adapter that took it."""
    receipt: Mapped[str | None]
    """What the adapter calls it."""
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    last_fault: Mapped[str | None]
