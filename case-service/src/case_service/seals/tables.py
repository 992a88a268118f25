"""The rows of seals: the register, the keepers' authorisations, each use."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.seals.rules import SealState
from tongban.db import Record
from tongban.ids import new_id

__all__ = ["RegisteredSeal", "SealAuthorisation", "SealUse"]


class RegisteredSeal(Record, CaseTables):
    """印章名册: one electronic seal and who keeps it."""

    __tablename__ = "seals"

    name: Mapped[str] = mapped_column(unique=True)
    keepers: Mapped[list[Any]] = mapped_column(default=list)
    """Subjects of its keepers (印章保管人)."""
    state: Mapped[SealState] = mapped_column(default=SealState.ACTIVE)

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class SealAuthorisation(Record, CaseTables):
    """用印授权: a keeper's word that these kinds are sealed on these days."""

    __tablename__ = "seal_authorisations"
    __table_args__ = (Index("ix_seal_authorisations_seal_id", "seal_id", "id"),)

    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.id"))
    kinds: Mapped[list[Any]]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    """The last day; null until it is revoked."""
    case_id: Mapped[UUID | None]
    """For the documents of this case alone; null for every case."""
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class SealUse(CaseTables):
    """用印: one use of an electronic seal, on a document or a licence."""

    __tablename__ = "seal_uses"
    __table_args__ = (
        CheckConstraint("num_nonnulls(document_id, licence_id) = 1", name="one_thing"),
        Index("ix_seal_uses_document_id", "document_id"),
        Index("ix_seal_uses_licence_id", "licence_id"),
        Index("ix_seal_uses_seal_id", "seal_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    # Null for what was sealed before the register was kept.
    seal_id: Mapped[UUID | None] = mapped_column(ForeignKey("seals.id"))
    authorisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("seal_authorisations.id"))
    """Under which authorisation; null where a keeper sealed by his own hand."""
    key_id: Mapped[str | None]
    document_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("documents.id", deferrable=True, initially="DEFERRED")
    )
    licence_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("licences.id", deferrable=True, initially="DEFERRED")
    )
    number: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
