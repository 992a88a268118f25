"""The basic items, as they came from above, and their claims."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from catalog_service.basic_items.rules import ItemState
from catalog_service.database import CatalogTables
from catalog_service.matters.vocabulary import MatterType

__all__ = ["BasicItem"]


class BasicItem(CatalogTables):
    """基本目录事项: a main matter (主项), or a sub-matter (子项) of the one in `parent`."""

    __tablename__ = "basic_items"

    code: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str | None] = mapped_column(index=True)
    name: Mapped[str]
    matter_type: Mapped[MatterType]
    levels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    legal_basis: Mapped[list[Any]]
    state: Mapped[ItemState]
    source: Mapped[str]
    """Where the list came from: the catalog's name and edition."""
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
