"""Read model: the licences that this district issued, as its case-service tells of them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables

__all__ = ["IssuedLicence"]


class IssuedLicence(InteropTables):
    """本区证照: one licence, how it stands, and what it is recognised by; of its holder nothing."""

    __tablename__ = "issued_licences"
    __table_args__ = (
        Index("ix_issued_licences_number", "number"),
        Index("ix_issued_licences_code_sha256", "code_sha256"),
    )

    licence_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str]
    code_sha256: Mapped[str]
    content_sha256: Mapped[str]
    licence_type: Mapped[str]
    state: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    invalid_from: Mapped[date | None]
    ground: Mapped[str | None]
    status_list: Mapped[dict[str, Any]]
