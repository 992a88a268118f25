"""Importing sites: all or none, and what is the same as stored is left alone (网点导入)."""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import ImportRefused, MattersUnknown
from site_service.events import SiteChanged
from site_service.sites import import_store, rules
from site_service.sites.rules import SiteState, WindowState
from site_service.sites.schemas import ImportReport, SiteIn
from tongban import audit
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import outbox_values
from tongban.problems import Where

RETRY_AFTER_SECONDS = 2
UNKNOWN_LISTED = 20


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
) -> None:
    ids = [site.id for site in sites]
    parts = {"windows", "kiosks", "matters", "partner_matters"}
    await import_store.put_sites(
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
            {"site_id": site.id, "matter_code": code, "is_partner": is_partner}
            for site in sites
            for is_partner, codes in ((False, site.matters), (True, site.partner_matters))
            for code in codes
        ],
    )
    await import_store.tell(
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


def _next_sequence(stored: Mapping[str, import_store.Stored], site_id: str) -> int:
    return stored[site_id].sequence + 1 if site_id in stored else 1


def _state_after(stored: Mapping[str, import_store.Stored], site_id: str) -> SiteState:
    """An import leaves a closed site closed."""
    return stored[site_id].state if site_id in stored else SiteState.OPEN
