"""The rows of bundles, and the read model of life events."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from case_service.bundles.rules import BundleState
from case_service.database import CaseTables
from tongban.db import Record, Sequenced

__all__ = ["Bundle", "LifeEvent"]


class LifeEvent(CaseTables):
    """一件事 as the catalog told it."""

    __tablename__ = "life_events"

    code: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    content: Mapped[dict[str, Any]]


class Bundle(Record, Sequenced, CaseTables):
    """联办申请: one application for a life event; its cases name it."""

    __tablename__ = "bundles"
    __table_args__ = (Index("ix_bundles_applicant_subject", "applicant_subject", "id"),)

    number: Mapped[str] = mapped_column(unique=True)
    life_event: Mapped[str]
    name: Mapped[str]
    state: Mapped[BundleState]
    """As it was last told; what is shown is derived from its cases."""
    plan: Mapped[list[Any]]
    """The matters' codes in rounds."""
    after: Mapped[dict[str, Any]]
    """By a matter's code, those that have to be done first."""
    applicant_subject: Mapped[str | None]
    submitted_by: Mapped[str]
    submitted_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    """When the applicant asked for what is ready, not to wait for the rest."""

    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
