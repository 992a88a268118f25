"""Rows of the roll-ups: tallies by day and month, and which of them are to be counted anew."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.statistics.rules import Cut, Span

__all__ = ["CountedMonth", "CountingProgress", "StaleDay", "TallyRow"]


class TallyRow(SiteTables):
    """汇总: what became of a span's tickets, at one site or in the district, for one key."""

    __tablename__ = "tallies"
    __table_args__ = (Index("ix_tallies_starts_on", "starts_on", "span"),)

    site_id: Mapped[str] = mapped_column(primary_key=True)
    """Empty for the whole district."""
    cut: Mapped[Cut] = mapped_column(primary_key=True)
    span: Mapped[Span] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """Which window, business area, hour (`09`), class, or area and hour (`tax/09`); or empty."""
    taken: Mapped[int]
    served: Mapped[int]
    abandoned: Mapped[int]
    no_show: Mapped[int]
    unrecorded: Mapped[int]
    called: Mapped[int]
    cases: Mapped[int]
    wait_seconds: Mapped[int] = mapped_column(BigInteger)
    service_seconds: Mapped[int] = mapped_column(BigInteger)
    service_squares: Mapped[float]
    appointments: Mapped[int]
    appointments_missed: Mapped[int]
    appointment_calls: Mapped[int]
    appointments_on_time: Mapped[int]
    waits: Mapped[dict[str, Any]]
    """How many waited so long, by the histogram's class; classes without anybody are left out."""


class CountedMonth(SiteTables):
    """A month that is over and summed; a day of it counted anew takes it away again."""

    __tablename__ = "counted_months"

    month: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]


class StaleDay(SiteTables):
    """A day on which something changed since it was counted."""

    __tablename__ = "stale_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    noted_at: Mapped[datetime] = mapped_column(server_default=func.statement_timestamp())


class CountingProgress(SiteTables):
    """Until when changes were looked for; one row."""

    __tablename__ = "counting_progress"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))
    looked_until: Mapped[datetime]
    rechecked_on: Mapped[date | None]
    """The day on which the days before were last counted anew, changed or not."""
    counted_at: Mapped[datetime | None]
    """When the last day was counted."""
