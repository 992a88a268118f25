"""The rows of publications: nothing in them is personal."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.licences.vocabulary import LicenceDecision
from case_service.publications.rules import PublicationState
from tongban.db import Record, Sequenced

__all__ = ["Publication"]


class Publication(Record, Sequenced, Due, CaseTables):
    """行政许可决定公示: one licence decision as everybody may read it."""

    __tablename__ = "publications"
    __table_args__ = (
        due_index("publications"),
        Index("ix_publications_public", "id", postgresql_where=text("state = 'published'")),
        Index("ix_publications_licence_id", "licence_id"),
        Index(
            "ix_publications_credit_code",
            "credit_code",
            "id",
            postgresql_where=text("credit_code IS NOT NULL"),
        ),
    )

    licence_id: Mapped[UUID]
    licence_number: Mapped[str]
    licence_type: Mapped[str]
    licence_name: Mapped[str]
    matter_name: Mapped[str]
    decision: Mapped[LicenceDecision]
    holder: Mapped[str]
    """A firm's name, or a person's masked one."""
    credit_code: Mapped[str | None]
    body: Mapped[str]
    """Who decided."""
    decided_on: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    due_on: Mapped[date]
    state: Mapped[PublicationState] = mapped_column(default=PublicationState.WAITING)
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
