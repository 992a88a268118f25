"""Rows of questions about licences, ours and the partners', and of partners' status lists."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from interop_service.database import InteropTables
from interop_service.issued.rules import Standing
from interop_service.verifications.rules import (
    ProofState,
    VerificationParty,
    VerificationState,
)
from tongban.db import Record, Sequenced

__all__ = ["LicenceVerification", "StatusListCopy"]


class LicenceVerification(Record, Sequenced, InteropTables):
    """证照查验: a question about one licence, and its issuer's signed answer, at both districts."""

    __tablename__ = "licence_verifications"
    __table_args__ = (
        Index("ix_licence_verifications_number", "partner", "number"),
        Index(
            "ix_licence_verifications_asked",
            "expires_at",
            postgresql_where=text("state = 'asked'"),
        ),
    )

    party: Mapped[VerificationParty]
    partner: Mapped[str]
    agreement: Mapped[str]
    licence_type: Mapped[str]
    """The issuer's word for it."""
    counts_as: Mapped[str]
    """The asker's word for what it counts as."""
    purpose: Mapped[str]
    """The code of the matter that it is asked for."""
    number: Mapped[str | None]
    """As it was shown, then as the issuer answered."""
    expires_at: Mapped[datetime]
    state: Mapped[VerificationState]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    """Why it was refused, or what speaks against the licence."""
    asked_by: Mapped[str]
    standing: Mapped[Standing | None]
    content_matches: Mapped[bool | None]
    """Whether what was shown is what was issued; null where nothing was shown but a number."""
    is_disputed: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    invalid_from: Mapped[date | None]
    as_of: Mapped[datetime | None]
    """The moment that the answer is about."""
    answer: Mapped[str | None]
    """The issuer's answer as it signed it, a compact JWS: evidence that needs no message log."""
    status_list: Mapped[dict[str, Any] | None]
    """Where the licence's bit is in the issuer's public lists: `idx` and `path`."""
    proof_state: Mapped[ProofState | None]
    """At the asker, whether a case may rest on it; null where it never could."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class StatusListCopy(Record, InteropTables):
    """状态列表副本: a partner's public status list, as it signed it."""

    __tablename__ = "status_list_copies"
    __table_args__ = (UniqueConstraint("partner", "path"),)

    partner: Mapped[str]
    path: Mapped[str]
    token: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Past it the copy says nothing any more."""
    fetched_at: Mapped[datetime]
