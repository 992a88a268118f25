"""Use cases of planning: where the next points belong, what moving or closing would do."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.coverage import planning, rules
from site_service.coverage import service as coverage
from site_service.coverage.errors import PlanRefused
from site_service.coverage.rules import Question, Share, World
from site_service.coverage.schemas import PlanIn
from site_service.travel import service as travels
from site_service.travel.rules import Manner, places
from tongban.context import Context
from tongban.problems import Where

__all__ = ["Plan", "plan"]

MOST_CANDIDATES = 400
PRESENCE = ""
"""The need for any site at all, where no function is asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where points belong, and what is within reach before and after."""

    points: list[dict[str, Any]]
    needs: list[tuple[str | None, Share, Share, Share]]
    is_optimal: bool
    is_illustrative: bool


async def plan(session: AsyncSession, context: Context, wanted: PlanIn) -> Plan:
    """Return the plan that adds the most residents.

    Raises:
        PlanRefused: 422, it names sites that are not open, or a matter and functions at once.
    """
    known = await coverage.world(session, context)
    _refuse_unknown(known, wanted)
    manner = Manner(wanted.mode, wanted.pace)
    most = wanted.minutes * 60.0
    ways = await coverage.seconds(context, known, manner)
    changed = await _changed(context, known, wanted, ways, manner)
    serving = _serving(known, wanted)
    residents = known.people.sum(axis=1)
    before = {need: rules.nearest(ways, at) <= most for need, at in serving.items()}
    open_still = np.array([one not in wanted.close for one in known.site_ids], dtype=bool)
    after_changes = {
        need: rules.nearest(changed, at[open_still[at]]) <= most for need, at in serving.items()
    }
    missing = {need: np.where(near, 0, residents) for need, near in after_changes.items()}
    candidates = _candidates(known, missing)
    reaches = (
        await travels.of(context).seconds(known.homes[candidates], known.homes, manner, most=most)
        <= most
    )
    layout = await asyncio.to_thread(
        planning.best_layout,
        reaches,
        missing,
        points=wanted.points,
        needs_a_point=wanted.functions_a_point,
    )
    after = dict(after_changes)
    points = []
    for one in layout.chosen:
        added = np.zeros(len(residents), dtype=bool)
        for need in one.needs:
            added |= reaches[one.candidate] & ~after_changes[need]
            after[need] = after[need] | reaches[one.candidate]
        cell = candidates[one.candidate]
        points.append(
            {
                "latitude": round(float(known.homes[cell, 0]), 6),
                "longitude": round(float(known.homes[cell, 1]), 6),
                "street": known.streets[cell][1],
                "functions": [need for need in one.needs if need != PRESENCE],
                "residents": int(residents[added].sum()),
            }
        )
    return Plan(
        points=sorted(points, key=lambda one: -one["residents"]),
        needs=[
            (
                need or None,
                rules.total(known.people, before[need]),
                rules.total(known.people, after_changes[need]),
                rules.total(known.people, after[need]),
            )
            for need in serving
        ],
        is_optimal=layout.is_optimal,
        is_illustrative=known.is_illustrative,
    )


def _refuse_unknown(known: World, wanted: PlanIn) -> None:
    open_ids = set(known.site_ids)
    named = [(f"/close/{at}", one) for at, one in enumerate(wanted.close)]
    named += [(f"/move/{at}/site_id", one.site_id) for at, one in enumerate(wanted.move)]
    faults = [
        Where.pointer(
            pointer,
            {"zh-CN": f"没有开放的网点 {site_id}", "en": f"no open site {site_id}"},
            "site_unknown",
        )
        for pointer, site_id in named
        if site_id not in open_ids
    ]
    if wanted.functions and wanted.matter_code is not None:
        said = {
            "zh-CN": "matter_code 与 functions 只能填一项",
            "en": "a matter or functions, not both",
        }
        faults.append(Where.pointer("/matter_code", said, "either"))
    if faults:
        raise PlanRefused(errors=faults)


def _serving(known: World, wanted: PlanIn) -> dict[str, NDArray[np.int64]]:
    """Return for each need the columns of the sites that meet it now."""
    if wanted.functions:
        nowhere = np.array([], dtype=np.int64)
        return {one: known.functions.get(one, nowhere) for one in dict.fromkeys(wanted.functions)}
    return {PRESENCE: coverage.columns_of(known, Question(matter_code=wanted.matter_code))}


async def _changed(
    context: Context, known: World, wanted: PlanIn, ways: Any, manner: Manner
) -> Any:
    """Return the ways as they would be with the sites moved."""
    if not wanted.move:
        return ways
    moved = {one.site_id: (one.latitude, one.longitude) for one in wanted.move}
    columns = [known.site_ids.index(one) for one in moved]
    anew = await travels.of(context).seconds(
        known.homes,
        places(list(moved.values())),
        replace(manner),
        most=rules.MOST_MINUTES * 60.0,
    )
    changed = ways.copy()
    changed[:, columns] = anew
    return changed


def _candidates(known: World, missing: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the cells where a point might stand: those where most go without, and who live there.

    A point stands where people are; the emptiest cells would only make the search longer.
    """
    without = sum(missing.values(), start=np.zeros(len(known.homes), dtype=np.int64))
    dense = np.argsort(-without, kind="stable")[:MOST_CANDIDATES]
    kept: NDArray[np.int64] = np.sort(dense[without[dense] > 0])
    return kept
