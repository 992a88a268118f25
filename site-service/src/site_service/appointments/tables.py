"""Rows of appointments: who comes when, to which windows, and the quarter hours they take."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.appointments.rules import AppointmentState
from site_service.database import SiteTables
from site_service.queue.rules import TicketChannel
from tongban.db import Record, Sequenced

__all__ = ["Appointment", "AppointmentRules", "BookedQuarter", "Visit"]


class Appointment(Record, Sequenced, SiteTables):
    """预约: a time at a site, for one matter or for all of a life event."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('booked', 'checked_in') OR starts_at IS NOT NULL",
            name="booked_has_a_time",
        ),
        Index("ix_appointments_booked_by", "booked_by", "day"),
        Index(
            "ix_appointments_waiting",
            "site_id",
            "day",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_appointments_next_due_at",
            "next_due_at",
            postgresql_where=text("next_due_at IS NOT NULL"),
        ),
        Index("ix_appointments_updated_at", "updated_at"),
        Index("ix_appointments_day", "day"),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    day: Mapped[date]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    wanted_from: Mapped[datetime]
    wanted_until: Mapped[datetime]
    """Between which times one on the waiting list takes what becomes free."""
    life_event: Mapped[str | None]
    channel: Mapped[TicketChannel]
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    birth_year: Mapped[int | None]
    state: Mapped[AppointmentState]
    booked_by: Mapped[str]
    """The caller's subject: who may see and change it besides the site's staff."""
    holder_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed by the vault, as is the phone below."""
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    checked_in_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    """When it is a no-show, or its waiting lapses; null where nothing is to come."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Visit(SiteTables):
    """One matter of an appointment, at its window."""

    __tablename__ = "visits"
    __table_args__ = (CheckConstraint("quarters BETWEEN 1 AND 16", name="quarters"),)

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"), primary_key=True)
    nth: Mapped[int] = mapped_column(primary_key=True)
    matter_code: Mapped[str]
    area: Mapped[str]
    is_partner: Mapped[bool]
    quarters: Mapped[int]
    window_id: Mapped[UUID | None] = mapped_column(ForeignKey("windows.id"))
    starts_at: Mapped[datetime | None]


class BookedQuarter(SiteTables):
    """A window's quarter hour that is taken: its key is what makes overbooking impossible."""

    __tablename__ = "booked_quarters"

    window_id: Mapped[UUID] = mapped_column(ForeignKey("windows.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"), index=True)


class AppointmentRules(SiteTables):
    """A site's own numbers for appointments; none are the usual ones."""

    __tablename__ = "appointment_policies"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    policy: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
