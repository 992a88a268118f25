"""The kernel's own tables, alike in every service's database.

Their migrations are the kernel's branch (`tongban/migrations`); a service's own come after it.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tongban.db import Tables, new_metadata
from tongban.ids import new_id
from tongban.ledger import LedgerEntryColumns
from tongban.workdays import DayKind

__all__ = [
    "CalendarDayRow",
    "CalendarYearRow",
    "DeadLetter",
    "IdempotencyRow",
    "InboxRow",
    "KernelTables",
    "LedgerCheckpointRow",
    "LedgerRow",
    "OutboxRow",
    "PendingRow",
    "ProjectionGeneration",
    "StepPosition",
]


class KernelTables(Tables):
    """Base of the tables that every service has."""

    __abstract__ = True
    metadata = new_metadata()


class OutboxRow(KernelTables):
    """An event that waits for the relay, or was relayed within the last seven days."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unrelayed", "position", postgresql_where=text("relayed_at IS NULL")),
        Index("ix_outbox_relayed", "relayed_at", postgresql_where=text("relayed_at IS NOT NULL")),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(default=new_id)
    aggregate: Mapped[str]
    """`<service>.<aggregate>.<key>`: what keeps its order."""
    sequence: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    subject: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trace: Mapped[str | None]
    at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]


class InboxRow(KernelTables):
    """An event that had its effect here: what makes a second delivery harmless."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_at", "at"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    handler: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PendingRow(KernelTables):
    """An event that came before what it needs; applied as soon as that is there."""

    __tablename__ = "pending"
    __table_args__ = (Index("ix_pending_waits_for", "waits_for"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    handler: Mapped[str] = mapped_column(primary_key=True)
    waits_for: Mapped[str]
    envelope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StepPosition(KernelTables):
    """The last step of an aggregate of another service that was applied here."""

    __tablename__ = "step_positions"

    handler: Mapped[str] = mapped_column(primary_key=True)
    aggregate: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class DeadLetter(KernelTables):
    """A message that could not be applied, with the reason; an operator mends and replays it."""

    __tablename__ = "dead_letters"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    handler: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    replayed_at: Mapped[datetime | None]


class ProjectionGeneration(KernelTables):
    """Which generation of a projection is live; a rebuild makes the next."""

    __tablename__ = "projection_generations"

    projection: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int]


class IdempotencyRow(KernelTables):
    """The answer a key was given, so that a retry gets the same one; kept for 24 hours."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_at", "at"),)

    subject: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: answers may hold personal data."""
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LedgerRow(LedgerEntryColumns, KernelTables):
    """The service's tamper-evident log."""

    __tablename__ = "ledger"


class LedgerCheckpointRow(KernelTables):
    """A signed statement of the ledger's length and last hash."""

    __tablename__ = "ledger_checkpoints"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    signature: Mapped[str]


class CalendarYearRow(KernelTables):
    """A year of the working-day calendar, and whether its holidays are published."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True)
    is_published: Mapped[bool]
    sequence: Mapped[int] = mapped_column(BigInteger, default=0)


class CalendarDayRow(KernelTables):
    """A day that is not what its weekday says: a holiday, or a make-up working day (调休)."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[DayKind]
    name: Mapped[str | None]
