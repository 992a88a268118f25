"""Looking, now and then, whether what cases rest on still stands by its issuer's public lists.

Whoever ends a licence tells those who relied on it. Should that letter be lost with a backup, the
list shows it all the same, and the issuer is asked anew; besides, the copy says how a licence
stands while its issuer can't be reached.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import posting
from interop_service.partners import service as partners
from interop_service.reliances import store
from interop_service.verifications import service as verifications
from interop_service.verifications import status_lists
from interop_service.verifications.schemas import StatusPlace
from interop_service.verifications.status_lists import ListInvalid, StatusList
from tongban.context import Context

__all__ = ["consult", "consult_for_ever"]

EVERY: Final = timedelta(minutes=15)
"""The lists themselves are good for five minutes; what is urgent comes by letter."""
ROUND_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Wanted:
    """One list of one partner."""

    partner: str
    path: str
    url: str
    seals: dict[str, OKPKey]


async def consult_for_ever(context: Context) -> None:
    """Consult what is due, for as long as the worker lives."""
    while True:
        await consult(context)
        await asyncio.sleep(ROUND_SECONDS)


async def consult(context: Context) -> int:
    """Fetch each list that cases rest on and was not fetched lately; return how many came."""
    at = context.clock()
    async with context.sessions.begin() as session:
        wanted = await _wanted(session, at=at)
    came = 0
    async with posting.client_of(context) as client:
        for one in wanted:
            token, found = await _fetched(client, one)
            if token is None or found is None or found.expires_at <= at:
                continue
            async with context.sessions.begin() as session:
                await verifications.keep_list(
                    session, partner=one.partner, path=one.path, token=token, found=found, at=at
                )
                await _ask_about_ended(session, context, one, found, at=at)
            came += 1
    return came


async def _fetched(
    client: httpx.AsyncClient, wanted: _Wanted
) -> tuple[str | None, StatusList | None]:
    try:
        token = await status_lists.fetch(client, wanted.url)
        return token, status_lists.read(token, path=wanted.path, seals=wanted.seals)
    except ListInvalid as fault:
        log.warning("status_list.unusable", partner=wanted.partner, fault=str(fault))
        return None, None


async def _wanted(session: AsyncSession, *, at: datetime) -> list[_Wanted]:
    by_partner: dict[str, set[str]] = defaultdict(set)
    for place in await _places(session):
        by_partner[place.partner].add(place.path)
    found = []
    for district, paths in sorted(by_partner.items()):
        partner = await partners.active_partner(session, district)
        if partner is None or partner.endpoint is None:
            continue
        seals = partners.keys_of(partner).seal
        for path in sorted(paths):
            if await verifications.is_list_due(
                session, partner=district, path=path, at=at, every=EVERY
            ):
                found.append(_Wanted(district, path, f"{partner.endpoint}{path}", dict(seals)))
    return found


@dataclass(frozen=True)
class _Place:
    """Where the bit is of a licence that a case rests on."""

    partner: str
    number: str
    path: str
    idx: int


async def _places(session: AsyncSession) -> list[_Place]:
    found = []
    for partner, number, place in await store.listed(session):
        where = StatusPlace.model_validate(place)
        found.append(_Place(partner, number, where.path, where.idx))
    return found


async def _ask_about_ended(
    session: AsyncSession, context: Context, wanted: _Wanted, found: StatusList, *, at: datetime
) -> None:
    for place in await _places(session):
        is_here = (place.partner, place.path) == (wanted.partner, wanted.path)
        if is_here and found.stands(place.idx) is False:
            await verifications.ask_again(
                session, context, partner=place.partner, number=place.number, at=at
            )
