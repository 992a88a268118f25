"""The rows of ratings, of what bad ones set off, and of their sums."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.ratings.follow_up_rules import FollowUpState
from case_service.ratings.rules import RatingSource
from tongban.db import Record, Sequenced

__all__ = ["Appeal", "Contact", "FollowUp", "Rating", "RatingTally"]


class Rating(Record, Sequenced, CaseTables):
    """好差评: how somebody found one closed case, or one contact at a window."""

    __tablename__ = "ratings"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("owner_score BETWEEN 1 AND 5", name="owner_score"),
        CheckConstraint("num_nonnulls(case_id, ticket_id) = 1", name="one_thing"),
        Index("ix_ratings_site_id", "site_id", "matter_code"),
        Index("ix_ratings_matter_code", "matter_code"),
        Index(
            "ix_ratings_call_back",
            "call_back_due_on",
            postgresql_where=text("call_back_due_on IS NOT NULL"),
        ),
    )

    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), unique=True)
    ticket_id: Mapped[UUID | None] = mapped_column(unique=True)
    """The contact, where it is one that is rated."""
    site_id: Mapped[str | None]
    window_id: Mapped[UUID | None]
    matter_code: Mapped[str | None]
    source: Mapped[RatingSource]
    entered_by: Mapped[str | None]
    """The account of an agent who rated; null for the applicant and at a terminal."""
    score: Mapped[int]
    owner_score: Mapped[int | None]
    """For the other district of an exchange, rated apart."""
    sealed_comment: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the applicant wrote, encrypted: it may name anybody."""
    rated_at: Mapped[datetime]
    call_back_due_on: Mapped[date | None]
    is_call_back_provisional: Mapped[bool] = mapped_column(default=False)
    """The calendar of the due date's year is not published yet."""
    is_excluded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An appeal was upheld: it no longer counts, and stays on record."""


class FollowUp(Record, Due, CaseTables):
    """差评整改: what became of one bad rating."""

    __tablename__ = "rating_follow_ups"
    __table_args__ = (
        due_index("rating_follow_ups"),
        Index("ix_rating_follow_ups_site_id", "site_id", "id"),
        Index(
            "ix_rating_follow_ups_open",
            "due_on",
            "id",
            postgresql_where=text("due_on IS NOT NULL"),
        ),
    )

    rating_id: Mapped[UUID] = mapped_column(ForeignKey("ratings.id"), unique=True)
    site_id: Mapped[str | None]
    state: Mapped[FollowUpState] = mapped_column(default=FollowUpState.CALLING_BACK)
    due_on: Mapped[date | None]
    """By when the next step is due; null where nobody owes one."""
    is_provisional: Mapped[bool] = mapped_column(default=False)
    overdue_since: Mapped[date | None]
    """The first due date that was missed."""
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    is_confirmed: Mapped[bool | None]
    """Whether the call confirmed what was complained of."""
    sealed_finding: Mapped[bytes | None] = mapped_column(LargeBinary)
    corrected_at: Mapped[datetime | None]
    corrected_by: Mapped[str | None]
    sealed_correction: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_score: Mapped[int | None]
    rated_again_at: Mapped[datetime | None]


class Appeal(Record, Due, CaseTables):
    """申诉: staff hold a rating for malicious; a supervisor decides."""

    __tablename__ = "rating_appeals"
    __table_args__ = (due_index("rating_appeals"),)

    rating_id: Mapped[UUID] = mapped_column(ForeignKey("ratings.id"), unique=True)
    appealed_by: Mapped[str]
    appealed_at: Mapped[datetime]
    sealed_grounds: Mapped[bytes] = mapped_column(LargeBinary)
    due_on: Mapped[date]
    is_provisional: Mapped[bool]
    is_upheld: Mapped[bool | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary)


class RatingTally(CaseTables):
    """评价汇总: how many ratings of each score; an empty key counts all of its kind."""

    __tablename__ = "rating_tallies"
    __table_args__ = (
        Index(
            "ix_rating_tallies_sites",
            "site_id",
            postgresql_where=text("window_id = '' AND matter_code = ''"),
        ),
        Index(
            "ix_rating_tallies_windows",
            "window_id",
            "site_id",
            postgresql_where=text("window_id <> ''"),
        ),
    )

    site_id: Mapped[str] = mapped_column(primary_key=True)
    window_id: Mapped[str] = mapped_column(primary_key=True)
    matter_code: Mapped[str] = mapped_column(primary_key=True)
    score_1: Mapped[int] = mapped_column(default=0)
    score_2: Mapped[int] = mapped_column(default=0)
    score_3: Mapped[int] = mapped_column(default=0)
    score_4: Mapped[int] = mapped_column(default=0)
    score_5: Mapped[int] = mapped_column(default=0)


class Contact(CaseTables):
    """一次服务: somebody was served at a window, as the hall tells it; what a rating is of."""

    __tablename__ = "contacts"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[str]
    window_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    served_at: Mapped[datetime]
