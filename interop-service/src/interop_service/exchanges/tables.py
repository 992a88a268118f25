"""Rows of exchanges: the exchange, who held it when, messages out, receipts both ways, nonces."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.exchanges.rules import DeliveryState, FaultOf, MessageKind, Side, State
from tongban.db import Record, Sequenced

__all__ = ["Delivery", "Exchange", "Hop", "Nonce", "ReceiptRow"]


class Exchange(Record, Sequenced, InteropTables):
    """跨区互通: one case that two districts handle; the same id in both."""

    __tablename__ = "exchanges"
    __table_args__ = (Index("ix_exchanges_partner_id", "partner", "id"),)

    side: Mapped[Side]
    partner: Mapped[str]
    agreement: Mapped[str | None]
    mode: Mapped[str]
    matter_code: Mapped[str]
    case_id: Mapped[UUID | None]
    near_number: Mapped[str | None]
    owner_number: Mapped[str | None]
    outcome: Mapped[str | None]
    score: Mapped[int | None]
    state: Mapped[State]
    last_fault: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Hop(InteropTables):
    """Which district held the case since when."""

    __tablename__ = "hops"

    exchange_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[State]
    holder: Mapped[str]
    at: Mapped[datetime]
    note: Mapped[str | None]


class Delivery(Record, InteropTables):
    """A message to a partner, kept until its signed receipt is here. Its id is the message id."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("exchange_id", "ordinal"),
        Index("ix_deliveries_due", "next_attempt_at", postgresql_where=text("state = 'due'")),
    )

    exchange_id: Mapped[UUID] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    kind: Mapped[MessageKind]
    partner: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Encrypted at rest, and gone once delivered."""
    digest: Mapped[str]
    """SHA-256 of the plain body, in hex."""
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    last_attempt_at: Mapped[datetime | None]
    last_fault: Mapped[str | None]
    fault_of: Mapped[FaultOf | None]
    """Whose fault the last one was."""


class ReceiptRow(Record, InteropTables):
    """签收回执: a signed statement that a message was taken; ours and the partners'."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("sender", "message_id"),)

    exchange_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchanges.id", ondelete="CASCADE"), index=True
    )
    receipt_id: Mapped[UUID]
    """The id its issuer gave it; what another district numbers is no key of ours."""
    message_id: Mapped[UUID]
    message_kind: Mapped[MessageKind]
    sender: Mapped[str]
    by: Mapped[str]
    digest: Mapped[str]
    digest_algorithm: Mapped[str]
    at: Mapped[datetime]
    signature: Mapped[str]


class Nonce(InteropTables):
    """A signature's nonce that was seen, kept longer than a signature is good."""

    __tablename__ = "nonces"

    sender: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
