"""Bulk publications and how far each is."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from catalog_service.database import CatalogTables
from catalog_service.publications.rules import PublicationState
from tongban.db import Record

__all__ = ["Publication"]


class Publication(Record, CatalogTables):
    """批量发布: which versions one person publishes together, and what came of it."""

    __tablename__ = "publications"
    __table_args__ = (
        Index("ix_publications_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    state: Mapped[PublicationState]
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    effective_from: Mapped[date]
    publisher: Mapped[str]
    total: Mapped[int]
    done: Mapped[int]
    faults: Mapped[list[Any]]
    finished_at: Mapped[datetime | None]
