"""The rows of ratings."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.ratings.rules import RatingSource
from tongban.db import Record

__all__ = ["Rating"]


class Rating(Record, CaseTables):
    """好差评: how the applicant found the handling of one closed case."""

    __tablename__ = "ratings"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("owner_score BETWEEN 1 AND 5", name="owner_score"),
        Index("ix_ratings_site_id", "site_id", "matter_code"),
        Index("ix_ratings_matter_code", "matter_code"),
        Index(
            "ix_ratings_call_back",
            "call_back_due_on",
            postgresql_where=text("call_back_due_on IS NOT NULL"),
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    site_id: Mapped[str | None]
    matter_code: Mapped[str]
    source: Mapped[RatingSource]
    entered_by: Mapped[str | None]
    """Who put the applicant's own choice in at a terminal; null where he did so himself."""
    score: Mapped[int]
    owner_score: Mapped[int | None]
    """For the other district of an exchange, rated apart."""
    sealed_comment: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the applicant wrote, encrypted: it may name anybody."""
    rated_at: Mapped[datetime]
    call_back_due_on: Mapped[date | None]
    is_call_back_provisional: Mapped[bool] = mapped_column(default=False)
    """The calendar of the due date's year is not published yet."""
