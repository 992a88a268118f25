"""Every SQL statement about sites, their windows and matters."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Float,
    Integer,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause

from site_service.sites.places import chord_of
from site_service.sites.rules import (
    ACCESSIBLE_FACILITY,
    PARKING_FACILITY,
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
from site_service.sites.vocabulary import Depth
from tongban.paging import Paging, after

EARTH_RADIUS_M = 6_371_000


def _on_sphere(point: Point) -> ColumnElement[str]:
    return func.cube(
        array(
            [
                literal(math.cos(math.radians(point.latitude)) * x, Float)
                for x in (
                    math.cos(math.radians(point.longitude)),
                    math.sin(math.radians(point.longitude)),
                )
            ]
            + [literal(math.sin(math.radians(point.latitude)), Float)]
        )
    )


def _chord(point: Point) -> ColumnElement[float]:
    """The straight way through the unit sphere from `point`: the index walks by it."""
    return Site.place.expression.op("<->", return_type=Float())(_on_sphere(point))


def _metres(chord: ColumnElement[float]) -> ColumnElement[int]:
    on_ground = 2 * EARTH_RADIUS_M * func.asin(func.least(1.0, chord / 2))
    return cast(func.round(on_ground), Integer)


def distance_m(point: Point) -> ColumnElement[int]:
    """Metres from `point` to each site, along the ground."""
    return _metres(_chord(point))


def _conditions(wanted: SiteFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.drafts_of is not None:
        is_seen = Site.state != SiteState.DRAFT
        mine = Site.id.in_(wanted.drafts_of)
        conditions.append(or_(is_seen, mine) if wanted.drafts_of else is_seen)
    if wanted.only is not None:
        conditions.append(Site.id == wanted.only)
    if wanted.kind is not None:
        conditions.append(Site.kind == wanted.kind)
    if wanted.matter_code is not None:
        is_here = [SiteMatter.site_id == Site.id, SiteMatter.matter_code == wanted.matter_code]
        if wanted.depth is not None:
            is_here.append(SiteMatter.depth.contains([wanted.depth]))
        conditions.append(exists().where(*is_here))
    if wanted.hours is not None:
        is_open = or_(Site.opening_hours.in_(wanted.hours), Site.extended_hours.in_(wanted.hours))
        by_week = is_open & Site.id.not_in(wanted.special)
        conditions.append(or_(by_week, Site.id.in_(wanted.special_open)))
    if wanted.serves_at is not None:
        reopens = (Site.state == SiteState.CLOSED) & (Site.closed_until <= wanted.serves_at)
        conditions.append(or_(Site.state == SiteState.OPEN, reopens))
    if wanted.is_accessible:
        conditions.append(Site.facilities.contains([ACCESSIBLE_FACILITY]))
    if wanted.has_parking:
        has_spaces = Site.parking["spaces"].as_integer() > 0
        conditions.append(or_(Site.facilities.contains([PARKING_FACILITY]), has_spaces))
    return conditions


async def listed(session: AsyncSession, wanted: SiteFilter, paging: Paging) -> Sequence[Site]:
    statement = after(select(Site).where(*_conditions(wanted)), paging, Site.id)
    return (await session.scalars(statement)).all()


async def listed_near(
    session: AsyncSession, wanted: SiteFilter, point: Point, paging: Paging
) -> list[tuple[Site, int, float]]:
    """Return sites with their distance and, to page by, their chord, nearest first."""
    chord = _chord(point)
    statement = select(Site, _metres(chord), chord).where(*_conditions(wanted))
    rows = await session.execute(after(statement, paging, chord, Site.id))
    return [(site, metres, length) for site, metres, length in rows]


async def within(
    session: AsyncSession, wanted: SiteFilter, point: Point, *, metres: float, limit: int
) -> list[tuple[Site, int]]:
    """Return the nearest sites within so many metres."""
    chord, most = _chord(point), chord_of(metres)
    box = func.cube_enlarge(_on_sphere(point), literal(most, Float), 3)
    rows = await session.execute(
        select(Site, _metres(chord))
        # The box is what the index knows, the chord cuts its corners off.
        .where(*_conditions(wanted), Site.place.expression.op("<@")(box), chord <= most)
        .order_by(chord, Site.id)
        .limit(limit)
    )
    return [(site, distance) for site, distance in rows]


async def all_hours(session: AsyncSession) -> Sequence[str]:
    """Return each way in which hours are written, extended ones included."""
    extended = select(Site.extended_hours).distinct()
    ordinary = await session.scalars(select(Site.opening_hours).distinct())
    return [*{*ordinary, *(one for one in await session.scalars(extended) if one)}]


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


def _continues_online() -> ColumnElement[bool]:
    """Whether a window there takes over what somebody began online."""
    has_window = exists().where(
        Window.site_id == SiteMatter.site_id, Window.state == WindowState.OPEN
    )
    takes_over = exists().where(Site.id == SiteMatter.site_id, Site.continues_online)
    return and_(SiteMatter.depth.overlap([Depth.RECEIVE, Depth.DECIDE]), has_window, takes_over)


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
            SiteMatter.depth,
            _continues_online().label("continues_online"),
        )
        .outerjoin(own, SiteMatter.is_partner.is_(False))
        .outerjoin(partners, SiteMatter.is_partner.is_(True))
        # A retired matter, or an offer withdrawn, is handled nowhere.
        .where(
            SiteMatter.site_id == site_id, func.coalesce(own.c.name, partners.c.name).is_not(None)
        )
    )
    rows = await session.execute(after(statement, paging, SiteMatter.matter_code))
    return [dict(row._mapping) for row in rows]


async def matter_names(session: AsyncSession, codes: Collection[str]) -> dict[str, str]:
    """Return what these matters are called, as far as they are published or offered."""
    wanted = select(func.unnest(cast(list(codes), ARRAY(Text))).label("code")).subquery("wanted")
    own, partners = _own(wanted.c.code), _partners(wanted.c.code)
    name = func.coalesce(own.c.name, partners.c.name)
    rows = await session.execute(
        select(wanted.c.code, name)
        .outerjoin(own, true())
        .outerjoin(partners, true())
        .where(name.is_not(None))
    )
    return dict(rows.all())


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
                Site.closed_until,
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
        closed_until=row.closed_until,
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
    open_then: SiteFilter | None,
) -> list[tuple[str, str, int]]:
    """Return id, name and distance of the nearest open sites with a window for the matter."""
    is_open = [Site.state == SiteState.OPEN] if open_then is None else _conditions(open_then)
    distance = distance_m(near)
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
            has_window,
            *is_open,
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


async def known_sites(session: AsyncSession, site_ids: Collection[str]) -> set[str]:
    """Return those of the ids that are sites'."""
    return set(await session.scalars(select(Site.id).where(Site.id.in_(site_ids))))


async def depth_of(session: AsyncSession, site_id: str, matter_code: str) -> Sequence[str]:
    found = await session.get(SiteMatter, (site_id, matter_code))
    return () if found is None else found.depth
