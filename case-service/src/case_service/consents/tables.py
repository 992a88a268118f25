"""The rows of consents."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from case_service.consents.rules import ConsentWay, Purpose
from case_service.database import CaseTables
from tongban.db import Record

__all__ = ["Consent"]


class Consent(Record, CaseTables):
    """授权同意: what one person agreed to; kept after it is over, as the proof that it was."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("num_nonnulls(subject, identity_index) > 0", name="somebody"),
        Index("ix_consents_subject", "subject", "purpose"),
        Index("ix_consents_identity_index", "identity_index", "purpose"),
    )

    subject: Mapped[str | None]
    """The account that agreed."""
    identity_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The person, by the blind index of his number; null where only the account is known."""
    purpose: Mapped[Purpose]
    scope: Mapped[list[Any]]
    """Keys of what it reaches, such as materials or licence types; empty for all of the purpose."""
    way: Mapped[ConsentWay]
    evidence: Mapped[str | None]
    """Number of the paper or the print that is kept."""
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    is_revocable: Mapped[bool]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    recorded_by: Mapped[str]
