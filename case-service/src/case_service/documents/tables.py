"""The rows of a case's documents, and of what was verified in vain."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Sequence
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.documents.wording import DocumentKind
from tongban.db import Record

__all__ = ["DOCUMENT_NUMBERS", "Document", "VerificationMiss"]

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
    pdf_key: Mapped[str | None]
    """Where its PDF is kept, encrypted, once it was asked for."""


class VerificationMiss(CaseTables):
    """查验未符: a number and a digest that did not fit: what the limit per number counts."""

    __tablename__ = "verification_misses"
    __table_args__ = (Index("ix_verification_misses_number", "number", "at"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    number: Mapped[str]
    at: Mapped[datetime]
