"""Rows of letters out and of their receipts both ways."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.exchanges.rules import DeliveryState, FaultOf
from interop_service.letters.rules import LetterKind
from interop_service.suites import Suite
from tongban.db import Record

__all__ = ["Letter", "LetterReceipt"]


class Letter(Record, InteropTables):
    """函件: a message to a partner, kept until its receipt is here. Its id is the message id."""

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("exchange_id", "ordinal"),
        Index("ix_letters_due", "next_attempt_at", postgresql_where=text("state = 'due'")),
        Index("ix_letters_dead", "id", postgresql_where=text("state = 'dead'")),
    )

    exchange_id: Mapped[UUID]
    """What the letters are about, in their order: the id that both districts know."""
    ordinal: Mapped[int]
    kind: Mapped[LetterKind]
    partner: Mapped[str]
    agreement: Mapped[str | None]
    """Under which it goes: what that says of the suite counts when it is sent."""
    suite: Mapped[Suite]
    """What its agreement said when it was written."""
    path: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Encrypted at rest, and gone once delivered, refused or given up; a dead letter has it."""
    not_after: Mapped[datetime | None]
    """Past it the letter must not go any more."""
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    last_attempt_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]
    """When a person had it sent again: its time to arrive counts from then."""
    last_fault: Mapped[str | None]
    fault_of: Mapped[FaultOf | None]


class LetterReceipt(Record, InteropTables):
    """函件回执: the signed receipt of a letter, ours and the partners'."""

    __tablename__ = "letter_receipts"
    __table_args__ = (UniqueConstraint("sender", "message_id"),)

    exchange_id: Mapped[UUID] = mapped_column(index=True)
    message_id: Mapped[UUID]
    kind: Mapped[LetterKind]
    sender: Mapped[str]
    signed: Mapped[dict[str, Any]]
    """The receipt and its signature, as they went."""
