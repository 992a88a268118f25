"""Rows of the measures for the old, and of the checks of each site."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.elderly.rules import Aspect, Outcome
from site_service.sites.rules import Provenance
from tongban.db import Record, Sequenced

__all__ = ["ElderlyCheck", "ElderlyMeasure", "FamilyAuthorityItem", "FamilyTelling"]


class ElderlyMeasure(SiteTables):
    """适老举措: one of the ten, as the district words it."""

    __tablename__ = "elderly_measures"
    __table_args__ = (CheckConstraint("weight > 0", name="weight"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    nth: Mapped[int]
    aspect: Mapped[Aspect]
    name: Mapped[str]
    english_name: Mapped[str]
    text: Mapped[str]
    english_text: Mapped[str]
    how_checked: Mapped[str]
    """What whoever checks it looks at."""
    evidence_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid_days: Mapped[int]
    weight: Mapped[int]
    applies_to: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Kinds of sites; none are all."""
    basis: Mapped[str]
    provenance: Mapped[Provenance]
    retired_on: Mapped[date | None]


class ElderlyCheck(Record, Sequenced, SiteTables):
    """适老检查: what was found at a site on a day; the newest counts, older ones stay."""

    __tablename__ = "elderly_checks"
    __table_args__ = (
        Index("ix_elderly_checks_newest", "site_id", "measure_code", "checked_at", "id"),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    measure_code: Mapped[str] = mapped_column(ForeignKey("elderly_measures.code"))
    outcome: Mapped[Outcome]
    note: Mapped[str | None]
    evidence: Mapped[list[Any]]
    """Photos and files by address and SHA-256, texts as they are."""
    checked_by: Mapped[str]
    is_self_check: Mapped[bool]
    """Done by the site's own manager (自查)."""
    checked_at: Mapped[datetime]
    valid_until: Mapped[date]
    provenance: Mapped[Provenance]


class FamilyAuthorityItem(SiteTables):
    """亲友代办须知: what a family member brings who acts for somebody."""

    __tablename__ = "family_authority_items"

    code: Mapped[str] = mapped_column(primary_key=True)
    nth: Mapped[int]
    name: Mapped[str]
    english_name: Mapped[str]
    note: Mapped[str]
    is_needed: Mapped[bool]
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Business areas that ask for it; none are all."""
    provenance: Mapped[Provenance]


class FamilyTelling(SiteTables):
    """亲友代办告知: that it was told for a visit, and what; told once."""

    __tablename__ = "family_tellings"

    visit_id: Mapped[UUID] = mapped_column(primary_key=True)
    """A ticket's or an appointment's id."""
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    told_by: Mapped[str]
    told_at: Mapped[datetime]
    items: Mapped[list[Any]]
