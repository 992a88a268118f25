"""Rows of files: those on their way or here, the objects that they are, and what waits for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.exchanges.rules import MessageKind
from interop_service.files.rules import FileDirection
from tongban.db import Record

__all__ = ["DeliveryFile", "ExchangeFile", "FilePieceRow", "WaitingFile", "WaitingMessage"]


class ExchangeFile(Record, InteropTables):
    """材料文件: sealed bytes that go between this district and one partner, once."""

    __tablename__ = "exchange_files"
    __table_args__ = (
        UniqueConstraint("direction", "partner", "digest"),
        Index(
            "ix_exchange_files_plain_index",
            "partner",
            "plain_index",
            postgresql_where=text("plain_index IS NOT NULL"),
        ),
        Index("ix_exchange_files_used_at", "used_at"),
    )

    direction: Mapped[FileDirection]
    partner: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the bytes as they travel, in hex."""
    size: Mapped[int] = mapped_column(BigInteger)
    reached: Mapped[int] = mapped_column(BigInteger, default=0)
    """So many bytes are at the receiver, as far as is known here."""
    whole_at: Mapped[datetime | None]
    """When the receiver had all of it, and found that it is what it should be."""
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """The key that opens it, with size and digest of what is inside; itself sealed."""
    plain_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Outgoing: a blind index of what is inside, by which the same file is found again."""
    used_at: Mapped[datetime]
    """When a message last named it, or a chunk of it came."""
    taken_until: Mapped[datetime | None]
    """Outgoing: until then one worker sends it, and no other."""
    last_fault: Mapped[str | None]


class FilePieceRow(InteropTables):
    """An object of a file."""

    __tablename__ = "file_pieces"
    __table_args__ = (Index("ix_file_pieces_object_key", "object_key"),)

    file_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchange_files.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int]
    object_key: Mapped[str]


class DeliveryFile(InteropTables):
    """A file that a message of ours names."""

    __tablename__ = "delivery_files"
    __table_args__ = (Index("ix_delivery_files_file_id", "file_id"),)

    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )
    file_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchange_files.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )


class WaitingMessage(Record, InteropTables):
    """待文件消息: a partner's proven message that is kept until its files are all here."""

    __tablename__ = "waiting_messages"
    __table_args__ = (UniqueConstraint("sender", "message_id"),)

    sender: Mapped[str]
    message_id: Mapped[UUID]
    exchange_id: Mapped[UUID]
    kind: Mapped[MessageKind]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Body and request, encrypted at rest."""
    digest: Mapped[str]
    digest_algorithm: Mapped[str]


class WaitingFile(InteropTables):
    """A file that a waiting message names."""

    __tablename__ = "waiting_files"
    __table_args__ = (Index("ix_waiting_files_file_id", "file_id"),)

    waiting_id: Mapped[UUID] = mapped_column(
        ForeignKey(
            "waiting_messages.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
        primary_key=True,
    )
    file_id: Mapped[UUID] = mapped_column(
        ForeignKey("exchange_files.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )
