"""Rows of the queue: tickets and the counters that number them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.queue.rules import TicketChannel, TicketState
from tongban.db import Record, Sequenced

__all__ = ["Ticket", "TicketCounter"]


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
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    day: Mapped[date]
    number: Mapped[str]
    matter_code: Mapped[str]
    area: Mapped[str]
    is_partner: Mapped[bool]
    is_green: Mapped[bool]
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
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class TicketCounter(SiteTables):
    """The last number given at a site, on a day, in a class."""

    __tablename__ = "ticket_counters"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_green: Mapped[bool] = mapped_column(primary_key=True)
    last: Mapped[int]
