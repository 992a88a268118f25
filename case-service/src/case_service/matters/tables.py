"""Read models: matters of ours and of partners, and sites, as their owners told them."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from case_service.database import CaseTables

__all__ = ["MatterVersion", "PartnerMatter", "Site"]


class MatterVersion(CaseTables):
    """One published version of a matter of this district."""

    __tablename__ = "matter_versions"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    effective_from: Mapped[date]
    retired_on: Mapped[date | None]
    owner_district: Mapped[str]
    content: Mapped[dict[str, Any]]


class PartnerMatter(CaseTables):
    """A partner's matter that can be applied for here, by agreement."""

    __tablename__ = "partner_matters"

    owner_district: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    agreement: Mapped[str]
    mode: Mapped[str]
    version: Mapped[int]
    forward_within_days: Mapped[int]
    content: Mapped[dict[str, Any]]


class Site(CaseTables):
    """A hall, centre, station or point that receives cases."""

    __tablename__ = "sites"

    site_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
