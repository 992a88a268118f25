"""Rows of the queue: tickets and the counters that number them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.queue.rules import TicketChannel, TicketState
from tongban.db import Record, Sequenced

__all__ = [
    "ClosedDay",
    "NumberCounter",
    "QueueNote",
    "QueueRules",
    "QueueStream",
    "Ticket",
    "WindowPause",
]


class Ticket(Record, Sequenced, SiteTables):
    """号票: one visitor's turn at a site on one day."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("site_id", "day", "number"),
        Index(
            "ix_tickets_waiting",
            "site_id",
            "day",
            "issued_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        # A window has one visitor at a time, whatever goes wrong elsewhere.
        Index(
            "uq_tickets_at_window",
            "window_id",
            unique=True,
            postgresql_where=text("state IN ('called', 'serving')"),
        ),
        Index("ix_tickets_window_id_called_at", "window_id", "called_at"),
        Index("ix_tickets_served", "site_id", "done_at", postgresql_where=text("state = 'done'")),
        Index(
            "ix_tickets_unfinished",
            "day",
            postgresql_where=text("state IN ('waiting', 'called', 'missed')"),
        ),
        # What the roll-ups look at: which days changed, and all of a day.
        Index("ix_tickets_updated_at", "updated_at"),
        Index("ix_tickets_day", "day"),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    day: Mapped[date]
    number: Mapped[str]
    matter_code: Mapped[str]
    area: Mapped[str]
    is_partner: Mapped[bool]
    is_green: Mapped[bool]
    call_class: Mapped[str] = mapped_column(server_default="ordinary")
    called_as: Mapped[str | None]
    """Its class at its last call: near its time an appointment is called as one."""
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Its place in its class: when its visitor came, or is to come."""
    expected_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """The time of its appointment."""
    appointment_id: Mapped[UUID | None]
    itinerary: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """The visits that follow this one at other windows, each with a ticket when its turn comes."""
    kiosk_code: Mapped[str | None]
    """The kiosk that gave it out while it was off-line."""
    for_window_id: Mapped[UUID | None] = mapped_column(ForeignKey("windows.id"))
    """The one window that a transfer is meant for."""
    foreseen: Mapped[dict[str, Any] | None]
    """The wait that was told when it was taken, in minutes: to be held against what came."""
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    channel: Mapped[TicketChannel]
    state: Mapped[TicketState] = mapped_column(default=TicketState.WAITING)
    taken_by: Mapped[str]
    """The caller's subject: who may see the ticket besides the site's staff."""
    holder_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed by the vault, as is the number below."""
    identity_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    window_id: Mapped[UUID | None] = mapped_column(ForeignKey("windows.id"))
    case_id: Mapped[UUID | None]
    issued_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    serving_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class NumberCounter(SiteTables):
    """The last number given at a site, on a day, with a prefix."""

    __tablename__ = "number_counters"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class WindowPause(SiteTables):
    """暂停服务: a window that calls nobody for a while; gone when it resumes."""

    __tablename__ = "window_pauses"

    window_id: Mapped[UUID] = mapped_column(ForeignKey("windows.id"), primary_key=True)
    reason: Mapped[str | None]
    paused_at: Mapped[datetime]
    paused_by: Mapped[str]


class ClosedDay(SiteTables):
    """停止取号: a day on which a site gives no more tickets."""

    __tablename__ = "closed_days"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]


class QueueRules(SiteTables):
    """A site's own rule of calls; none is the usual one."""

    __tablename__ = "queue_policies"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    policy: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class QueueStream(SiteTables):
    """The number of the last note at a site: its row puts the site's notes in one order."""

    __tablename__ = "queue_streams"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class QueueNote(SiteTables):
    """What displays and phones hear of a queue, numbered without a gap; kept for two days."""

    __tablename__ = "queue_notes"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)
