"""Which matter and which site a case refers to; kept in memory, since versions never change."""

import time
from collections.abc import Iterable
from datetime import date
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.errors import MatterRetired, MatterUnknown, SiteUnknown
from case_service.matters import store
from case_service.matters.rules import Matter, SiteFacts, is_in_force
from tongban.context import Context

__all__ = ["Matters", "matters_of"]

FRESH_SECONDS = 2.0
MOST_KEPT = 5_000

T = TypeVar("T")


class Matters:
    """Matters and sites by their codes, read again when older than two seconds."""

    def __init__(self) -> None:
        self._current: dict[tuple[str, date], tuple[float, Matter]] = {}
        self._versions: dict[tuple[str, int], Matter] = {}
        self._sites: dict[str, tuple[float, SiteFacts]] = {}

    async def current(self, session: AsyncSession, code: str, *, today: date) -> Matter:
        """Return what can be applied for under this code today.

        Raises:
            MatterUnknown: never heard of; its event may be on the way.
            MatterRetired: known, and not in force.
        """
        known = _fresh(self._current, (code, today))
        if known is not None:
            return known
        matter = await self._own(session, code, today) or await _partners(session, code)
        _keep(self._current, (code, today), (time.monotonic(), matter))
        _keep(self._versions, (code, matter.version), matter)
        return matter

    async def version(self, session: AsyncSession, code: str, version: int) -> Matter:
        """Return the version that a case goes by, also a retired one.

        Raises:
            MatterUnknown: never heard of.
        """
        known = self._versions.get((code, version))
        if known is not None:
            return known
        row = await store.get_version(session, code, version)
        if row is None:
            # Of a partner's matter the newest version alone is kept: the owner decides.
            matter = await _partners(session, code, withdrawn=True)
        else:
            matter = Matter.read(
                row.content, version=row.version, owner_district=row.owner_district
            )
        _keep(self._versions, (code, version), matter)
        return matter

    async def know(self, session: AsyncSession, keys: Iterable[tuple[str, int]]) -> None:
        """Read those of the versions that are not known yet, all by one statement."""
        unknown = set(keys) - self._versions.keys()
        if not unknown:
            return
        for row in await store.get_versions(session, unknown):
            matter = Matter.read(
                row.content, version=row.version, owner_district=row.owner_district
            )
            _keep(self._versions, (row.code, row.version), matter)

    async def newest(self, session: AsyncSession, code: str) -> Matter:
        """Return the newest version of a matter of ours, in force or not.

        Raises:
            MatterUnknown: never heard of.
        """
        rows = await store.own_versions(session, code)
        if not rows:
            raise MatterUnknown(matter_code=code)
        newest = rows[0]
        return Matter.read(
            newest.content, version=newest.version, owner_district=newest.owner_district
        )

    async def open_site(self, session: AsyncSession, site_id: str) -> SiteFacts:
        """Return a site that receives cases.

        Raises:
            SiteUnknown: never heard of, or closed.
        """
        site = _fresh(self._sites, site_id)
        if site is None:
            row = await store.get_site(session, site_id)
            if row is None:
                raise SiteUnknown(site_id=site_id)
            site = SiteFacts(row.site_id, row.name, row.state == "open")
            _keep(self._sites, site_id, (time.monotonic(), site))
        if not site.is_open:
            raise SiteUnknown(site_id=site_id)
        return site

    async def _own(self, session: AsyncSession, code: str, today: date) -> Matter | None:
        rows = await store.own_versions(session, code)
        for row in rows:
            if is_in_force(
                state=row.state,
                effective_from=row.effective_from,
                retired_on=row.retired_on,
                today=today,
            ):
                return Matter.read(
                    row.content, version=row.version, owner_district=row.owner_district
                )
        if rows:
            raise MatterRetired(matter_code=code)
        return None


async def _partners(session: AsyncSession, code: str, *, withdrawn: bool = False) -> Matter:
    row = await store.get_partner_matter(session, code)
    if row is None:
        raise MatterUnknown(matter_code=code)
    if row.state != "offered" and not withdrawn:
        raise MatterRetired(matter_code=code)
    return Matter.read(
        row.content,
        version=row.version,
        owner_district=row.owner_district,
        mode=row.mode,
        forward_within_days=row.forward_within_days,
    )


def matters_of(context: Context) -> Matters:
    """Return this process's matters."""
    made: Matters = context.resources.setdefault("matters", Matters())
    return made


def _fresh(kept: dict[Any, tuple[float, T]], key: Any) -> T | None:
    found = kept.get(key)
    if found is None or time.monotonic() - found[0] > FRESH_SECONDS:
        return None
    return found[1]


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = value
