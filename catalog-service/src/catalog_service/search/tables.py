"""Synonyms, and how often each matter is asked for."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, Text

from catalog_service.database import CatalogTables

__all__ = ["MatterDemand", "SearchSynonym", "SynonymTable"]


class SynonymTable(CatalogTables):
    """同义词表: the district's table as a whole, for its ETag."""

    __tablename__ = "synonym_tables"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]


class SearchSynonym(CatalogTables):
    """同义词: what a word means, under each key that it is typed as."""

    __tablename__ = "search_synonyms"

    key: Mapped[str] = mapped_column(primary_key=True)
    """The word's letters, or its pinyin."""
    word: Mapped[str] = mapped_column(primary_key=True)
    means: Mapped[list[str]] = mapped_column(ARRAY(Text))


class MatterDemand(CatalogTables):
    """事项热度: cases submitted, each worth half as much after `rules.HALF_LIFE`."""

    __tablename__ = "matter_demand"

    owner_district: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    cases: Mapped[float] = mapped_column(Double)
    as_of: Mapped[datetime]
