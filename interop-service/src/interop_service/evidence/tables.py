"""Rows of the message log and of partners' anchors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.evidence.rules import Direction
from tongban.db import Record

__all__ = ["LoggedMessage", "PartnerAnchor"]


class LoggedMessage(Record, InteropTables):
    """报文日志: a message's place in the ledger, by the entry's id, and for a time its body."""

    __tablename__ = "logged_messages"
    __table_args__ = (
        Index("ix_logged_messages_exchange_id", "exchange_id", "id"),
        Index("ix_logged_messages_bodies", "at", postgresql_where=text("sealed_body IS NOT NULL")),
    )

    exchange_id: Mapped[UUID]
    message_id: Mapped[UUID]
    direction: Mapped[Direction]
    kind: Mapped[str] = mapped_column(String(32))
    partner: Mapped[str]
    at: Mapped[datetime]
    sealed_body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """The body as it went, encrypted at rest; gone after `INTEROP_BODIES_KEPT_DAYS`."""


class PartnerAnchor(InteropTables):
    """对方存证: a partner's signed checkpoint, kept so that it can't rewrite its past alone."""

    __tablename__ = "partner_anchors"

    partner: Mapped[str] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[str]
    link: Mapped[str]
    signed_at: Mapped[datetime]
    token: Mapped[str]
    received_at: Mapped[datetime]
    contradicted_by: Mapped[str | None]
    """Another checkpoint of the same place that says otherwise: the partner's log was rewritten."""
