"""Use cases of open data: services, organizations and places as HSDS 3.0 tells of them."""

import hashlib
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.open_data import rules, store
from site_service.open_data.errors import NotPublished
from site_service.open_data.rules import Body
from site_service.open_data.schemas import HsdsPage
from site_service.open_data.taxonomy import Document
from tongban import gb
from tongban.context import Context

__all__ = [
    "HsdsPaging",
    "organization",
    "organizations",
    "package",
    "service",
    "service_at_location",
    "services",
    "services_at_locations",
    "version_of",
]


@dataclass(frozen=True, slots=True)
class HsdsPaging:
    """Which page, from one on, of how many each."""

    page: int
    per_page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    def of(self, contents: Sequence[Document], total: int) -> HsdsPage:
        """Return the page with these contents."""
        pages = math.ceil(total / self.per_page)
        return HsdsPage(
            total_items=total,
            total_pages=pages,
            page_number=self.page,
            size=len(contents),
            first_page=self.page == 1,
            last_page=self.page >= pages,
            empty=not contents,
            contents=list(contents),
        )


@cache
def body_of(code: str) -> Body:
    """Return a district as an organization, with the city and province in which it lies."""
    try:
        district = gb.district(code)
    except gb.UnknownDistrict:
        return Body(code, code, "", "")
    above = []
    parent = district.parent
    while parent is not None:
        one = gb.district(parent)
        above.append(one.name)
        parent = one.parent
    province = above[-1] if above else district.name
    return Body(code, district.name, above[0] if above else "", province)


async def version_of(session: AsyncSession, district: str) -> int:
    """Return a number that changes whenever something that is told changes."""
    told = repr((district, await store.version(session)))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:7], "big")


async def services(session: AsyncSession, district: str, paging: HsdsPaging) -> HsdsPage:
    """Return a page of services."""
    found, total = await store.services(
        session, district, limit=paging.per_page, offset=paging.offset
    )
    told = [rules.service(district, one, body_of(one.owner_district)) for one in found]
    return paging.of(told, total)


async def service(session: AsyncSession, district: str, key: str) -> Document:
    """Return one service with everywhere it is handled.

    Raises:
        NotPublished: 404.
    """
    handled = await store.service(session, district, key)
    if handled is None:
        raise NotPublished(id=key)
    body = body_of(district)
    return {
        **rules.whole_service(district, handled, body_of(handled.owner_district)),
        "service_at_locations": [
            {
                **rules.service_at_location(district, one, place, depth),
                "location": rules.location(district, place, body),
            }
            for one, place, depth in await store.places_of(session, district, handled.code)
        ],
    }


async def services_at_locations(
    session: AsyncSession, district: str, paging: HsdsPaging
) -> HsdsPage:
    """Return a page of services at locations."""
    found, total = await store.services_at_locations(
        session, district, limit=paging.per_page, offset=paging.offset
    )
    told = [
        rules.listed_service_at_location(district, one, body_of(one.owner_district), place)
        for one, place, _ in found
    ]
    return paging.of(told, total)


async def service_at_location(session: AsyncSession, district: str, key: str) -> Document:
    """Return one service at one location, both whole.

    Raises:
        NotPublished: 404.
    """
    found = await store.service_at_location(session, district, key)
    if found is None:
        raise NotPublished(id=key)
    return _whole(district, found)


def _whole(district: str, there: store.There) -> Document:
    handled, place, depth = there
    owner = body_of(handled.owner_district)
    return rules.whole_service_at_location(
        district, handled, owner, place, body_of(district), depth
    )


async def organizations(session: AsyncSession, district: str, paging: HsdsPaging) -> HsdsPage:
    """Return a page of organizations: the district, and partners whose matters are done here."""
    bodies = await _bodies(session, district)
    told = [rules.listed_organization(one) for one in bodies]
    return paging.of(told[paging.offset : paging.offset + paging.per_page], len(told))


async def organization(session: AsyncSession, district: str, key: str) -> Document:
    """Return one organization.

    Raises:
        NotPublished: 404.
    """
    for body in await _bodies(session, district):
        if rules.organization_id(body.code) == key:
            return rules.organization(body)
    raise NotPublished(id=key)


async def _bodies(session: AsyncSession, district: str) -> list[Body]:
    codes = [district, *(code for code in await store.owners(session) if code != district)]
    return [body_of(code) for code in codes]


async def package(context: Context) -> AsyncIterator[bytes]:
    """Yield the whole district, a service at a location after the other; few are held at once."""
    district = context.settings.district
    yield b"["
    between = b""
    # A session of its own: the request's is over before the answer's body is on its way.
    async with context.sessions() as session:
        async for some in store.everything(session, district):
            for there in some:
                yield between + pydantic_core.to_json(_whole(district, there))
                between = b",\n"
    yield b"]"
