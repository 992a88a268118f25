"""The rows of enquiries."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.enquiries.rules import EnquiryKind, EnquiryState
from tongban.db import Record, Sequenced

__all__ = ["Enquiry"]


class Enquiry(Record, Sequenced, Due, CaseTables):
    """咨询投诉: one question or complaint, about a case, a site, a matter, or nothing of these."""

    __tablename__ = "enquiries"
    __table_args__ = (
        due_index("enquiries"),
        Index("ix_enquiries_subject", "subject", "id"),
        Index("ix_enquiries_site_id", "site_id", "id"),
        Index("ix_enquiries_case_id", "case_id", postgresql_where=text("case_id IS NOT NULL")),
        Index("ix_enquiries_open", "due_on", "id", postgresql_where=text("state = 'open'")),
        Index(
            "ix_enquiries_faq",
            "matter_code",
            "id",
            postgresql_where=text("published_at IS NOT NULL"),
        ),
    )

    kind: Mapped[EnquiryKind]
    state: Mapped[EnquiryState] = mapped_column(default=EnquiryState.OPEN)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    site_id: Mapped[str | None]
    matter_code: Mapped[str | None]
    subject: Mapped[str | None]
    """The account of whoever asks; null for one without."""
    asked_by: Mapped[str]
    """Himself, or the clerk who put it in for him."""
    sealed_asked: Mapped[bytes] = mapped_column(LargeBinary)
    """Name, phone, language and the question, encrypted as one: people tell of people."""
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    is_provisional: Mapped[bool]
    """The calendar of the due date's year is not published yet."""
    escalated_at: Mapped[datetime | None]
    """When it went to the supervisor, its last day over."""
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    is_common: Mapped[bool] = mapped_column(default=False)
    """Marked by whoever answered it as worth a common question."""
    common_question: Mapped[str | None]
    """As published: reworded, without anybody's data."""
    common_answer: Mapped[str | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    is_erased: Mapped[bool] = mapped_column(default=False)
    """What was personal about it was erased at the person's wish."""
