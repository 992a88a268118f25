"""Rows of the sites, and of what this service knows of the matters handled there."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Computed,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from site_service.database import SiteTables
from site_service.sites.rules import Provenance, SiteKind, SiteState, WindowKind, WindowState
from tongban.db import Record, Sequenced

__all__ = [
    "Boundary",
    "Cube",
    "Kiosk",
    "KnownMatterVersion",
    "PartnerMatter",
    "Site",
    "SiteMatter",
    "SpecialDay",
    "Window",
]


class Cube(UserDefinedType[str]):
    """PostgreSQL's `cube`: here a point on the unit sphere."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "cube"


# So that the migrations' test, which reads the tables back, knows the type.
ischema_names["cube"] = Cube


class Site(Sequenced, SiteTables):
    """网点: a hall, centre, station or point, under a short code of its own."""

    __tablename__ = "sites"
    __table_args__ = (
        Index("ix_sites_place", "place", postgresql_using="gist"),
        Index(
            "ix_sites_closed_until",
            "closed_until",
            postgresql_where=text("closed_until IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[SiteKind] = mapped_column(index=True)
    name: Mapped[str]
    english_name: Mapped[str]
    address: Mapped[str]
    street_code: Mapped[str]
    street: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    """WGS-84, both."""
    place: Mapped[str] = mapped_column(
        Cube,
        Computed(
            "cube(ARRAY[cos(radians(latitude)) * cos(radians(longitude)),"
            " cos(radians(latitude)) * sin(radians(longitude)), sin(radians(latitude))])",
            persisted=True,
        ),
        nullable=True,
        deferred=True,
        deferred_raiseload=True,
    )
    """The point on the unit sphere: chords order as distances do."""
    phone: Mapped[str | None]
    contacts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    opening_hours: Mapped[str]
    extended_hours: Mapped[str | None]
    """延时服务: open beyond the ordinary hours."""
    appointment_hours: Mapped[str | None]
    """预约服务: open for those who booked."""
    parking: Mapped[dict[str, Any] | None]
    transit: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    accepts_cash: Mapped[bool] = mapped_column(server_default=true())
    accepts_paper: Mapped[bool] = mapped_column(server_default=true())
    continues_online: Mapped[bool] = mapped_column(server_default=true())
    """线上线下接续: what was begun online is carried on at a window here."""
    facilities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    green_channel: Mapped[bool]
    provenance: Mapped[Provenance]
    state: Mapped[SiteState] = mapped_column(default=SiteState.OPEN)
    closed_reason: Mapped[str | None]
    closed_until: Mapped[datetime | None]
    """When a temporary closure ends by itself."""
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
    matters: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    faults: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    last_seen_at: Mapped[datetime | None] = mapped_column(index=True)
    """Its last heartbeat (心跳); null where it never told of itself."""


# As the open data's `id_of` makes it of the same names. Codes and ids have no backslash; unlike
# `convert_to`, `decode` is the same in every database, as a stored column asks.
def _open_id(kind: str, *columns: str) -> Computed:
    seed = " || chr(31) || ".join([f"'{kind}'", *columns])
    digest = f"substring(sha256(decode({seed}, 'escape')) from 1 for 16)"
    return Computed(
        f"encode(set_byte(set_byte({digest}, 6, get_byte({digest}, 6) & 15 | 128),"
        f" 8, get_byte({digest}, 8) & 63 | 128), 'hex')::uuid",
        persisted=True,
    )


class SiteMatter(SiteTables):
    """网点办理事项: a matter handled at a site, the district's own or a partner's."""

    __tablename__ = "site_matters"
    __table_args__ = (
        Index("ix_site_matters_matter_code", "matter_code"),
        Index("ix_site_matters_open_id", "open_id"),
    )

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    matter_code: Mapped[str] = mapped_column(primary_key=True)
    is_partner: Mapped[bool]
    depth: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{receive}'"))
    open_id: Mapped[UUID] = mapped_column(
        _open_id("service_at_location", "matter_code", "site_id"),
        nullable=True,
        deferred=True,
        deferred_raiseload=True,
    )
    """By which the open data finds it; its ids there hold the district's code besides."""


class SpecialDay(SiteTables):
    """特殊日期: the hours of one day, whatever the week says."""

    __tablename__ = "special_days"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    hours: Mapped[str]
    note: Mapped[str | None]


class Boundary(SiteTables):
    """区界: within which the district's sites lie."""

    __tablename__ = "boundaries"

    district: Mapped[str] = mapped_column(primary_key=True)
    geometry: Mapped[dict[str, Any]]
    """A GeoJSON Polygon or MultiPolygon, WGS-84."""
    provenance: Mapped[Provenance]


class KnownMatterVersion(SiteTables):
    """A version of a matter of this district, as the catalog told it; the newest counts."""

    __tablename__ = "known_matter_versions"
    __table_args__ = (Index("ix_known_matter_versions_open_id", "open_id"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    name: Mapped[str]
    area: Mapped[str]
    handling: Mapped[str]
    open_id: Mapped[UUID] = mapped_column(
        _open_id("service", "code"), nullable=True, deferred=True, deferred_raiseload=True
    )
    """By which the open data finds it."""


class PartnerMatter(SiteTables):
    """A matter of a partner district that may be handled here, as interop told it."""

    __tablename__ = "partner_matters"
    __table_args__ = (
        Index("ix_partner_matters_code", "code"),
        Index("ix_partner_matters_open_id", "open_id"),
    )

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
    open_id: Mapped[UUID] = mapped_column(
        _open_id("service", "code"), nullable=True, deferred=True, deferred_raiseload=True
    )
    """By which the open data finds it."""
