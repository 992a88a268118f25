"""The rows of materials: each file of a case, the bytes kept once, uploads on their way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.duty import Due, due_index
from case_service.materials.rules import MaterialOrigin, ScanState
from tongban.db import Record
from tongban.ids import new_id

__all__ = ["Material", "StoredContent", "Upload", "UploadPart"]


class StoredContent(CaseTables):
    """文件内容: bytes that one or more materials have, stored once and sealed by their own key."""

    __tablename__ = "contents"
    __table_args__ = (
        Index(
            "uq_contents_digest_index",
            "digest_index",
            unique=True,
            postgresql_where=text("condemned_at IS NULL"),
        ),
        Index("ix_contents_used_at", "used_at", postgresql_where=text("condemned_at IS NULL")),
        Index(
            "ix_contents_condemned_at",
            "condemned_at",
            postgresql_where=text("condemned_at IS NOT NULL"),
        ),
        Index(
            "ix_contents_unscanned",
            "scanned_at",
            postgresql_where=text("scan_state IN ('not_scanned', 'failed')"),
        ),
        Index("ix_contents_object_key", "object_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Blind index of the SHA-256: equal bytes are found without telling which bytes they are."""
    size: Mapped[int] = mapped_column(BigInteger)
    object_key: Mapped[str]
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The key of the sealed stream, itself sealed: a new data key re-seals this and no bytes."""
    scan_state: Mapped[ScanState]
    scan_engine: Mapped[str | None]
    scan_signature: Mapped[str | None]
    scanned_at: Mapped[datetime | None]
    used_at: Mapped[datetime]
    """When a material last took it up; the grace before it is collected runs from here."""
    condemned_at: Mapped[datetime | None]
    """When nobody referred to it any more: the bytes go next, the row after them."""


class Material(CaseTables):
    """申请材料: one file handed in for a case."""

    __tablename__ = "materials"
    __table_args__ = (
        Index("ix_materials_case_id", "case_id"),
        Index("ix_materials_content_id", "content_id"),
        CheckConstraint("num_nonnulls(content_id, object_key) = 1", name="bytes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    # Deferred: what came with a case from another district is stored before the case is.
    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    key: Mapped[str]
    name: Mapped[str]
    file_name: Mapped[str | None]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_id: Mapped[UUID | None] = mapped_column(ForeignKey("contents.id"))
    object_key: Mapped[str | None]
    """The object of a file from before contents were kept once: sealed in one piece, by itself."""
    origin: Mapped[MaterialOrigin] = mapped_column(
        default=MaterialOrigin.UPLOAD, server_default=MaterialOrigin.UPLOAD.value
    )
    reused_from: Mapped[UUID | None]
    """The earlier material that it is taken over from, with the consent `consent_id`."""
    consent_id: Mapped[UUID | None]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class DraftMaterial(CaseTables):
    """草稿材料: a file kept with a draft; handed in, it is the case's."""

    __tablename__ = "draft_materials"
    __table_args__ = (
        Index("ix_draft_materials_draft_id", "draft_id"),
        Index("ix_draft_materials_content_id", "content_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("drafts.id", ondelete="CASCADE"))
    key: Mapped[str]
    name: Mapped[str]
    file_name: Mapped[str | None]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_id: Mapped[UUID] = mapped_column(ForeignKey("contents.id"))
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class Upload(Record, Due, CaseTables):
    """续传: a file on its way, piece by piece; it falls due when it expires."""

    __tablename__ = "uploads"
    __table_args__ = (
        due_index("uploads"),
        Index("ix_uploads_case_id", "case_id"),
        Index("ix_uploads_open", "created_by", postgresql_where=text("material_id IS NULL")),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    key: Mapped[str]
    file_name: Mapped[str | None]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    material_id: Mapped[UUID | None]
    """What it became."""


class UploadPart(CaseTables):
    """A piece of an upload, sealed, until the whole is there."""

    __tablename__ = "upload_parts"
    __table_args__ = (Index("ix_upload_parts_object_key", "object_key"),)

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int]
    object_key: Mapped[str]
