"""The rows of supervision: orders, daily digests, and what an amended calendar moved."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.cases.clock import Clock
from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.supervision.rules import OrderState, RecomputationState
from tongban.db import Record

__all__ = ["Digest", "MovedDeadline", "Order", "Recomputation"]


class Order(Record, Due, CaseTables):
    """督办单: raised once for a case and the clock that went red, until somebody answers."""

    __tablename__ = "supervision_orders"
    __table_args__ = (
        UniqueConstraint("case_id", "clock"),
        due_index("supervision_orders"),
        Index(
            "ix_supervision_orders_open",
            "post",
            "id",
            postgresql_where=text("answered_at IS NULL"),
        ),
        Index("ix_supervision_orders_site_id", "site_id", "id"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    case_number: Mapped[str]
    matter_name: Mapped[str]
    site_id: Mapped[str | None]
    department: Mapped[str | None]
    clock: Mapped[Clock]
    was_due_on: Mapped[date]
    raised_at: Mapped[datetime]
    level: Mapped[int] = mapped_column(default=0)
    """How often it was handed up."""
    post: Mapped[str]
    """Who has to answer it now: a post of the escalation chain."""
    answer_due_on: Mapped[date]
    state: Mapped[OrderState] = mapped_column(default=OrderState.OPEN)
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    history: Mapped[list[Any]] = mapped_column(default=list)
    """Each post that had it: post, since when, and until when it had to answer."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Digest(CaseTables):
    """督办日报: how a department's open cases stood at the beginning of a day."""

    __tablename__ = "supervision_digests"

    day: Mapped[date] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(primary_key=True)
    """Empty for the district as a whole."""
    green: Mapped[int]
    yellow: Mapped[int]
    red: Mapped[int]
    open_orders: Mapped[int]
    overdue: Mapped[list[Any]] = mapped_column(default=list)
    """The red ones, longest overdue first: number, matter, site, clock and due date."""
    made_at: Mapped[datetime]


class Recomputation(Record, Due, CaseTables):
    """时限重算: the open deadlines reckoned anew after the calendar of a year changed."""

    __tablename__ = "recomputations"
    __table_args__ = (
        UniqueConstraint("year", "calendar_sequence"),
        due_index("recomputations"),
    )

    year: Mapped[int]
    calendar_sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[RecomputationState] = mapped_column(default=RecomputationState.RUNNING)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    reached: Mapped[UUID | None]
    """The last case looked at; the next part goes on behind it."""
    examined: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)


class MovedDeadline(CaseTables):
    """A case whose deadlines a recomputation moved, with each date before and after."""

    __tablename__ = "moved_deadlines"

    recomputation_id: Mapped[UUID] = mapped_column(
        ForeignKey("recomputations.id", ondelete="CASCADE"), primary_key=True
    )
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    moved: Mapped[dict[str, Any]]
