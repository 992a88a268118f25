"""Rows of the sites, and of what this service knows of the matters handled there."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.sites.rules import Provenance, SiteKind, SiteState, WindowKind, WindowState
from tongban.db import Record, Sequenced

__all__ = [
    "Kiosk",
    "KnownMatterVersion",
    "PartnerMatter",
    "Site",
    "SiteMatter",
    "Window",
]


class Site(Sequenced, SiteTables):
    """网点: a hall, centre, station or point, under a short code of its own."""

    __tablename__ = "sites"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[SiteKind] = mapped_column(index=True)
    name: Mapped[str]
    english_name: Mapped[str]
    address: Mapped[str]
    street_code: Mapped[str]
    street: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    phone: Mapped[str | None]
    opening_hours: Mapped[str]
    facilities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    green_channel: Mapped[bool]
    provenance: Mapped[Provenance]
    state: Mapped[SiteState] = mapped_column(default=SiteState.OPEN)
    closed_reason: Mapped[str | None]
    content_digest: Mapped[str]
    """SHA-256 of what was imported: the same again changes nothing and tells nobody."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Window(Record, SiteTables):
    """窗口: where tickets are called."""

    __tablename__ = "windows"
    __table_args__ = (UniqueConstraint("site_id", "number"),)

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    number: Mapped[str]
    kind: Mapped[WindowKind]
    name: Mapped[str]
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[WindowState] = mapped_column(default=WindowState.OPEN)


class Kiosk(SiteTables):
    """自助终端: what can be done without a window."""

    __tablename__ = "kiosks"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]
    functions: Mapped[list[str]] = mapped_column(ARRAY(Text))


class SiteMatter(SiteTables):
    """网点办理事项: a matter handled at a site, the district's own or a partner's."""

    __tablename__ = "site_matters"
    __table_args__ = (Index("ix_site_matters_matter_code", "matter_code"),)

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    matter_code: Mapped[str] = mapped_column(primary_key=True)
    is_partner: Mapped[bool]


class KnownMatterVersion(SiteTables):
    """A version of a matter of this district, as the catalog told it; the newest counts."""

    __tablename__ = "known_matter_versions"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    name: Mapped[str]
    area: Mapped[str]
    handling: Mapped[str]


class PartnerMatter(SiteTables):
    """A matter of a partner district that may be handled here, as interop told it."""

    __tablename__ = "partner_matters"
    __table_args__ = (Index("ix_partner_matters_code", "code"),)

    owner_district: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    state: Mapped[str]
    agreement: Mapped[str]
    mode: Mapped[str]
    name: Mapped[str]
    area: Mapped[str]
    handling: Mapped[str]
