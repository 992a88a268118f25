"""Every SQL statement about open data."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, literal, select, tuple_, union, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.open_data import rules
from site_service.open_data.rules import Handled, Place
from site_service.sites.rules import SiteState
from site_service.sites.tables import (
    KnownMatterVersion,
    PartnerMatter,
    Site,
    SiteMatter,
    SpecialDay,
)

AT_ONCE = 200

_OWN = (
    select(
        KnownMatterVersion.code,
        KnownMatterVersion.name,
        KnownMatterVersion.area,
        literal(None, PartnerMatter.owner_district.type).label("owner_district"),
    )
    .ext(distinct_on(KnownMatterVersion.code))
    .where(KnownMatterVersion.state == "published")
    .order_by(KnownMatterVersion.code, KnownMatterVersion.version.desc())
    .subquery("own")
)
_PARTNERS = (
    select(PartnerMatter.code, PartnerMatter.name, PartnerMatter.area, PartnerMatter.owner_district)
    .ext(distinct_on(PartnerMatter.code))
    .where(PartnerMatter.state == "offered", ~exists().where(_OWN.c.code == PartnerMatter.code))
    .order_by(PartnerMatter.code, PartnerMatter.owner_district)
    .subquery("partners")
)
HANDLED = union_all(select(_OWN), select(_PARTNERS)).subquery("handled")
"""Every matter that is applied for in the district: its own, and those of partners."""


def _handled(district: str, row: Any) -> Handled:
    return Handled(row.code, row.name, row.area, row.owner_district or district)


async def version(session: AsyncSession) -> tuple[int, ...]:
    """Return numbers that change whenever something that is told changes."""
    own, partners = KnownMatterVersion, PartnerMatter
    row = (
        await session.execute(
            select(
                select(func.count()).select_from(Site).scalar_subquery(),
                select(func.coalesce(func.sum(Site.version), 0)).scalar_subquery(),
                select(func.count()).select_from(own).scalar_subquery(),
                select(func.coalesce(func.sum(own.sequence), 0)).scalar_subquery(),
                select(func.count()).select_from(partners).scalar_subquery(),
                select(func.coalesce(func.sum(partners.sequence), 0)).scalar_subquery(),
            )
        )
    ).one()
    return tuple(int(number) for number in row)


async def services(
    session: AsyncSession, district: str, *, limit: int, offset: int
) -> tuple[list[Handled], int]:
    """Return a page of the matters by code, and how many there are."""
    statement = select(HANDLED).order_by(HANDLED.c.code).limit(limit).offset(offset)
    rows = await session.execute(statement)
    count = await session.scalar(select(func.count()).select_from(HANDLED))
    return [_handled(district, row) for row in rows], count or 0


async def service(session: AsyncSession, district: str, key: str) -> Handled | None:
    """Return the matter with that id."""
    row = (await session.execute(with_id(district, key))).one_or_none()
    return None if row is None else _handled(district, row)


def with_id(district: str, key: str) -> Select[*tuple[Any, ...]]:
    """Return the statement for the matter with that id: a code by an index, then that code's."""
    mine = UUID(rules.id_without(district, key))
    code = union(
        select(KnownMatterVersion.code).where(KnownMatterVersion.open_id == mine),
        select(PartnerMatter.code).where(PartnerMatter.open_id == mine),
    )
    return select(HANDLED).where(HANDLED.c.code == code.scalar_subquery())


def _there() -> Select[*tuple[Any, ...]]:
    return (
        select(
            HANDLED.c.code,
            HANDLED.c.name,
            HANDLED.c.area,
            HANDLED.c.owner_district,
            SiteMatter.depth,
            Site,
        )
        .join(SiteMatter, SiteMatter.matter_code == HANDLED.c.code)
        .join(Site, Site.id == SiteMatter.site_id)
        .where(Site.state != SiteState.DRAFT)
    )


There = tuple[Handled, Place, Sequence[str]]
"""A matter at a site, and how far it goes there."""


async def _read(
    session: AsyncSession, district: str, statement: Select[*tuple[Any, ...]]
) -> list[There]:
    rows = (await session.execute(statement)).all()
    places = await _places(session, [row.Site for row in rows])
    return [(_handled(district, row), places[row.Site.id], row.depth) for row in rows]


async def _places(session: AsyncSession, sites: Sequence[Site]) -> dict[str, Place]:
    by_id = {site.id: site for site in sites}
    special: dict[str, list[Any]] = {site_id: [] for site_id in by_id}
    days = select(SpecialDay).where(SpecialDay.site_id.in_(by_id)).order_by(SpecialDay.day)
    for one in await session.scalars(days):
        special[one.site_id].append((one.day, one.hours, one.note))
    return {
        site.id: Place(
            id=site.id,
            name=site.name,
            english_name=site.english_name,
            address=site.address,
            street=site.street,
            latitude=site.latitude,
            longitude=site.longitude,
            phone=site.phone,
            contacts=site.contacts,
            opening_hours=site.opening_hours,
            extended_hours=site.extended_hours,
            appointment_hours=site.appointment_hours,
            special_days=special[site.id],
            facilities=site.facilities,
            transit=site.transit,
            is_open=site.state is SiteState.OPEN,
            closed_reason=site.closed_reason,
        )
        for site in by_id.values()
    }


async def services_at_locations(
    session: AsyncSession, district: str, *, limit: int, offset: int
) -> tuple[list[There], int]:
    """Return a page of matters at sites, by site and code, and how many there are."""
    order = (SiteMatter.site_id, SiteMatter.matter_code)
    found = await _read(session, district, _there().order_by(*order).limit(limit).offset(offset))
    counted = _there().with_only_columns(func.count())
    return found, (await session.scalar(counted)) or 0


async def service_at_location(session: AsyncSession, district: str, key: str) -> There | None:
    """Return the matter at the site with that id."""
    mine = rules.id_without(district, key)
    found = await _read(session, district, _there().where(SiteMatter.open_id == UUID(mine)))
    return found[0] if found else None


async def places_of(session: AsyncSession, district: str, code: str) -> list[There]:
    """Return the sites at which a matter is handled."""
    statement = _there().where(SiteMatter.matter_code == code).order_by(SiteMatter.site_id)
    return await _read(session, district, statement)


async def everything(session: AsyncSession, district: str) -> AsyncIterator[list[There]]:
    """Yield every matter at every site, some at a time."""
    after: tuple[str, str] | None = None
    order = (SiteMatter.site_id, SiteMatter.matter_code)
    while True:
        statement = _there().order_by(*order).limit(AT_ONCE)
        if after is not None:
            statement = statement.where(tuple_(*order) > after)
        found = await _read(session, district, statement)
        if not found:
            return
        yield found
        handled, place, _ = found[-1]
        after = place.id, handled.code
        session.expunge_all()


async def owners(session: AsyncSession) -> Sequence[str]:
    """Return the partner districts whose matters are handled here."""
    found = await session.scalars(
        select(PartnerMatter.owner_district)
        .where(PartnerMatter.state == "offered")
        .distinct()
        .order_by(PartnerMatter.owner_district)
    )
    return found.all()
