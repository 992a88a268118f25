"""The rows about people themselves: how they are told, and what they asked about their data."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables
from case_service.notices.languages import Language
from case_service.people.rules import PersonRequest
from tongban.db import Record

__all__ = ["PersonRequestRow", "Preference"]


class Preference(CaseTables):
    """偏好: how an account wants to be told."""

    __tablename__ = "preferences"

    subject: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[Language]
    changed_at: Mapped[datetime]


class PersonRequestRow(Record, CaseTables):
    """个人信息请求: that a person asked for his data, or for its erasure, and what came of it."""

    __tablename__ = "person_requests"
    __table_args__ = (
        Index("ix_person_requests_subject", "subject", "id"),
        Index("ix_person_requests_identity_index", "identity_index", "id"),
    )

    request: Mapped[PersonRequest]
    subject: Mapped[str | None]
    identity_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    requested_by: Mapped[str]
    """Himself, or the clerk before whom he asked."""
    evidence: Mapped[str | None]
    """Number of his written request, where a clerk recorded it."""
    at: Mapped[datetime]
    erased: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How much of what was erased."""
    kept: Mapped[list[Any]] = mapped_column(default=list)
    """What the law keeps, and why: kind, number, reason, until."""
