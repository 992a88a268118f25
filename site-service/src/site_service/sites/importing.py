"""Importing sites: all or none, and what is the same as stored is left alone (网点导入)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import ImportRefused, MattersUnknown
from site_service.events import SiteChanged
from site_service.sites import import_store, places, registry_store, rules
from site_service.sites.rules import Point, SiteState, WindowState
from site_service.sites.schemas import ImportReport, SiteIn
from site_service.sites.vocabulary import Depth
from tongban import audit
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import outbox_values
from tongban.problems import Where

RETRY_AFTER_SECONDS = 2
UNKNOWN_LISTED = 20


async def import_sites(
    session: AsyncSession,
    sites: Sequence[SiteIn],
    *,
    is_dry_run: bool,
    new_state: SiteState,
    district: str,
    caller: Caller,
) -> ImportReport:
    """Store the sites as given, all or none; what is the same as stored is left alone.

    Sites that are new arrive in `new_state`; the others keep theirs.

    Raises:
        ImportRefused: 422, something is named twice, not handled there, or outside the district.
        MattersUnknown: 409, matters that the catalog or a partner has not told of (yet).
    """
    for site in sites:
        caller.require_site(site.id)
    _refuse_misplaced(sites)
    _refuse_foreign_streets(sites, district)
    await _refuse_outside(session, sites, district)
    await import_store.wait_for_other_imports(session)
    await _refuse_unknown_matters(session, sites)
    stored = await import_store.lock_stored(session, [site.id for site in sites])
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
        await _write(session, to_write, stored, digests, new_state)
        audit.note(
            session,
            actor=caller.subject,
            action="sites.import",
            subject="sites",
            payload=report.model_dump(mode="json"),
        )
        await session.flush()
    return report


def _refuse_misplaced(sites: Sequence[SiteIn]) -> None:
    faults = [
        Where.pointer(
            fault.pointer,
            {"zh-CN": f"{fault.key} 重复", "en": f"{fault.key} is there twice"},
            "repeated",
        )
        for fault in rules.repeated_keys(sites)
    ] + [
        Where.pointer(
            fault.pointer,
            {
                "zh-CN": f"该网点的事项清单中没有 {fault.key}，请先列入 matters",
                "en": f"{fault.key} is not among the site's matters; list it there first",
            },
            "not_handled_here",
        )
        for fault in rules.strangers(sites)
    ]
    if faults:
        raise ImportRefused(errors=faults)


def _refuse_foreign_streets(sites: Sequence[SiteIn], district: str) -> None:
    """Refuse a street of another district: its code (GB/T 10114) begins with the district's."""
    said = {
        "zh-CN": f"街道编码应以本区编码 {district} 开头，后接三位",
        "en": f"a street's code is the district's, {district}, and three digits more",
    }
    faults = [
        Where.pointer(f"/sites/{at}/street_code", said, "outside_district")
        for at, site in enumerate(sites)
        if not site.street_code.startswith(district)
    ]
    if faults:
        raise ImportRefused(errors=faults)


async def _refuse_outside(session: AsyncSession, sites: Sequence[SiteIn], district: str) -> None:
    """Refuse what lies outside the district's boundary, where one is known."""
    boundary = await registry_store.boundary_of(session, district)
    if boundary is None:
        return
    faults = []
    for at, site in enumerate(sites):
        given = Point(site.latitude, site.longitude)
        if places.is_within(places.to_wgs84(given, site.datum), boundary.geometry):
            continue
        fitting = places.datum_that_fits(given, boundary.geometry)
        remedy = (
            ("请核对经纬度是否写反或写错", "check latitude and longitude")
            if fitting is None or fitting is site.datum
            else (
                f"看来是 {fitting} 坐标，请写明 datum",
                f"it looks like {fitting}: say so in datum",
            )
        )
        said = {
            "zh-CN": f"坐标不在本区范围内（{site.datum}）：{remedy[0]}",
            "en": f"outside the district ({site.datum}): {remedy[1]}",
        }
        faults.append(Where.pointer(f"/sites/{at}/latitude", said, "outside_district"))
    if faults:
        raise ImportRefused(errors=faults)


async def _refuse_unknown_matters(session: AsyncSession, sites: Sequence[SiteIn]) -> None:
    own = {code for site in sites for code in site.matters}
    partners = {code for site in sites for code in site.partner_matters}
    unknown_own = own - await import_store.known_codes(session, own)
    unknown_partners = partners - await import_store.offered_codes(session, partners)
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
    stored: Mapping[str, import_store.Stored],
    digests: Mapping[str, str],
    new_state: SiteState,
) -> None:
    ids = [site.id for site in sites]
    states = {site.id: stored[site.id].state if site.id in stored else new_state for site in sites}
    await import_store.put_sites(
        session,
        [
            {
                **_row(site),
                "state": states[site.id],
                "content_digest": digests[site.id],
                "sequence": _next_sequence(stored, site.id, states[site.id]),
                "version": 1,
            }
            for site in sites
        ],
    )
    await import_store.replace_windows(
        session,
        ids,
        [
            {"id": new_id(), "site_id": site.id, "state": WindowState.OPEN, **window.model_dump()}
            for site in sites
            for window in site.windows
        ],
    )
    await import_store.replace_kiosks(
        session,
        ids,
        [{"site_id": site.id, **kiosk.model_dump()} for site in sites for kiosk in site.kiosks],
    )
    await import_store.replace_matters(
        session,
        ids,
        [
            {
                "site_id": site.id,
                "matter_code": code,
                "is_partner": is_partner,
                "depth": site.depths.get(code) or [Depth.RECEIVE],
            }
            for site in sites
            for is_partner, codes in ((False, site.matters), (True, site.partner_matters))
            for code in codes
        ],
    )
    await import_store.replace_special_days(
        session,
        ids,
        [{"site_id": site.id, **one.model_dump()} for site in sites for one in site.special_days],
    )
    await import_store.tell(
        session,
        [
            outbox_values(
                SiteChanged(
                    site_id=site.id,
                    kind=site.kind.value,
                    name=site.name,
                    state="closed" if states[site.id] is SiteState.CLOSED else "open",
                    matters=sorted(site.matters),
                    partner_matters=sorted(site.partner_matters),
                    accepts_cash=site.accepts_cash,
                    accepts_paper=site.accepts_paper,
                    continues_online=site.continues_online,
                ),
                sequence=_next_sequence(stored, site.id, states[site.id]),
            )
            for site in sites
            if states[site.id] is not SiteState.DRAFT
        ],
    )


PARTS = {"windows", "kiosks", "matters", "partner_matters", "special_days", "depths", "datum"}
"""Of an imported site, what does not go into its own row as it is."""


def _row(site: SiteIn) -> dict[str, Any]:
    place = places.to_wgs84(Point(site.latitude, site.longitude), site.datum)
    return {
        **site.model_dump(exclude=PARTS),
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _next_sequence(
    stored: Mapping[str, import_store.Stored], site_id: str, state: SiteState
) -> int:
    """A draft is told to nobody, so it takes no number."""
    last = stored[site_id].sequence if site_id in stored else 0
    return last if state is SiteState.DRAFT else last + 1
