"""Rows of what partners' documents prove here, and of the cases that rest on them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.reliances.vocabulary import ProofState, RelianceState
from tongban.db import Record, Sequenced

__all__ = ["PartnerProof", "Reliance"]


class PartnerProof(CaseTables):
    """Read model: a partner's document that was verified or fetched, and may be relied on."""

    __tablename__ = "partner_proofs"

    proof_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    issuer_district: Mapped[str]
    document_number: Mapped[str]
    counts_as: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[ProofState]
    usable_until: Mapped[datetime]
    valid_until: Mapped[date | None]


class Reliance(Record, Sequenced, CaseTables):
    """采信: a case rests on a document of a partner's for one of its materials."""

    __tablename__ = "reliances"
    __table_args__ = (
        Index("ix_reliances_case_id", "case_id"),
        Index("ix_reliances_state", "state", "id"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    case_number: Mapped[str]
    material_key: Mapped[str]
    material_name: Mapped[str]
    proof_id: Mapped[UUID]
    issuer_district: Mapped[str]
    document_number: Mapped[str]
    counts_as: Mapped[str]
    relied_by: Mapped[str]
    relied_at: Mapped[datetime]
    state: Mapped[RelianceState] = mapped_column(default=RelianceState.STANDING)
    change: Mapped[str | None]
    """What ended it, in the issuer's word: cancelled, rescinded, withdrawn or revoked."""
    effective_from: Mapped[date | None]
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
