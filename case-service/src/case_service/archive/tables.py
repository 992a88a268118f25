"""The rows of the archive: files, the schedule of terms, holds, transfers, destructions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.archive.vocabulary import (
    ArchiveState,
    DestructionState,
    HoldGround,
    RetentionClass,
    TransferState,
)
from case_service.database import CaseTables
from case_service.duty import Due, due_index
from tongban.db import Record, Sequenced

__all__ = [
    "ARCHIVE_NUMBERS",
    "ArchiveFile",
    "ArchiveHold",
    "ArchiveTransfer",
    "Destruction",
    "RegisterEntry",
    "RetentionRule",
]

ARCHIVE_NUMBERS = Sequence("archive_numbers", metadata=CaseTables.metadata)


class RetentionRule(Record, CaseTables):
    """保管期限表: one line, about cases of a type, matter, version or outcome."""

    __tablename__ = "retention_rules"
    __table_args__ = (
        UniqueConstraint(
            "matter_type",
            "matter_code",
            "matter_version",
            "outcome",
            name="uq_retention_rules_about",
            postgresql_nulls_not_distinct=True,
        ),
    )

    matter_type: Mapped[str | None]
    matter_code: Mapped[str | None]
    matter_version: Mapped[int | None]
    outcome: Mapped[str | None]
    retention: Mapped[RetentionClass]
    basis: Mapped[str]
    """The rule or the approved schedule that it rests on."""
    changed_by: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ArchiveFile(Record, Sequenced, Due, CaseTables):
    """归档文件: the file of one case, from the case's end until it is destroyed."""

    __tablename__ = "archive_files"
    __table_args__ = (
        due_index("archive_files"),
        Index(
            "ix_archive_files_ending",
            "retention_ends_on",
            "id",
            postgresql_where=text(
                "state IN ('filed', 'transferred') AND retention_ends_on IS NOT NULL"
            ),
        ),
        Index("ix_archive_files_state", "state", "id"),
        Index(
            "ix_archive_files_transfer_id",
            "transfer_id",
            postgresql_where=text("transfer_id IS NOT NULL"),
        ),
        Index(
            "ix_archive_files_destruction_id",
            "destruction_id",
            postgresql_where=text("destruction_id IS NOT NULL"),
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    case_number: Mapped[str]
    matter_code: Mapped[str]
    matter_name: Mapped[str]
    closed_on: Mapped[date]
    state: Mapped[ArchiveState] = mapped_column(default=ArchiveState.WAITING)
    number: Mapped[str | None] = mapped_column(unique=True)
    """档号."""
    retention: Mapped[RetentionClass | None]
    retention_ends_on: Mapped[date | None]
    """The first day on which it is kept no longer; null for ever, or until it is filed."""
    edition: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often it was filed: a case that is reopened is filed anew when it is closed again."""
    filed_at: Mapped[datetime | None]
    sealed_record: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The case and its timeline as they were when it was filed, encrypted."""
    contents: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    """Path, size and SHA-256 of each thing in the file, by ids alone."""
    signature: Mapped[str | None]
    """The seal's JWS over number, edition and the digest of `contents`."""
    transfer_id: Mapped[UUID | None]
    destruction_id: Mapped[UUID | None]
    destroyed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    __mapper_args__ = {"version_id_col": version}


class ArchiveHold(Record, CaseTables):
    """冻结: while it stands, the file is not destroyed."""

    __tablename__ = "archive_holds"
    __table_args__ = (
        Index("ix_archive_holds_file_id", "file_id", postgresql_where=text("lifted_at IS NULL")),
    )

    file_id: Mapped[UUID] = mapped_column(ForeignKey("archive_files.id"))
    ground: Mapped[HoldGround]
    reference: Mapped[str]
    """The number of the review, suit or inspection."""
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]


class ArchiveTransfer(Record, Sequenced, Due, CaseTables):
    """移交: one package of files for the archives, until they acknowledge it."""

    __tablename__ = "archive_transfers"
    __table_args__ = (due_index("archive_transfers"),)

    number: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str]
    """The archives that take it over (档案馆)."""
    state: Mapped[TransferState] = mapped_column(default=TransferState.PREPARING)
    files: Mapped[int]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    object_key: Mapped[str | None]
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    fault: Mapped[str | None]
    """Which file does not agree with what was filed."""
    receipt_number: Mapped[str | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Destruction(Record, Due, CaseTables):
    """销毁清册: files whose term is over, proposed by one person and approved by another."""

    __tablename__ = "destructions"
    __table_args__ = (due_index("destructions"),)

    state: Mapped[DestructionState] = mapped_column(default=DestructionState.PROPOSED)
    files: Mapped[int]
    appraisal: Mapped[str]
    """鉴定意见."""
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why it was not approved."""
    done_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class RegisterEntry(Record, CaseTables):
    """销毁登记: what is left of a destroyed file, for ever; nothing in it is personal."""

    __tablename__ = "destruction_register"
    __table_args__ = (Index("ix_destruction_register_destruction_id", "destruction_id"),)

    destruction_id: Mapped[UUID] = mapped_column(ForeignKey("destructions.id"))
    number: Mapped[str] = mapped_column(unique=True)
    case_number: Mapped[str]
    matter_code: Mapped[str]
    matter_name: Mapped[str]
    retention: Mapped[RetentionClass]
    closed_on: Mapped[date]
    retention_ends_on: Mapped[date]
    contents_sha256: Mapped[str]
    """The digest of the list of what was in it."""
    things: Mapped[int]
    """How many materials and documents were in it."""
    proposed_by: Mapped[str]
    approved_by: Mapped[str]
    destroyed_at: Mapped[datetime]
