"""Rows of helpers: with whom they go along, what they did, and the homes they come to."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.helpers.rules import AccompanimentState, HelpStep, HomeVisitState
from tongban.db import Record, Sequenced

__all__ = [
    "AccompaniedTicket",
    "Accompaniment",
    "AccompanimentStep",
    "HandOver",
    "HomeVisit",
]

GOING = text("state = 'going'")


class Accompaniment(Record, Sequenced, SiteTables):
    """陪办: a helper goes along with one person's whole visit, across windows."""

    __tablename__ = "accompaniments"
    __table_args__ = (
        CheckConstraint(
            "first_ticket_id IS NOT NULL OR appointment_id IS NOT NULL", name="of_a_visit"
        ),
        # Never two helpers on one visit, nor one on two, whatever goes wrong elsewhere.
        Index(
            "uq_accompaniments_appointment",
            "appointment_id",
            unique=True,
            postgresql_where=text("state IN ('planned', 'going')"),
        ),
        Index("uq_accompaniments_helper", "helper_id", unique=True, postgresql_where=GOING),
        Index("ix_accompaniments_site_id", "site_id", "id"),
        Index("ix_accompaniments_helper_day", "helper_id", "day"),
        Index(
            "ix_accompaniments_under_way",
            "day",
            postgresql_where=text("state IN ('planned', 'going')"),
        ),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    day: Mapped[date]
    first_ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))
    of_subject: Mapped[str]
    """Whose visit it is: who took the ticket or booked."""
    helper_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    state: Mapped[AccompanimentState]
    begun_by: Mapped[str]
    begun_at: Mapped[datetime]
    """While it is planned: when the appointment is."""
    ends_at: Mapped[datetime | None]
    """When the appointment that it is planned for ends."""
    ended_at: Mapped[datetime | None]
    note: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class AccompaniedTicket(SiteTables):
    """A ticket of the visit; while it goes on, no other helper goes along with it."""

    __tablename__ = "accompanied_tickets"
    __table_args__ = (
        Index(
            "uq_accompanied_tickets_going",
            "ticket_id",
            unique=True,
            postgresql_where=text("is_going"),
        ),
    )

    accompaniment_id: Mapped[UUID] = mapped_column(
        ForeignKey("accompaniments.id"), primary_key=True
    )
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    is_going: Mapped[bool]


class AccompanimentStep(SiteTables):
    """帮办步骤: what was done on the way, by whom; ticked once."""

    __tablename__ = "accompaniment_steps"

    accompaniment_id: Mapped[UUID] = mapped_column(
        ForeignKey("accompaniments.id"), primary_key=True
    )
    step: Mapped[HelpStep] = mapped_column(primary_key=True)
    helper_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    done_at: Mapped[datetime]


class HandOver(Record, SiteTables):
    """交接: from one helper to another, and why."""

    __tablename__ = "accompaniment_handovers"

    accompaniment_id: Mapped[UUID] = mapped_column(ForeignKey("accompaniments.id"), index=True)
    from_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    reason: Mapped[str]
    handed_by: Mapped[str]
    handed_at: Mapped[datetime]


class HomeVisit(Record, Sequenced, SiteTables):
    """上门服务: a helper comes to somebody who cannot come."""

    __tablename__ = "home_visits"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('scheduled', 'done')"
            " OR (helper_id IS NOT NULL AND starts_at IS NOT NULL AND minutes IS NOT NULL)",
            name="scheduled_has_a_time",
        ),
        Index("ix_home_visits_site_id", "site_id", "id"),
        Index(
            "ix_home_visits_helper",
            "helper_id",
            "starts_at",
            postgresql_where=text("state = 'scheduled'"),
        ),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    matter_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wanted_from: Mapped[date]
    wanted_until: Mapped[date]
    name: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed by the vault, as are the phone and the address."""
    phone: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    requested_by: Mapped[str]
    state: Mapped[HomeVisitState]
    helper_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_members.id"))
    starts_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    steps: Mapped[list[Any]]
    outcome: Mapped[str | None]
    done_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
