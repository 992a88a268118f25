"""Use cases of statistics: what a range of days was like, at a site or in the district."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.sites import service as sites
from site_service.sites.rules import SiteFilter
from site_service.statistics import rules, store
from site_service.statistics.errors import RangeRefused
from site_service.statistics.rules import DISTRICT, Cover, Cut, Span, Tally
from tongban.identity import Caller
from tongban.paging import Paging

__all__ = ["Found", "at_sites", "by_day", "in_range", "mean_waits"]


@dataclass(frozen=True)
class Found:
    """The tallies by key, and when days were last counted."""

    site_id: str | None
    tallies: Mapping[str, Tally]
    counted_at: datetime | None


def scope_of(caller: Caller, site_id: str | None) -> str:
    """Return which site's roll-ups the caller reads: who belongs to a site reads that one's.

    Raises:
        ForeignSite: 403.
    """
    caller.require_site(site_id)
    return caller.site_id or site_id or DISTRICT


async def in_range(
    session: AsyncSession,
    first: date,
    last: date,
    cut: Cut,
    *,
    site_id: str | None,
    caller: Caller,
) -> Found:
    """Return what the tickets of a range came to, by window, area, hour or class, or as a whole.

    Raises:
        RangeRefused: 422, the range ends before it begins or is too long.
        SiteNotFound: 404.
        ForeignSite: 403.
    """
    scope = await _scope(session, caller, site_id)
    rows = await store.tallies(session, [scope], cut, await _cover(session, first, last))
    added: dict[str, list[Tally]] = defaultdict(list)
    for _, _, _, key, tally in rows:
        added[key].append(tally)
    found = {key: rules.total(tallies) for key, tallies in sorted(added.items())}
    if cut is Cut.WHOLE:
        found.setdefault(rules.WHOLE, Tally())
    return Found(scope or None, found, await store.counted_at(session))


async def by_day(
    session: AsyncSession,
    first: date,
    last: date,
    cut: Cut,
    *,
    site_id: str | None,
    caller: Caller,
) -> list[tuple[date, str, Tally]]:
    """Return the roll-ups of each day of a range, with their keys, earliest first.

    Raises:
        RangeRefused: 422. SiteNotFound: 404. ForeignSite: 403.
    """
    scope = await _scope(session, caller, site_id)
    _require_range(first, last)
    rows = await store.tallies(session, [scope], cut, rules.cover(first, last, ()))
    days = [(day, key, tally) for _, span, day, key, tally in rows if span is Span.DAY]
    return sorted(days, key=lambda row: row[:2])


async def at_sites(
    session: AsyncSession, first: date, last: date, paging: Paging, *, caller: Caller
) -> tuple[list[tuple[str, str, Tally]], str | None]:
    """Return a page of sites, by code, with what their tickets came to in a range.

    Raises:
        RangeRefused: 422.
    """
    wanted = SiteFilter(drafts_of=sites.drafts_of(caller), only=caller.site_id)
    page, following = await sites.find(session, wanted, paging, near=None)
    names = {one.site.id: one.site.name for one in page}
    covered = await _cover(session, first, last)
    added: dict[str, list[Tally]] = defaultdict(list)
    for site_id, _, _, _, tally in await store.tallies(session, names, Cut.WHOLE, covered):
        added[site_id].append(tally)
    found = [(site_id, name, rules.total(added[site_id])) for site_id, name in names.items()]
    return found, following


async def mean_waits(
    session: AsyncSession, site_ids: Collection[str], days: Collection[date], hour: int
) -> dict[str, float]:
    """Return the mean wait in seconds of who came in that hour of those days, by site."""
    return await store.mean_waits(session, site_ids, days, hour)


async def counted_at(session: AsyncSession) -> datetime | None:
    """Return when days were last counted."""
    return await store.counted_at(session)


async def _scope(session: AsyncSession, caller: Caller, site_id: str | None) -> str:
    scope = scope_of(caller, site_id)
    if scope != DISTRICT:
        await sites.get(session, scope, caller=caller)
    return scope


async def _cover(session: AsyncSession, first: date, last: date) -> Cover:
    _require_range(first, last)
    months: Sequence[date] = await store.counted_months(session, first, last)
    return rules.cover(first, last, frozenset(months))


def _require_range(first: date, last: date) -> None:
    if not 0 <= (last - first).days < rules.MOST_DAYS:
        raise RangeRefused(days=rules.MOST_DAYS)
