"""Rows of requests for evidence, one at each of the two districts, under the same id."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.once_only.rules import EvidenceState, Party
from interop_service.verifications.rules import ProofState
from tongban.db import Record, Sequenced

__all__ = ["EvidenceRequest"]


class EvidenceRequest(Record, Sequenced, InteropTables):
    """证明调取: evidence asked of the district that has it, for one purpose, until a time."""

    __tablename__ = "evidence_requests"
    __table_args__ = (
        Index("ix_evidence_requests_applicant", "applicant_subject", "id"),
        Index("ix_evidence_requests_document", "partner", "document_number"),
        Index(
            "ix_evidence_requests_kept",
            "expires_at",
            postgresql_where=text(
                "state IN ('requested', 'previewed', 'accepted') OR sealed_evidence IS NOT NULL"
            ),
        ),
    )

    party: Mapped[Party]
    partner: Mapped[str]
    agreement: Mapped[str]
    evidence_type: Mapped[str]
    """The provider's word for it."""
    counts_as: Mapped[str]
    """The requester's word for what it counts as."""
    purpose: Mapped[str]
    """The code of the matter that it is for; for no other is it to be used."""
    consent_reference: Mapped[str]
    consent_given_at: Mapped[datetime]
    consent_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """The limit: past it nothing is handed over, and what was is no longer shown."""
    state: Mapped[EvidenceState]
    reasons: Mapped[list[Any]]
    requested_by: Mapped[str]
    applicant_subject: Mapped[str | None]
    """Who asked for himself; null where a window did for him."""
    decided_by: Mapped[str | None]
    """Who gave the applicant's word on the preview: himself, or the window before which he was."""
    sealed_holder: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sealed_preview: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sealed_evidence: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Encrypted at rest, and gone when the request has ended or its time is over."""
    document_number: Mapped[str | None]
    """Which document it was, once it was found: a case that rests on it is told if it ends."""
    valid_until: Mapped[date | None]
    proof_state: Mapped[ProofState | None]
    """At the requester, whether a case may rest on it; null before it was delivered."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
