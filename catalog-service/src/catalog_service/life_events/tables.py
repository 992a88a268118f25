"""Life events as they are offered now, and those that wait for a second person."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from catalog_service.database import CatalogTables
from catalog_service.life_events.rules import State
from tongban.db import Sequenced

__all__ = ["LifeEvent", "LifeEventProposal"]


class LifeEvent(Sequenced, CatalogTables):
    """一件事: some matters that one thing in life takes, done as one."""

    __tablename__ = "life_events"
    __table_args__ = (Index("ix_life_events_matters", "matters", postgresql_using="gin"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    owner_district: Mapped[str]
    state: Mapped[State]
    name: Mapped[str]
    english_name: Mapped[str]
    audiences: Mapped[list[str]] = mapped_column(ARRAY(Text))
    matters: Mapped[list[str]] = mapped_column(ARRAY(Text))
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class LifeEventProposal(CatalogTables):
    """待发布的一件事: what an editor imported, until somebody else publishes it."""

    __tablename__ = "life_event_proposals"

    code: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]
    author: Mapped[str]
    proposed_at: Mapped[datetime]
