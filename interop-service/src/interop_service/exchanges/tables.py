"""Rows of exchanges: the exchange, who held it when, messages out, receipts both ways, nonces."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.exchanges.rules import (
    DeliveryState,
    FaultOf,
    HopClock,
    Light,
    MessageKind,
    ReceiptKind,
    Side,
    State,
)
from interop_service.partners.rules import Mode
from tongban.db import Record, Sequenced

__all__ = ["Delivery", "Exchange", "Hop", "Nonce", "ReceiptRow", "Reconciliation"]


class Exchange(Record, Sequenced, InteropTables):
    """跨区互通: one case that two districts handle; the same id in both."""

    __tablename__ = "exchanges"
    __table_args__ = (
        Index("ix_exchanges_partner_id", "partner", "id"),
        Index("ix_exchanges_joint_id", "joint_id", postgresql_where=text("joint_id IS NOT NULL")),
        Index("ix_exchanges_due_on", "due_on", postgresql_where=text("due_on IS NOT NULL")),
        Index("ix_exchanges_partner_updated_at", "partner", "updated_at"),
    )

    side: Mapped[Side]
    partner: Mapped[str]
    agreement: Mapped[str | None]
    mode: Mapped[Mode]
    matter_code: Mapped[str]
    is_licence: Mapped[bool] = mapped_column(default=False)
    """Whether the Licensing Law's limits bind its owner."""
    case_id: Mapped[UUID | None]
    near_number: Mapped[str | None]
    near_case_id: Mapped[UUID | None]
    """At the owner: how the near side knows its case."""
    owner_number: Mapped[str | None]
    outcome: Mapped[str | None]
    licence_number: Mapped[str | None]
    """The licence that came with the result: its end is told to the near district."""
    score: Mapped[int | None]
    state: Mapped[State]
    last_fault: Mapped[str | None]

    holder: Mapped[str]
    """The district that has the case in hand: until a receipt is here, whoever sent."""
    held_since: Mapped[datetime]
    handing_over: Mapped[UUID | None]
    """The message whose receipt takes the case out of our hands."""
    clock: Mapped[HopClock | None]
    due_on: Mapped[date | None]
    light: Mapped[Light | None]
    """As it was told last."""

    sent_ordinal: Mapped[int] = mapped_column(default=0)
    """How many messages this district has made for it."""
    taken_ordinal: Mapped[int] = mapped_column(default=0)
    """The last of the partner's messages that was taken here."""

    joint_id: Mapped[UUID | None]
    """多地联办: the exchange that the near side's case knows; the same in each of its parts."""
    concert: Mapped[list[Any]] = mapped_column(default=list)
    """联办进展: at an owner, how the other districts stand, as the near side told it last."""
    remote_help: Mapped[str | None]
    """远程视频帮办: where the two windows meet by video."""
    withdrawal_requested_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    @property
    def is_handing_over(self) -> bool:
        return self.handing_over is not None


class Hop(InteropTables):
    """Which district held the case since when."""

    __tablename__ = "hops"

    exchange_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(Identity(), primary_key=True, autoincrement=True)
    """Given by the database: it rises within an exchange, whose row is locked, with gaps."""
    state: Mapped[State]
    holder: Mapped[str]
    at: Mapped[datetime]
    clock: Mapped[HopClock | None]
    due_on: Mapped[date | None]
    note: Mapped[str | None]


class Delivery(Record, InteropTables):
    """A message to a partner, kept until its signed receipt is here. Its id is the message id."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("exchange_id", "ordinal"),
        Index(
            "ix_deliveries_due",
            "partner",
            "next_attempt_at",
            postgresql_where=text("state = 'due'"),
        ),
        Index("ix_deliveries_dead", "id", postgresql_where=text("state = 'dead'")),
    )

    exchange_id: Mapped[UUID] = mapped_column(ForeignKey("exchanges.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    kind: Mapped[MessageKind]
    partner: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Encrypted at rest; kept for a time after its delivery, for a partner that loses it."""
    digest: Mapped[str]
    """SHA-256 of the plain body, in hex."""
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    last_attempt_at: Mapped[datetime | None]
    last_fault: Mapped[str | None]
    fault_of: Mapped[FaultOf | None]
    """Whose fault the last one was."""
    delivered_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]
    """When a person last had the dead letter sent again: from then on its time counts anew."""


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
    kind: Mapped[ReceiptKind] = mapped_column(default=ReceiptKind.RECEIVED)
    sender: Mapped[str]
    by: Mapped[str]
    digest: Mapped[str]
    digest_algorithm: Mapped[str]
    at: Mapped[datetime]
    signature: Mapped[str]


class Reconciliation(InteropTables):
    """对账: when this district compares with a partner next, and how it went last."""

    __tablename__ = "reconciliations"

    partner: Mapped[str] = mapped_column(primary_key=True)
    wanted_at: Mapped[datetime] = mapped_column(index=True)
    since: Mapped[datetime]
    """What changed after it is compared."""
    run_at: Mapped[datetime | None]
    examined: Mapped[int] = mapped_column(default=0)
    mended: Mapped[int] = mapped_column(default=0)
    last_fault: Mapped[str | None]


class Nonce(InteropTables):
    """A signature's nonce that was seen, kept longer than a signature is good."""

    __tablename__ = "nonces"

    sender: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
