"""Every SQL statement about sites, their windows and matters."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause

from site_service.sites.rules import (
    ACCESSIBLE_FACILITY,
    MatterThere,
    Point,
    SiteFilter,
    SiteState,
    WindowKind,
    WindowState,
)
from site_service.sites.tables import (
    Kiosk,
    KnownMatterVersion,
    PartnerMatter,
    Site,
    SiteMatter,
    Window,
)
from tongban.paging import Paging, after

EARTH_RADIUS_M = 6_371_000


def _distance_m(point: Point) -> ColumnElement[int]:
    """Metres from `point` to each site, by the haversine formula."""
    south_north = func.sin(func.radians(Site.latitude - point.latitude) / 2)
    west_east = func.sin(func.radians(Site.longitude - point.longitude) / 2)
    chord = func.power(south_north, 2) + func.cos(func.radians(point.latitude)) * func.cos(
        func.radians(Site.latitude)
    ) * func.power(west_east, 2)
    metres = 2 * EARTH_RADIUS_M * func.asin(func.sqrt(func.least(1.0, chord)))
    return cast(func.round(metres), Integer)


def _conditions(wanted: SiteFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(Site.kind == wanted.kind)
    if wanted.matter_code is not None:
        is_here = SiteMatter.site_id == Site.id, SiteMatter.matter_code == wanted.matter_code
        conditions.append(exists().where(*is_here))
    if wanted.hours is not None:
        conditions += [Site.state == SiteState.OPEN, Site.opening_hours.in_(wanted.hours)]
    if wanted.is_accessible:
        conditions.append(Site.facilities.contains([ACCESSIBLE_FACILITY]))
    return conditions


async def listed(session: AsyncSession, wanted: SiteFilter, paging: Paging) -> Sequence[Site]:
    statement = after(select(Site).where(*_conditions(wanted)), paging, Site.id)
    return (await session.scalars(statement)).all()


async def listed_near(
    session: AsyncSession, wanted: SiteFilter, point: Point, paging: Paging
) -> list[tuple[Site, int]]:
    distance = _distance_m(point)
    statement = select(Site, distance).where(*_conditions(wanted))
    rows = await session.execute(after(statement, paging, distance, Site.id))
    return [(site, metres) for site, metres in rows]


async def all_hours(session: AsyncSession) -> Sequence[str]:
    return (await session.scalars(select(Site.opening_hours).distinct())).all()


async def get(session: AsyncSession, site_id: str) -> Site | None:
    return await session.get(Site, site_id)


async def get_for_update(session: AsyncSession, site_id: str) -> Site | None:
    return await session.get(Site, site_id, with_for_update=True)


async def windows_of(session: AsyncSession, site_id: str) -> Sequence[Window]:
    return (
        await session.scalars(
            select(Window).where(Window.site_id == site_id).order_by(Window.number)
        )
    ).all()


async def kiosks_of(session: AsyncSession, site_id: str) -> Sequence[Kiosk]:
    return (
        await session.scalars(select(Kiosk).where(Kiosk.site_id == site_id).order_by(Kiosk.code))
    ).all()


async def get_window(session: AsyncSession, window_id: UUID) -> Window | None:
    return await session.get(Window, window_id)


async def get_window_for_update(session: AsyncSession, window_id: UUID) -> Window | None:
    return await session.get(Window, window_id, with_for_update=True)


async def count_matters(session: AsyncSession, site_id: str) -> tuple[int, int]:
    """Return how many of the district's own and of partners' matters are handled there."""
    row = (
        await session.execute(
            select(
                func.count().filter(~SiteMatter.is_partner),
                func.count().filter(SiteMatter.is_partner),
            ).where(SiteMatter.site_id == site_id)
        )
    ).one()
    return row[0], row[1]


def _own(code: ColumnElement[str]) -> LateralFromClause:
    """The newest published version of the district's own matter."""
    return (
        select(KnownMatterVersion.name, KnownMatterVersion.area, KnownMatterVersion.handling)
        .where(KnownMatterVersion.code == code, KnownMatterVersion.state == "published")
        .order_by(KnownMatterVersion.version.desc())
        .limit(1)
        .lateral("own")
    )


def _partners(code: ColumnElement[str]) -> LateralFromClause:
    """The partner's matter as it is offered here."""
    return (
        select(
            PartnerMatter.name,
            PartnerMatter.area,
            PartnerMatter.handling,
            PartnerMatter.owner_district,
        )
        .where(PartnerMatter.code == code, PartnerMatter.state == "offered")
        .order_by(PartnerMatter.owner_district)
        .limit(1)
        .lateral("partners")
    )


async def matters_of(
    session: AsyncSession, site_id: str, paging: Paging
) -> Sequence[Mapping[str, Any]]:
    code = SiteMatter.matter_code.expression
    own, partners = _own(code), _partners(code)
    statement = (
        select(
            SiteMatter.matter_code.label("code"),
            SiteMatter.is_partner,
            func.coalesce(own.c.name, partners.c.name).label("name"),
            func.coalesce(own.c.area, partners.c.area).label("area"),
            func.coalesce(own.c.handling, partners.c.handling).label("handling"),
            partners.c.owner_district,
        )
        .outerjoin(own, SiteMatter.is_partner.is_(False))
        .outerjoin(partners, SiteMatter.is_partner.is_(True))
        .where(SiteMatter.site_id == site_id)
    )
    rows = await session.execute(after(statement, paging, SiteMatter.matter_code))
    return [dict(row._mapping) for row in rows]


async def matter_there(session: AsyncSession, site_id: str, matter_code: str) -> MatterThere | None:
    """Return how the matter stands at the site; None where there is no such site."""
    code: ColumnElement[str] = literal(matter_code)
    own, partners = _own(code), _partners(code)
    row = (
        await session.execute(
            select(
                Site.latitude,
                Site.longitude,
                Site.state,
                Site.closed_reason,
                SiteMatter.is_partner,
                own.c.area.label("own_area"),
                partners.c.area.label("partners_area"),
            )
            .select_from(Site)
            .outerjoin(
                SiteMatter,
                (SiteMatter.site_id == Site.id) & (SiteMatter.matter_code == matter_code),
            )
            .outerjoin(own, literal(True))
            .outerjoin(partners, literal(True))
            .where(Site.id == site_id)
        )
    ).one_or_none()
    if row is None:
        return None
    area_there = row.partners_area if row.is_partner else row.own_area
    return MatterThere(
        point=Point(row.latitude, row.longitude),
        state=row.state,
        closed_reason=row.closed_reason,
        # A retired matter, or an offer withdrawn, is handled nowhere.
        is_handled=row.is_partner is not None and area_there is not None,
        is_partner=bool(row.is_partner),
        area=area_there if row.is_partner is not None else row.own_area or row.partners_area,
    )


async def others_with_windows(
    session: AsyncSession,
    matter_code: str,
    area: str,
    *,
    kinds: Collection[WindowKind],
    besides: str,
    near: Point,
    limit: int,
) -> list[tuple[str, str, int]]:
    """Return id, name and distance of the nearest open sites with a window for the matter."""
    distance = _distance_m(near)
    has_window = exists().where(
        Window.site_id == Site.id,
        Window.state == WindowState.OPEN,
        Window.kind.in_(kinds),
        or_(Window.areas.contains([area]), func.cardinality(Window.areas) == 0),
    )
    rows = await session.execute(
        select(Site.id, Site.name, distance)
        .join(SiteMatter, SiteMatter.site_id == Site.id)
        .where(
            SiteMatter.matter_code == matter_code,
            Site.id != besides,
            Site.state == SiteState.OPEN,
            has_window,
        )
        .order_by(distance, Site.id)
        .limit(limit)
    )
    return [(site_id, name, metres) for site_id, name, metres in rows]


async def matters_by_site(
    session: AsyncSession, site_ids: Collection[str]
) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Return each site's own and partners' matter codes."""
    codes = func.array_agg(aggregate_order_by(SiteMatter.matter_code, SiteMatter.matter_code))
    rows = await session.execute(
        select(
            SiteMatter.site_id,
            func.coalesce(codes.filter(~SiteMatter.is_partner), text("'{}'::text[]")),
            func.coalesce(codes.filter(SiteMatter.is_partner), text("'{}'::text[]")),
        )
        .where(SiteMatter.site_id.in_(site_ids))
        .group_by(SiteMatter.site_id)
    )
    return {site_id: (own, partners) for site_id, own, partners in rows}


async def all_sites(session: AsyncSession) -> Sequence[Site]:
    return (await session.scalars(select(Site).order_by(Site.id))).all()
