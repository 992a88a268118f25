"""Matters, their versions, and the two lists of what can be applied for here."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from catalog_service.database import CatalogTables
from catalog_service.matters.measures import Measured
from catalog_service.matters.rules import State
from tongban.db import Record, Sequenced

__all__ = [
    "Listed",
    "Matter",
    "MatterSite",
    "MatterVersion",
    "PartnerMatter",
    "PublishedMatter",
    "SearchLine",
]


def _alike(name: str, column: str) -> Index:
    """Return the index that tells what is spelt alike."""
    return Index(name, column, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})


def _found_by(table: str) -> list[Index]:
    """Return the indexes that the search and the suggestions of a list read."""
    return [
        Index(f"ix_{table}_analyser", "analyser"),
        # Without the pending list: a search right after an import costs what it always costs.
        Index(
            f"ix_{table}_lexemes",
            "lexemes",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        *(
            Index(f"ix_{table}_{column}", column, postgresql_ops={column: "text_pattern_ops"})
            for column in ("name_key", "pinyin", "initials")
        ),
    ]


class Matter(CatalogTables):
    """事项: what stays the same through all its versions."""

    __tablename__ = "matters"

    code: Mapped[str] = mapped_column(primary_key=True)
    owner_district: Mapped[str]
    last_version: Mapped[int] = mapped_column(default=0)
    current_version: Mapped[int | None]
    """The version in force; null before the first publication and after retirement."""
    retired_on: Mapped[date | None]
    """Since when the matter is out of force for good: its code is not used anew."""
    version: Mapped[int] = mapped_column()  # the ETag of what is in force
    __mapper_args__ = {"version_id_col": version}


class MatterVersion(Record, Sequenced, Measured, CatalogTables):
    """实施清单版本: a draft, or what was published and never changes again.

    Valid from `effective_from` until the day before `retired_on`, which may be planned ahead.
    """

    __tablename__ = "matter_versions"
    __table_args__ = (
        UniqueConstraint("code", "number"),
        Index(
            "uq_matter_versions_draft",
            "code",
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted')"),
        ),
        Index(
            "ix_matter_versions_planned",
            "effective_from",
            postgresql_where=text("state = 'planned'"),
        ),
        Index(
            "uq_matter_versions_published",
            "code",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        # No two versions of a matter are valid on one day, whatever the code above this did.
        ExcludeConstraint(
            ("code", "="),
            (text("daterange(effective_from, retired_on)"), "&&"),
            name="ex_matter_versions_validity",
            using="gist",
            where=text("effective_from IS NOT NULL"),
        ),
    )

    code: Mapped[str] = mapped_column(ForeignKey("matters.code"))
    number: Mapped[int]
    """The version's number, from 1; `version` is the row's ETag."""
    state: Mapped[State]
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]
    author: Mapped[str]
    submitted_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    publisher: Mapped[str | None]
    effective_from: Mapped[date | None]
    retired_on: Mapped[date | None]
    superseded_by: Mapped[int | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Listed:
    """What the list shows of a matter, and what it is found by."""

    owner_district: Mapped[str]
    name: Mapped[str]
    english_name: Mapped[str]
    matter_type: Mapped[str]
    handling: Mapped[str]
    area: Mapped[str]
    audiences: Mapped[list[str]] = mapped_column(ARRAY(Text))
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    body_name: Mapped[str]
    statutory_days: Mapped[int]
    statutory_unit: Mapped[str] = mapped_column(server_default=text("'working_days'"))
    promised_days: Mapped[int]
    required_materials: Mapped[int]
    name_key: Mapped[str]
    pinyin: Mapped[str]
    initials: Mapped[str]
    lexemes: Mapped[str] = mapped_column(TSVECTOR)
    search_text: Mapped[str]
    """Each way in which it is written or spoken, on a line of its own."""
    analyser: Mapped[int] = mapped_column(server_default="0")
    """What made the columns that the search reads: `search.ANALYSER` of its time."""
    life_stages: Mapped[list[str]] = mapped_column(ARRAY(Text))


class PublishedMatter(Listed, CatalogTables):
    """在施事项: a matter of ours that is in force, flattened for lists, search and metrics."""

    __tablename__ = "published_matters"
    __table_args__ = (*_found_by("published_matters"),)

    code: Mapped[str] = mapped_column(ForeignKey("matters.code"), primary_key=True)
    number: Mapped[int]
    concentrated: Mapped[bool]
    body_kind: Mapped[str]
    handling_scope: Mapped[str]
    baseline_as_of: Mapped[date | None]
    baseline_materials: Mapped[int | None]


class SearchLine(CatalogTables):
    """检索词形: a way in which some matter of ours is written or spoken, however many have it.

    A slip is sought here, not in each matter: hundreds share a name. A line stays when its last
    matter goes, and then leads to none. It is not unique: transactions that bring it at the same
    time need not wait for each other, and a copy does no harm.
    """

    __tablename__ = "search_lines"
    __table_args__ = (_alike("ix_search_lines_alike", "line"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    line: Mapped[str] = mapped_column(index=True)


class PartnerMatter(Listed, CatalogTables):
    """跨区事项: a partner's matter that an agreement lets people apply for here."""

    __tablename__ = "partner_matters"
    __table_args__ = (
        Index("ix_partner_matters_code", "code"),
        _alike("ix_partner_matters_search_text", "search_text"),
        *_found_by("partner_matters"),
    )

    owner_district: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    sequence: Mapped[int] = mapped_column(BigInteger)
    is_offered: Mapped[bool]
    agreement: Mapped[str]
    mode: Mapped[str]
    forward_within_days: Mapped[int | None]
    content: Mapped[dict[str, Any]]


class MatterSite(CatalogTables):
    """办理点: a site, as far as it handles matters."""

    __tablename__ = "matter_sites"
    __table_args__ = (
        Index("ix_matter_sites_matters", "matters", postgresql_using="gin"),
        Index("ix_matter_sites_partner_matters", "partner_matters", postgresql_using="gin"),
    )

    site_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    name: Mapped[str]
    is_open: Mapped[bool]
    matters: Mapped[list[str]] = mapped_column(ARRAY(Text))
    partner_matters: Mapped[list[str]] = mapped_column(ARRAY(Text))
