"""The rows of a case's documents, and of each use of the district's seal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Sequence
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.documents.wording import DocumentKind
from tongban.db import Record
from tongban.ids import new_id

__all__ = ["DOCUMENT_NUMBERS", "Document", "SealUse"]

# One run of numbers per kind; it goes on over the years, and a number drawn in vain is a gap.
DOCUMENT_NUMBERS = {
    kind: Sequence(f"document_numbers_{kind.value}", metadata=CaseTables.metadata)
    for kind in DocumentKind
}


class Document(Record, CaseTables):
    """文书: one sealed document of a case."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_case_id", "case_id", "id"),)

    # Deferred: a document is stored with its case in one flush, in whatever order.
    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    kind: Mapped[DocumentKind]
    number: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    issued_at: Mapped[datetime]
    drawn_up_by: Mapped[str]
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    """The document as it was handed out, its seal with it, encrypted: it tells of a person."""


class SealUse(CaseTables):
    """用印: one use of the district's electronic seal, on a document or a licence."""

    __tablename__ = "seal_uses"
    __table_args__ = (
        CheckConstraint("num_nonnulls(document_id, licence_id) = 1", name="one_thing"),
        Index("ix_seal_uses_document_id", "document_id"),
        Index("ix_seal_uses_licence_id", "licence_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    document_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("documents.id", deferrable=True, initially="DEFERRED")
    )
    licence_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("licences.id", deferrable=True, initially="DEFERRED")
    )
    number: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
