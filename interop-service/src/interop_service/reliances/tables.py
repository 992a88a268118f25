"""Rows of who relied on what, one at each of the two districts, and of disputes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.issued.rules import Ending
from interop_service.reliances.rules import (
    DisputeGround,
    DisputeState,
    RelianceParty,
    RelianceState,
)
from tongban.db import Record, Sequenced

__all__ = ["Dispute", "Reliance"]


class Reliance(Record, Sequenced, InteropTables):
    """采信: a case of one district rests on a document of the other's; the same id in both."""

    __tablename__ = "partner_reliances"
    __table_args__ = (
        Index("ix_partner_reliances_document", "document_number", "party", "partner"),
        Index("ix_partner_reliances_state", "state", "id"),
    )

    party: Mapped[RelianceParty]
    partner: Mapped[str]
    agreement: Mapped[str]
    """Under which the document was verified or fetched: its suite signs what is told."""
    proof_id: Mapped[UUID]
    """The verification or the request for evidence that both districts know."""
    document_number: Mapped[str]
    case_id: Mapped[UUID | None]
    """The relying district's case, known to itself alone."""
    case_number: Mapped[str]
    """Its number, by which both name it."""
    relied_at: Mapped[datetime]
    status_list: Mapped[dict[str, Any] | None]
    """At the relying district, where the licence's bit is in its issuer's public lists."""
    state: Mapped[RelianceState]
    change: Mapped[Ending | None]
    """What ended the document."""
    effective_from: Mapped[date | None]
    changed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """At the relying district, when the issuer receipted that its document was relied on."""
    last_fault: Mapped[str | None]
    """Why the other district did not take a letter about it, and never will."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Dispute(Record, Sequenced, InteropTables):
    """异议: a relying district doubts a document; its issuer upholds or rejects that."""

    __tablename__ = "disputes"
    __table_args__ = (
        Index("ix_disputes_document", "document_number"),
        Index("ix_disputes_open", "due_on", "id", postgresql_where=text("state = 'raised'")),
        Index("ix_disputes_reliance_id", "reliance_id"),
    )

    party: Mapped[RelianceParty]
    partner: Mapped[str]
    reliance_id: Mapped[UUID] = mapped_column(ForeignKey("partner_reliances.id"))
    """In whose letters it travels."""
    document_number: Mapped[str]
    ground: Mapped[DisputeGround]
    sealed_reason: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What either district says, encrypted at rest: reasons tell of persons."""
    state: Mapped[DisputeState]
    raised_at: Mapped[datetime]
    raised_by: Mapped[str]
    due_on: Mapped[date | None]
    """By when the issuer answers; null until it has it."""
    overdue_told_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
