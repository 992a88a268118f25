"""The rows of who helped whom with a case, and who may act for whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from case_service.assistance.rules import AssistanceMode, Authorisation, AuthorityKind
from case_service.database import CaseTables
from tongban.db import Record

__all__ = ["Assistance", "Authority"]


class Assistance(Record, CaseTables):
    """帮办代办: one named helper's help with a case."""

    __tablename__ = "assistance"
    __table_args__ = (Index("ix_assistance_case_id", "case_id", "id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    mode: Mapped[AssistanceMode]
    helper: Mapped[str]
    """The helper's subject: he neither reviews nor decides this case."""
    helper_name: Mapped[str]
    steps: Mapped[list[Any]]
    authorisation: Mapped[Authorisation | None]
    until: Mapped[date | None]
    """The last day of the authorisation to act."""
    evidence: Mapped[str | None]
    """Number of the paper or the print that is kept."""
    actions: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """What the helper may do in the applicant's stead; empty for all that can be."""
    at: Mapped[datetime]


class Authority(Record, CaseTables):
    """代办授权: one person said that another may act for him, in what, and until when."""

    __tablename__ = "authorities"
    __table_args__ = (
        CheckConstraint("num_nonnulls(principal_subject, principal_index) > 0", name="principal"),
        Index("ix_authorities_agent_subject", "agent_subject", "id"),
        Index("ix_authorities_principal_subject", "principal_subject", "id"),
    )

    kind: Mapped[AuthorityKind]
    principal_subject: Mapped[str | None]
    """The account of whoever gave it; null for one without."""
    principal_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Whoever gave it, by the blind index of his number; null where only the account is known."""
    agent_subject: Mapped[str]
    sealed_agent: Mapped[bytes] = mapped_column(LargeBinary)
    """The agent's name and his relation to the principal, encrypted."""
    matters: Mapped[list[Any]]
    """Codes of the matters it is for; empty for all."""
    actions: Mapped[list[Any]]
    """What the agent may do: submit, upload, correct, withdraw …; empty for all."""
    valid_from: Mapped[date]
    until: Mapped[date]
    way: Mapped[Authorisation]
    evidence: Mapped[str | None]
    """Number of the paper or the print that is kept."""
    given_at: Mapped[datetime]
    recorded_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
