"""The rows of the licences that this district issued."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Sequence
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.licences.rules import LicenceState
from tongban.db import Record

__all__ = ["LICENCE_NUMBERS", "Licence"]

LICENCE_NUMBERS = Sequence("licence_numbers", metadata=CaseTables.metadata)


class Licence(Record, CaseTables):
    """电子证照: one licence or certificate, the result of a case."""

    __tablename__ = "licences"
    __table_args__ = (
        Index("ix_licences_case_id", "case_id"),
        Index("ix_licences_holder_index", "holder_index", "licence_type"),
    )

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("cases.id", deferrable=True, initially="DEFERRED")
    )
    number: Mapped[str] = mapped_column(unique=True)
    verification_code: Mapped[str] = mapped_column(unique=True)
    licence_type: Mapped[str]
    name: Mapped[str]
    state: Mapped[LicenceState]
    holder_masked: Mapped[str]
    holder_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The holder, by the blind index of his number; null where he was issued it without one."""
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    """The last day it is valid; null where it has no end."""
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    """The licence as it was handed out, its holder and seal with it, encrypted."""
    seal: Mapped[str]
    """The same seal in the clear, for those who verify: it tells nothing of the holder."""
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Why it was revoked, encrypted: reasons tell of persons."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
