"""Every SQL statement about boundaries, special days, kiosks' health and matters gone."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.sites.rules import Point, SiteState, WindowState
from site_service.sites.store import distance_m
from site_service.sites.tables import (
    Boundary,
    Kiosk,
    KnownMatterVersion,
    PartnerMatter,
    Site,
    SiteMatter,
    SpecialDay,
    Window,
)
from site_service.sites.vocabulary import Depth


async def boundary_of(session: AsyncSession, district: str) -> Boundary | None:
    return await session.get(Boundary, district)


async def put_boundary(session: AsyncSession, row: dict[str, Any]) -> None:
    statement = upsert(Boundary).values(row)
    replaced = {name: statement.excluded[name] for name in ("geometry", "provenance")}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["district"], set_=replaced)
    )


async def special_days_of(session: AsyncSession, site_id: str) -> Sequence[SpecialDay]:
    statement = select(SpecialDay).where(SpecialDay.site_id == site_id).order_by(SpecialDay.day)
    return (await session.scalars(statement)).all()


async def special_on(session: AsyncSession, day: date) -> list[tuple[str, str]]:
    """Return site and hours of every site with hours of its own on that day."""
    rows = await session.execute(
        select(SpecialDay.site_id, SpecialDay.hours).where(SpecialDay.day == day)
    )
    return [(site_id, hours) for site_id, hours in rows]


async def hours_of(
    session: AsyncSession, site_id: str, *, since: date
) -> tuple[list[str], dict[date, str], datetime | None] | None:
    """Return a site's ordinary and extended hours, special days, and the end of its closure."""
    days = func.jsonb_object_agg(SpecialDay.day, SpecialDay.hours)
    special = select(days).where(SpecialDay.site_id == site_id, SpecialDay.day >= since)
    row = (
        await session.execute(
            select(
                Site.opening_hours,
                Site.extended_hours,
                Site.closed_until,
                special.scalar_subquery().label("special"),
            ).where(Site.id == site_id)
        )
    ).one_or_none()
    if row is None:
        return None
    return (
        [hours for hours in (row.opening_hours, row.extended_hours) if hours],
        {date.fromisoformat(day): hours for day, hours in (row.special or {}).items()},
        row.closed_until,
    )


async def special_from(
    session: AsyncSession, day: date, site_ids: Collection[str]
) -> dict[str, dict[date, str]]:
    """Return the hours of these sites' special days, from that day on."""
    rows = await session.execute(
        select(SpecialDay.site_id, SpecialDay.day, SpecialDay.hours).where(
            SpecialDay.site_id.in_(site_ids), SpecialDay.day >= day
        )
    )
    found: dict[str, dict[date, str]] = {}
    for site_id, special, hours in rows:
        found.setdefault(site_id, {})[special] = hours
    return found


async def alternatives_to(session: AsyncSession, site: Site, *, limit: int) -> list[dict[str, Any]]:
    """Return the nearest open sites that handle something of what this one does."""
    here = select(SiteMatter.matter_code).where(SiteMatter.site_id == site.id).scalar_subquery()
    shared = (
        select(func.count())
        .where(SiteMatter.site_id == Site.id, SiteMatter.matter_code.in_(here))
        .correlate(Site)
        .scalar_subquery()
    )
    distance = distance_m(Point(site.latitude, site.longitude))
    rows = await session.execute(
        select(
            Site.id.label("site_id"),
            Site.name,
            distance.label("distance_m"),
            shared.label("shared_matters"),
        )
        .where(
            Site.id != site.id,
            Site.state == SiteState.OPEN,
            exists().where(SiteMatter.site_id == Site.id, SiteMatter.matter_code.in_(here)),
        )
        .order_by(distance, Site.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


async def due_to_open(session: AsyncSession, at: datetime) -> Sequence[Site]:
    statement = (
        select(Site)
        .where(Site.closed_until <= at)
        .order_by(Site.id)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).all()


async def kiosk_for_update(session: AsyncSession, site_id: str, code: str) -> Kiosk | None:
    return await session.get(Kiosk, (site_id, code), with_for_update=True)


async def troubled_kiosks(
    session: AsyncSession, *, silent_since: datetime, site_id: str | None
) -> Sequence[Any]:
    """Return the kiosks that fell silent or told of a fault, longest silent first."""
    statement = (
        select(
            Kiosk.site_id,
            Site.name.label("site_name"),
            Kiosk.code,
            Kiosk.model,
            Kiosk.faults,
            Kiosk.last_seen_at,
            (Kiosk.last_seen_at < silent_since).label("is_silent"),
        )
        .join(Site, Site.id == Kiosk.site_id)
        .where(or_(Kiosk.last_seen_at < silent_since, func.cardinality(Kiosk.faults) > 0))
        .order_by(Kiosk.last_seen_at, Kiosk.site_id, Kiosk.code)
        .limit(500)
    )
    if site_id is not None:
        statement = statement.where(Kiosk.site_id == site_id)
    return (await session.execute(statement)).all()


async def is_published_otherwise(session: AsyncSession, code: str, *, besides: int) -> bool:
    """Tell whether another version of the matter is published."""
    return bool(
        await session.scalar(
            select(
                exists().where(
                    KnownMatterVersion.code == code,
                    KnownMatterVersion.version != besides,
                    KnownMatterVersion.state == "published",
                )
            )
        )
    )


async def is_offered_otherwise(session: AsyncSession, code: str, *, by: str, sequence: int) -> bool:
    """Tell whether another district offers the matter, or this one does so again."""
    is_theirs = (PartnerMatter.owner_district != by) | (PartnerMatter.sequence > sequence)
    return bool(
        await session.scalar(
            select(
                exists().where(
                    PartnerMatter.code == code, PartnerMatter.state == "offered", is_theirs
                )
            )
        )
    )


async def drop_matter(session: AsyncSession, code: str, *, is_partner: bool) -> Sequence[Site]:
    """Take the matter off every site; return those sites, locked."""
    gone = (
        delete(SiteMatter)
        .where(SiteMatter.matter_code == code, SiteMatter.is_partner == is_partner)
        .returning(SiteMatter.site_id)
    )
    site_ids: Collection[str] = (await session.scalars(gone)).all()
    statement = select(Site).where(Site.id.in_(site_ids)).order_by(Site.id).with_for_update()
    return (await session.scalars(statement)).all()


async def without_offline_way(session: AsyncSession) -> Sequence[Any]:
    """Return the district's matters that no window of an open site takes in on paper."""
    is_taken = exists().where(
        SiteMatter.matter_code == KnownMatterVersion.code,
        SiteMatter.depth.overlap([Depth.RECEIVE, Depth.DECIDE]),
        SiteMatter.site_id.in_(
            select(Site.id).where(Site.state == SiteState.OPEN, Site.accepts_paper)
        ),
        SiteMatter.site_id.in_(select(Window.site_id).where(Window.state == WindowState.OPEN)),
    )
    rows = await session.execute(
        select(KnownMatterVersion.code, KnownMatterVersion.name, KnownMatterVersion.area)
        .ext(distinct_on(KnownMatterVersion.code))
        .where(KnownMatterVersion.state == "published", ~is_taken)
        .order_by(KnownMatterVersion.code, KnownMatterVersion.version.desc())
    )
    return rows.all()
