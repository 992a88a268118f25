"""Use cases of the registry: publish, close, open; boundary; matters that vanish (网点登记)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import SiteNotDraft, SiteNotPublished
from site_service.sites import registry_store, service, store
from site_service.sites.rules import Provenance, SiteState
from site_service.sites.tables import Boundary, Site, SpecialDay
from tongban import audit
from tongban.context import Context
from tongban.identity import Caller
from tongban.messages import publish
from tongban.problems import MalformedRequest, Where

ALTERNATIVES = 3


async def publish_site(session: AsyncSession, site: Site, *, caller: Caller) -> Site:
    """Make a draft public: from now on it is found, and others hear of it.

    Raises:
        SiteNotDraft: 409, it is public already.
    """
    if site.state is not SiteState.DRAFT:
        raise SiteNotDraft(site_id=site.id)
    handled = await store.matters_by_site(session, [site.id])
    site.state = SiteState.OPEN
    _tell(session, site, handled)
    _note(session, site, caller.subject, "publish")
    await session.flush()
    return site


async def set_state(
    session: AsyncSession,
    site: Site,
    *,
    state: SiteState,
    reason: str | None,
    until: datetime | None,
    at: datetime,
    caller: Caller,
) -> Site:
    """Close the site with a reason, or open it; the same state again changes nothing.

    Raises:
        SiteNotPublished: 409, a draft is neither closed nor opened.
    """
    if site.state is SiteState.DRAFT:
        raise SiteNotPublished(site_id=site.id)
    is_closed = state is SiteState.CLOSED
    if is_closed and reason is None:
        said = {"zh-CN": "暂停服务须说明原因", "en": "closing needs a reason"}
        raise MalformedRequest(errors=[Where.pointer("/reason", said, "missing")])
    if until is not None and (not is_closed or until <= at):
        said = {
            "zh-CN": "恢复时间只用于暂停服务，且应晚于现在",
            "en": "`until` goes with closing, and lies ahead",
        }
        raise MalformedRequest(errors=[Where.pointer("/until", said, "until")])
    kept = (state, reason, until) if is_closed else (state, None, None)
    if (site.state, site.closed_reason, site.closed_until) == kept:
        return site
    handled = await store.matters_by_site(session, [site.id])
    site.state, site.closed_reason, site.closed_until = kept
    _tell(session, site, handled)
    _note(session, site, caller.subject, str(state))
    await session.flush()
    return site


async def reopen_sites(session: AsyncSession, context: Context) -> int:
    """Open the sites whose temporary closure is over."""
    sites = await registry_store.due_to_open(session, context.clock())
    handled = await store.matters_by_site(session, [site.id for site in sites])
    for site in sites:
        site.state, site.closed_reason, site.closed_until = SiteState.OPEN, None, None
        _tell(session, site, handled)
        _note(session, site, "timer", "open")
    return len(sites)


async def drop_retired(session: AsyncSession, code: str, *, version: int) -> None:
    """Take a matter that no version of is published any more off every site."""
    if not await registry_store.is_published_otherwise(session, code, besides=version):
        await _dropped(session, code, is_partner=False)


async def drop_withdrawn(session: AsyncSession, code: str, *, by: str, sequence: int) -> None:
    """Take a partner's matter that is no longer offered off every site."""
    if not await registry_store.is_offered_otherwise(session, code, by=by, sequence=sequence):
        await _dropped(session, code, is_partner=True)


async def _dropped(session: AsyncSession, code: str, *, is_partner: bool) -> None:
    sites = await registry_store.drop_matter(session, code, is_partner=is_partner)
    handled = await store.matters_by_site(session, [site.id for site in sites])
    for site in sites:
        # What was imported is no longer what is stored: the same import writes again.
        site.content_digest = ""
        if site.state is not SiteState.DRAFT:
            _tell(session, site, handled)
    await session.flush()


async def alternatives(session: AsyncSession, site: Site) -> list[dict[str, Any]]:
    """Return where to go while the site is closed; none while it is open."""
    if site.state is not SiteState.CLOSED:
        return []
    return await registry_store.alternatives_to(session, site, limit=ALTERNATIVES)


async def special_days(session: AsyncSession, site_id: str) -> Sequence[SpecialDay]:
    """Return the site's special days, earliest first."""
    return await registry_store.special_days_of(session, site_id)


async def boundary(session: AsyncSession, district: str) -> Boundary | None:
    """Return the district's boundary, where one was given."""
    return await registry_store.boundary_of(session, district)


async def put_boundary(
    session: AsyncSession,
    district: str,
    geometry: dict[str, Any],
    *,
    provenance: Provenance,
    caller: Caller,
) -> None:
    """Keep the boundary within which the district's sites lie from now on."""
    row = {"district": district, "geometry": geometry, "provenance": provenance}
    await registry_store.put_boundary(session, row)
    audit.note(session, actor=caller.subject, action="boundary.put", subject=district, payload={})
    await session.flush()


async def without_offline_way(session: AsyncSession) -> list[dict[str, Any]]:
    """Return the matters that nobody takes in off line: each should have a counter somewhere."""
    return [dict(row._mapping) for row in await registry_store.without_offline_way(session)]


Handled = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""Each site's own and partners' matters."""


def _tell(session: AsyncSession, site: Site, handled: Handled) -> None:
    publish(session, service.told(site, *handled.get(site.id, ([], []))), of=site)


def _note(session: AsyncSession, site: Site, actor: str, action: str) -> None:
    audit.note(
        session,
        actor=actor,
        action=f"site.{action}",
        subject=site.id,
        payload={"reason": site.closed_reason},
    )
