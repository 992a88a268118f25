"""Use cases of coverage: shares, hours, gaps; each answer kept until its inputs change."""

import asyncio
import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.coverage import rules, store
from site_service.coverage.errors import MatterNowhere
from site_service.coverage.rules import MOST_MINUTES, Question, Share, World
from site_service.coverage.schemas import CellIn
from site_service.sites import service as sites
from site_service.sites.rules import Provenance, SiteFilter, is_open_at
from site_service.travel import service as travels
from site_service.travel.rules import Manner, Seconds, Travel, places
from tongban import audit, calendars
from tongban.clock import start_of
from tongban.context import Context
from tongban.identity import Caller

T = TypeVar("T")
RESOURCE = "coverage"
KEPT = 256


class Kept:
    """The latest answers by what they rest on; two who ask the same wait for one reckoning."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return the answer kept under `key`, made now where there is none."""
        if key in self._answers:
            self._answers.move_to_end(key)
            return cast("T", await asyncio.shield(self._answers[key]))
        answer = asyncio.ensure_future(make())
        self._answers[key] = answer
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        try:
            return await answer
        except BaseException:
            self._answers.pop(key, None)
            raise


def kept(context: Context) -> Kept:
    """Return this process's answers."""
    found: Kept = context.resources.setdefault(RESOURCE, Kept())
    return found


@dataclass(frozen=True)
class Covered:
    """An answer about coverage."""

    world: World
    columns: NDArray[np.int64]
    """Of the sites that count."""
    seconds: NDArray[np.float64]
    """To the nearest of them, for each cell."""
    is_covered: NDArray[np.bool_]
    whole: Share
    by_age: Mapping[str, Share] = field(default_factory=dict)
    by_street: Mapping[tuple[str, str], Share] = field(default_factory=dict)


async def world(session: AsyncSession, context: Context) -> World:
    """Return the inputs as they are now."""
    version = await store.version(session)
    return await kept(context).get(("world", version), lambda: _read(session, version))


async def _read(session: AsyncSession, version: str) -> World:
    cells = await store.cells(session)
    stands = await store.open_sites(session)
    column = {site.id: at for at, site in enumerate(stands)}
    names: dict[str, str] = {}
    handled: dict[str, list[int]] = defaultdict(list)
    for code, site_id, name in await store.matters_of_sites(session):
        names[code] = name or code
        if site_id in column:
            handled[code].append(column[site_id])
    functions: dict[str, set[int]] = defaultdict(set)
    for site_id, able in await store.kiosk_functions(session):
        if site_id in column:
            for one in able:
                functions[one].add(column[site_id])
    return World(
        version=version,
        homes=places([(cell.latitude, cell.longitude) for cell in cells]),
        people=np.array(
            [(cell.children, cell.adults, cell.elderly) for cell in cells], dtype=np.int64
        ).reshape(-1, len(rules.AGES)),
        streets=[(cell.street_code, cell.street) for cell in cells],
        is_illustrative=any(cell.provenance is Provenance.ILLUSTRATIVE for cell in cells),
        site_ids=[site.id for site in stands],
        site_names=[site.name for site in stands],
        site_kinds=[site.kind.value for site in stands],
        hours=[
            tuple(one for one in (site.opening_hours, site.extended_hours) if one)
            for site in stands
        ],
        stands=places([(site.latitude, site.longitude) for site in stands]),
        matters={
            code: (names[code], np.array(columns, dtype=np.int64))
            for code, columns in handled.items()
        },
        functions={
            one: np.array(sorted(columns), dtype=np.int64) for one, columns in functions.items()
        },
    )


async def seconds(context: Context, known: World, manner: Manner) -> Seconds:
    """Return the seconds from each cell to each site."""
    travel: Travel = travels.of(context)
    key = ("seconds", known.version, travel.version, manner)

    async def reckon() -> Seconds:
        return await travel.seconds(known.homes, known.stands, manner, most=MOST_MINUTES * 60.0)

    return await kept(context).get(key, reckon)


def columns_of(known: World, question: Question) -> NDArray[np.int64]:
    """Return the columns of the sites that the question counts.

    Raises:
        MatterNowhere: 404, no open site handles the matter.
    """
    if question.matter_code is None:
        return np.arange(len(known.site_ids))
    if question.matter_code not in known.matters:
        raise MatterNowhere(code=question.matter_code)
    return known.matters[question.matter_code][1]


async def covered(
    session: AsyncSession, context: Context, question: Question, *, open_at: datetime | None
) -> Covered:
    """Return who is within reach of what, open at `open_at` where that is given."""
    known = await world(session, context)
    columns = columns_of(known, question)
    if open_at is not None:
        columns = columns[(await _open(session, known, [open_at]))[0][columns]]
    ways = await seconds(context, known, question.manner)
    key = ("covered", known.version, travels.of(context).version, question, tuple(columns))
    return await kept(context).get(
        key, lambda: asyncio.to_thread(_covered, known, ways, columns, question.minutes)
    )


def _covered(known: World, ways: Seconds, columns: NDArray[np.int64], minutes: int) -> Covered:
    soonest = rules.nearest(ways, columns)
    is_covered = soonest <= minutes * 60
    by_age, by_street = rules.shares(known, is_covered)
    whole = rules.total(known.people, is_covered)
    return Covered(known, columns, soonest, is_covered, whole, by_age, by_street)


async def _open(
    session: AsyncSession, known: World, moments: Sequence[datetime]
) -> list[NDArray[np.bool_]]:
    """Return for each moment which sites are open then, special days included."""
    calendar = await calendars.load(session)
    found = []
    for at in moments:
        by_hours = {
            hours: any(is_open_at(one, at, calendar) for one in hours) for hours in set(known.hours)
        }
        special = await sites.open_at(session, SiteFilter(), at)
        changed, open_then = set(special.special), set(special.special_open)
        found.append(
            np.array(
                [
                    one in open_then if one in changed else by_hours[hours]
                    for one, hours in zip(known.site_ids, known.hours, strict=True)
                ],
                dtype=bool,
            )
        )
    return found


async def by_hour(
    session: AsyncSession, context: Context, question: Question, day: date
) -> list[tuple[int, int, Share]]:
    """Return for each hour of a day how many sites are open, and the share within reach."""
    known = await world(session, context)
    columns = columns_of(known, question)
    ways = await seconds(context, known, question.manner)
    # The half hour: what opens at 8:30 is open for half of it.
    hours = [start_of(day) + timedelta(hours=hour, minutes=30) for hour in range(24)]
    opened = await _open(session, known, hours)

    def reckon() -> list[tuple[int, int, Share]]:
        seen: dict[tuple[int, ...], Share] = {}
        answer = []
        for hour, is_open in enumerate(opened):
            mine = columns[is_open[columns]]
            key = tuple(mine.tolist())
            if key not in seen:
                is_near = rules.nearest(ways, mine) <= question.minutes * 60
                seen[key] = rules.total(known.people, is_near)
            answer.append((hour, len(mine), seen[key]))
        return answer

    return await asyncio.to_thread(reckon)


async def by_matter(
    session: AsyncSession, context: Context, question: Question
) -> list[tuple[str, str, int, Share]]:
    """Return the share of each matter, the least covered first."""
    known = await world(session, context)
    ways = await seconds(context, known, question.manner)
    key = ("matters", known.version, travels.of(context).version, question)

    def reckon() -> list[tuple[str, str, int, Share]]:
        seen: dict[tuple[int, ...], Share] = {}
        answer = []
        for code, (name, columns) in known.matters.items():
            same = tuple(columns.tolist())
            if same not in seen:
                is_near = rules.nearest(ways, columns) <= question.minutes * 60
                seen[same] = rules.total(known.people, is_near)
            answer.append((code, name, len(columns), seen[same]))
        return sorted(answer, key=lambda one: (one[3].covered, one[0]))

    return await kept(context).get(key, lambda: asyncio.to_thread(reckon))


async def gaps(
    session: AsyncSession, context: Context, question: Question, *, open_at: datetime | None
) -> tuple[Covered, list[dict[str, Any]]]:
    """Return the neighbourhoods out of reach."""
    answer = await covered(session, context, question, open_at=open_at)
    features = await asyncio.to_thread(
        rules.gap_features, answer.world, answer.seconds, answer.is_covered
    )
    return answer, features


async def put_population(
    session: AsyncSession, content: bytes, cells: Sequence[CellIn], *, caller: Caller
) -> None:
    """Keep these cells, and none of those before."""
    digest = hashlib.sha256(content).hexdigest()
    await store.replace_cells(session, [cell.model_dump() for cell in cells], digest=digest)
    audit.note(
        session,
        actor=caller.subject,
        action="population.put",
        subject="population",
        payload={"cells": len(cells), "digest": digest},
    )
    await session.flush()
