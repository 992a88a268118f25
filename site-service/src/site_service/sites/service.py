"""Use cases of sites: find, import, close; and what the queue asks about them."""

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import (
    ImportRefused,
    MattersUnknown,
    SiteNotFound,
    WindowNotFound,
)
from site_service.events import SiteChanged
from site_service.sites import rules, store
from site_service.sites.rules import SiteState, WindowKind, WindowState
from site_service.sites.schemas import ImportReport, SiteIn
from site_service.sites.store import MatterThere, Point, SiteFilter
from site_service.sites.tables import Kiosk, Site, Window
from tongban import audit, calendars
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import Event, outbox_values, publish
from tongban.paging import Paging, page_of
from tongban.problems import MalformedRequest, Where

RETRY_AFTER_SECONDS = 2
UNKNOWN_LISTED = 20
OTHER_SITES = 3


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
    nearby, following = page_of(found, paging, key=lambda pair: (pair[1], pair[0].id))
    return [Located(site, metres) for site, metres in nearby], following


async def hours_open_at(session: AsyncSession, at: datetime) -> list[str]:
    """Return which of the stored opening hours mean open at `at`."""
    calendar = await calendars.load(session)
    return [
        hours for hours in await store.all_hours(session) if rules.is_open_at(hours, at, calendar)
    ]


async def get(session: AsyncSession, site_id: str) -> Site:
    """Return the site.

    Raises:
        SiteNotFound: 404.
    """
    site = await store.get(session, site_id)
    if site is None:
        raise SiteNotFound(site_id=site_id)
    return site


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


async def set_state(
    session: AsyncSession, site: Site, *, state: SiteState, reason: str | None, caller: Caller
) -> Site:
    """Close the site with a reason, or open it; the same state again changes nothing."""
    if state is SiteState.CLOSED and reason is None:
        said = {"zh-CN": "暂停服务须说明原因", "en": "closing needs a reason"}
        raise MalformedRequest(errors=[Where.pointer("/reason", said, "missing")])
    kept_reason = reason if state is SiteState.CLOSED else None
    if (site.state, site.closed_reason) == (state, kept_reason):
        return site
    own, partners = (await store.matters_by_site(session, [site.id])).get(site.id, ([], []))
    site.state, site.closed_reason = state, kept_reason
    publish(session, _told(site, own, partners), of=site)
    audit.note(
        session,
        actor=caller.subject,
        action=f"site.{state}",
        subject=site.id,
        payload={"reason": kept_reason},
    )
    await session.flush()
    return site


async def get_for_change(session: AsyncSession, site_id: str) -> Site:
    """Return the site, locked.

    Raises:
        SiteNotFound: 404.
    """
    site = await store.get_for_update(session, site_id)
    if site is None:
        raise SiteNotFound(site_id=site_id)
    return site


def _told(site: Site, own: Sequence[str], partners: Sequence[str]) -> SiteChanged:
    return SiteChanged(
        site_id=site.id,
        kind=site.kind.value,
        name=site.name,
        state=site.state.value,
        matters=list(own),
        partner_matters=list(partners),
    )


async def current_states(session: AsyncSession) -> AsyncIterator[tuple[Event, int]]:
    """Yield every site's state, to be told again."""
    async for site in store.stream_sites(session):
        own, partners = (await store.matters_by_site(session, [site.id])).get(site.id, ([], []))
        yield _told(site, own, partners), site.sequence


async def import_sites(
    session: AsyncSession, sites: Sequence[SiteIn], *, is_dry_run: bool, caller: Caller
) -> ImportReport:
    """Store the sites as given, all or none; what is the same as stored is left alone.

    Raises:
        ImportRefused: 422, something is named twice.
        MattersUnknown: 409, matters that the catalog or a partner has not told of (yet).
    """
    for site in sites:
        caller.require_site(site.id)
    _refuse_repeated(sites)
    await store.wait_for_other_imports(session)
    await _refuse_unknown_matters(session, sites)
    stored = await store.lock_stored(session, [site.id for site in sites])
    digests = {site.id: _digest(site) for site in sites}
    to_write = [
        site
        for site in sites
        if site.id not in stored or stored[site.id].digest != digests[site.id]
    ]
    report = ImportReport(
        dry_run=is_dry_run,
        created=[site.id for site in to_write if site.id not in stored],
        changed=[site.id for site in to_write if site.id in stored],
        unchanged=len(sites) - len(to_write),
    )
    if to_write and not is_dry_run:
        await _write(session, to_write, stored, digests)
        audit.note(
            session,
            actor=caller.subject,
            action="sites.import",
            subject="sites",
            payload=report.model_dump(mode="json"),
        )
        await session.flush()
    return report


def _refuse_repeated(sites: Sequence[SiteIn]) -> None:
    repeated = rules.repeated_keys(sites)
    if repeated:
        raise ImportRefused(
            errors=[
                Where.pointer(
                    fault.pointer,
                    {"zh-CN": f"{fault.key} 重复", "en": f"{fault.key} is there twice"},
                    "repeated",
                )
                for fault in repeated
            ]
        )


async def _refuse_unknown_matters(session: AsyncSession, sites: Sequence[SiteIn]) -> None:
    own = {code for site in sites for code in site.matters}
    partners = {code for site in sites for code in site.partner_matters}
    unknown_own = own - await store.known_codes(session, own)
    unknown_partners = partners - await store.offered_codes(session, partners)
    unknown = sorted(unknown_own | unknown_partners)
    if not unknown:
        return
    listed = set(unknown[:UNKNOWN_LISTED])
    places = [
        Where.pointer(
            f"/sites/{at}/{field}/{nth}",
            {"zh-CN": f"未知事项 {code}", "en": f"unknown matter {code}"},
            "matter_unknown",
        )
        for at, site in enumerate(sites)
        for field, codes, missing in (
            ("matters", site.matters, unknown_own),
            ("partner_matters", site.partner_matters, unknown_partners),
        )
        for nth, code in enumerate(codes)
        if code in missing and code in listed
    ]
    raise MattersUnknown(
        count=len(unknown),
        codes=sorted(listed),
        errors=places[:UNKNOWN_LISTED],
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _digest(site: SiteIn) -> str:
    return hashlib.sha256(site.model_dump_json().encode()).hexdigest()


async def _write(
    session: AsyncSession,
    sites: Sequence[SiteIn],
    stored: Mapping[str, store.Stored],
    digests: Mapping[str, str],
) -> None:
    ids = [site.id for site in sites]
    parts = {"windows", "kiosks", "matters", "partner_matters"}
    await store.put_sites(
        session,
        [
            {
                **site.model_dump(exclude=parts),
                "state": SiteState.OPEN,
                "content_digest": digests[site.id],
                "sequence": _next_sequence(stored, site.id),
                "version": 1,
            }
            for site in sites
        ],
    )
    await store.replace_windows(
        session,
        ids,
        [
            {"id": new_id(), "site_id": site.id, "state": WindowState.OPEN, **window.model_dump()}
            for site in sites
            for window in site.windows
        ],
    )
    await store.replace_kiosks(
        session,
        ids,
        [{"site_id": site.id, **kiosk.model_dump()} for site in sites for kiosk in site.kiosks],
    )
    await store.replace_matters(
        session,
        ids,
        [
            {"site_id": site.id, "matter_code": code, "is_partner": is_partner}
            for site in sites
            for is_partner, codes in ((False, site.matters), (True, site.partner_matters))
            for code in codes
        ],
    )
    await store.tell(
        session,
        [
            outbox_values(
                SiteChanged(
                    site_id=site.id,
                    kind=site.kind.value,
                    name=site.name,
                    state=_state_after(stored, site.id).value,
                    matters=sorted(site.matters),
                    partner_matters=sorted(site.partner_matters),
                ),
                sequence=_next_sequence(stored, site.id),
            )
            for site in sites
        ],
    )


def _next_sequence(stored: Mapping[str, store.Stored], site_id: str) -> int:
    return stored[site_id].sequence + 1 if site_id in stored else 1


def _state_after(stored: Mapping[str, store.Stored], site_id: str) -> SiteState:
    """An import leaves a closed site closed."""
    return stored[site_id].state if site_id in stored else SiteState.OPEN


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
) -> list[dict[str, Any]]:
    """Return the nearest other sites that have a window for the matter."""
    if area is None:
        return []
    found = await store.others_with_windows(
        session, matter_code, area, kinds=kinds, besides=besides, near=near, limit=OTHER_SITES
    )
    return [
        {"site_id": site_id, "name": name, "distance_m": metres} for site_id, name, metres in found
    ]


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
