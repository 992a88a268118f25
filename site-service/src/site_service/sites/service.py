"""Use cases of sites: find, close; and what the queue asks about them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import (
    SiteNotFound,
    WindowNotFound,
)
from site_service.events import SiteChanged
from site_service.sites import registry_store, rules, store
from site_service.sites.hours import Hours
from site_service.sites.rules import MatterThere, Point, SiteFilter, SiteState, WindowKind
from site_service.sites.tables import Kiosk, Site, Window
from tongban import calendars
from tongban.calendars import CalendarCache
from tongban.clock import local_date, start_of
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.messages import Event
from tongban.paging import Paging, page_of
from tongban.workdays import Calendar

OTHER_SITES = 3
CALENDAR = "sites.calendar"


@dataclass(frozen=True, slots=True)
class Located:
    """A site, and how far it is from the place asked about."""

    site: Site
    distance_m: int | None = None


async def find(
    session: AsyncSession,
    wanted: SiteFilter,
    paging: Paging,
    *,
    near: Point | None,
) -> tuple[list[Located], str | None]:
    """Return a page of sites: by code, or by distance where a place is given."""
    if near is None:
        sites = await store.listed(session, wanted, paging)
        page, following = page_of(sites, paging, key=lambda site: (site.id,))
        return [Located(site) for site in page], following
    found = await store.listed_near(session, wanted, near, paging)
    nearby, following = page_of(found, paging, key=lambda row: (row[2], row[0].id))
    return [Located(site, metres) for site, metres, _ in nearby], following


async def open_at(session: AsyncSession, wanted: SiteFilter, at: datetime) -> SiteFilter:
    """Return the filter narrowed to what is open at `at`, special days included."""
    calendar = await calendars.load(session)
    special = await registry_store.special_on(session, local_date(at))
    return replace(
        wanted,
        serves_at=at,
        hours=[
            hours
            for hours in await store.all_hours(session)
            if rules.is_open_at(hours, at, calendar)
        ],
        special=[site_id for site_id, _ in special],
        special_open=[site_id for site_id, hours in special if rules.is_open_by_clock(hours, at)],
    )


async def get(session: AsyncSession, site_id: str, *, caller: Caller | None = None) -> Site:
    """Return the site; a draft is there only for those who prepare it.

    Raises:
        SiteNotFound: 404.
    """
    site = await store.get(session, site_id)
    if site is None or (site.state is SiteState.DRAFT and not _prepares(caller, site_id)):
        raise SiteNotFound(site_id=site_id)
    return site


def drafts_of(caller: Caller | None) -> Collection[str] | None:
    """Return the sites whose drafts the caller sees; None for all of them."""
    if caller is None or not caller.has(Role.ADMIN, Role.SITE_MANAGER):
        return ()
    return None if caller.site_id is None else [caller.site_id]


def _prepares(caller: Caller | None, site_id: str) -> bool:
    seen = drafts_of(caller)
    return seen is None or site_id in seen


async def kiosks(session: AsyncSession, site_id: str) -> Sequence[Kiosk]:
    """Return the site's kiosks by code."""
    return await store.kiosks_of(session, site_id)


async def windows(session: AsyncSession, site_id: str) -> Sequence[Window]:
    """Return the site's windows by number."""
    return await store.windows_of(session, site_id)


async def count_matters(session: AsyncSession, site_id: str) -> tuple[int, int]:
    """Return how many own and partners' matters the site handles."""
    return await store.count_matters(session, site_id)


async def matters(
    session: AsyncSession, site_id: str, paging: Paging
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return a page of the matters handled at the site."""
    await get(session, site_id)
    found = await store.matters_of(session, site_id, paging)
    return page_of(found, paging, key=lambda row: (row["code"],))


async def matter_names(session: AsyncSession, codes: Collection[str]) -> Mapping[str, str]:
    """Return what these matters are called; one that is retired by now is left out."""
    return await store.matter_names(session, codes)


async def get_for_change(session: AsyncSession, site_id: str) -> Site:
    """Return the site, locked.

    Raises:
        SiteNotFound: 404.
    """
    site = await store.get_for_update(session, site_id)
    if site is None:
        raise SiteNotFound(site_id=site_id)
    return site


def told(site: Site, own: Sequence[str], partners: Sequence[str]) -> SiteChanged:
    return SiteChanged(
        site_id=site.id,
        kind=site.kind.value,
        name=site.name,
        state="closed" if site.state is SiteState.CLOSED else "open",
        matters=list(own),
        partner_matters=list(partners),
        accepts_cash=site.accepts_cash,
        accepts_paper=site.accepts_paper,
        continues_online=site.continues_online,
    )


async def current_states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield every site's state, to be told again."""
    sites = await store.all_sites(session)
    handled = await store.matters_by_site(session, [site.id for site in sites])
    for site in sites:
        if site.state is SiteState.DRAFT:
            continue
        yield told(site, *handled.get(site.id, ([], []))), site.sequence


async def public_sites(session: AsyncSession) -> Sequence[Site]:
    """Return every site but the drafts, by code."""
    return [site for site in await store.all_sites(session) if site.state is not SiteState.DRAFT]


# What texts to be read out ask.


async def handled_at(session: AsyncSession, site_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the codes of what each of these sites handles; sites that are not there are left."""
    handled = await store.matters_by_site(session, site_ids)
    known = await store.known_sites(session, site_ids)
    return {one: {code for codes in handled.get(one, ()) for code in codes} for one in known}


async def depth_of(session: AsyncSession, site_id: str, matter_code: str) -> Sequence[str]:
    """Return how far the matter goes at the site; nothing where it is not handled any more."""
    return await store.depth_of(session, site_id, matter_code)


# What the queue asks.


async def matter_there(session: AsyncSession, site_id: str, matter_code: str) -> MatterThere:
    """Return how the matter stands at the site.

    Raises:
        SiteNotFound: 404.
    """
    there = await store.matter_there(session, site_id, matter_code)
    if there is None:
        raise SiteNotFound(site_id=site_id)
    return there


async def other_sites(
    session: AsyncSession,
    matter_code: str,
    area: str | None,
    *,
    kinds: Collection[WindowKind],
    besides: str,
    near: Point,
    open_then: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return the nearest other sites that have a window for the matter; open at that time."""
    if area is None:
        return []
    found = await store.others_with_windows(
        session,
        matter_code,
        area,
        kinds=kinds,
        besides=besides,
        near=near,
        limit=OTHER_SITES,
        open_then=None if open_then is None else await open_at(session, SiteFilter(), open_then),
    )
    return [
        {"site_id": site_id, "name": name, "distance_m": metres} for site_id, name, metres in found
    ]


async def hours_of(session: AsyncSession, site_id: str, *, context: Context, at: datetime) -> Hours:
    """Return when the site is open to whoever comes, from that day on.

    Raises:
        SiteNotFound: 404.
    """
    found = await registry_store.hours_of(session, site_id, since=local_date(at))
    if found is None:
        raise SiteNotFound(site_id=site_id)
    written, special, closed_until = found
    return Hours(tuple(written), special, closed_until, await calendar(session, context))


async def opening_waits(
    session: AsyncSession, found: Sequence[Site], *, context: Context, at: datetime
) -> dict[str, float]:
    """Return the seconds until each of the sites opens; of one that is open, none.

    A site whose next opening is not in sight is left out.
    """
    by_calendar = await calendar(session, context)
    special = await registry_store.special_from(session, local_date(at), [one.id for one in found])
    opens: dict[str, float] = {}
    for site in found:
        written = tuple(one for one in (site.opening_hours, site.extended_hours) if one)
        hours = Hours(written, special.get(site.id, {}), site.closed_until, by_calendar)
        if (opens_at := hours.next_opening(at)) is not None:
            opens[site.id] = (opens_at - at).total_seconds()
    return opens


async def get_window(session: AsyncSession, window_id: UUID) -> Window:
    """Return the window.

    Raises:
        WindowNotFound: 404.
    """
    window = await store.get_window(session, window_id)
    if window is None:
        raise WindowNotFound
    return window


async def lock_window(session: AsyncSession, window_id: UUID) -> Window:
    """Return the window, locked: one call at a time.

    Raises:
        WindowNotFound: 404.
    """
    window = await store.get_window_for_update(session, window_id)
    if window is None:
        raise WindowNotFound
    return window


# What appointments and rosters ask.


async def calendar(session: AsyncSession, context: Context) -> Calendar:
    """Return the district's calendar as of some seconds ago at most."""
    cache: CalendarCache = context.resources.setdefault(CALENDAR, CalendarCache())
    return await cache.get(session)


async def open_times(
    session: AsyncSession, site: Site, day: date, *, every: timedelta, calendar: Calendar
) -> list[datetime]:
    """Return the times of the day at which the site is open.

    Extended hours (延时服务) and those for the booked alone (预约服务) are among them.
    """
    special = {one.day: one.hours for one in await registry_store.special_days_of(session, site.id)}
    begins = start_of(day)
    times = [begins + nth * every for nth in range(timedelta(days=1) // every)]
    if (hours := special.get(day)) is not None:
        return [at for at in times if rules.is_open_by_clock(hours, at)]
    each = (site.opening_hours, site.extended_hours, site.appointment_hours)
    written = [hours for hours in each if hours]
    return [at for at in times if any(rules.is_open_at(one, at, calendar) for one in written)]
