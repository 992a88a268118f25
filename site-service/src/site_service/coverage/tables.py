"""Rows of where people live."""

from datetime import datetime

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.sites.rules import Provenance

__all__ = ["PopulationCell", "PopulationImport"]


class PopulationCell(SiteTables):
    """人口网格: a small place and who lives there, by age."""

    __tablename__ = "population_cells"

    id: Mapped[str] = mapped_column(primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    street_code: Mapped[str]
    street: Mapped[str]
    children: Mapped[int]
    """Under 15."""
    adults: Mapped[int]
    elderly: Mapped[int]
    """60 and more."""
    provenance: Mapped[Provenance]


class PopulationImport(SiteTables):
    """What was imported last; one row."""

    __tablename__ = "population_imports"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    cells: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())
