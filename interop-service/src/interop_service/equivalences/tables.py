"""Rows of the register of what counts as equal, and of what it said before."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.equivalences.rules import EquivalentKind
from tongban.db import Record

__all__ = ["Equivalence", "EquivalenceVersion"]


class Equivalence(Record, InteropTables):
    """互认目录: under an agreement a type of the partner's counts as one of ours."""

    __tablename__ = "equivalences"
    __table_args__ = (UniqueConstraint("agreement", "kind", "our_type", "their_type"),)

    partner: Mapped[str] = mapped_column(index=True)
    agreement: Mapped[str]
    kind: Mapped[EquivalentKind]
    our_type: Mapped[str]
    their_type: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    """The last day on which it counts; null where it has no end."""
    basis: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class EquivalenceVersion(InteropTables):
    """互认目录沿革: what a line said, since when, and by whom."""

    __tablename__ = "equivalence_versions"

    equivalence_id: Mapped[UUID] = mapped_column(
        ForeignKey("equivalences.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    basis: Mapped[str]
    kept_at: Mapped[datetime]
    kept_by: Mapped[str]
