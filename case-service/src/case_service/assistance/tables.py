"""The rows of who helped whom with a case."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_service.assistance.rules import AssistanceMode, Authorisation
from case_service.database import CaseTables
from tongban.db import Record

__all__ = ["Assistance"]


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
    at: Mapped[datetime]
