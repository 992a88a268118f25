"""Use cases of supervision: count the lights, make and read the daily digest (督办)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.supervision import recomputing, store
from case_service.supervision.errors import RecomputationNotFound
from case_service.supervision.orders import site_of
from case_service.supervision.schemas import LightCount, LightsRead
from case_service.supervision.tables import Digest, MovedDeadline, Recomputation
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.paging import Paging

__all__ = [
    "digests",
    "follow_amended_year",
    "lights",
    "make_digest",
    "moved",
    "recomputations",
]

LISTED = 200
"""So many overdue cases of a department are listed in its digest."""
READ_AT_MOST = 5_000
# `grouping()` sets a bit for each key that a row is summed over: site, matter, department.
_TOTAL, _BY_SITE, _BY_MATTER, _BY_DEPARTMENT = 0b111, 0b011, 0b101, 0b110


async def lights(session: AsyncSession, caller: Caller, *, site_id: str | None) -> LightsRead:
    """Count the lights of the open cases that the caller may see."""
    rows = await store.lights(session, site_id=site_of(caller) or site_id)
    totals = _counts(rows, _TOTAL, "light")
    return LightsRead(
        total=LightCount(
            key=None,
            **{name: sum(getattr(one, name) for one in totals) for name in _COLOURS},
        ),
        sites=_counts(rows, _BY_SITE, "site_id"),
        matters=_counts(rows, _BY_MATTER, "matter_code"),
        departments=_counts(rows, _BY_DEPARTMENT, "department"),
    )


_COLOURS = ("green", "yellow", "red")


def _counts(rows: Iterable[RowMapping], summed: int, name: str) -> list[LightCount]:
    found: dict[str | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COLOURS, 0))
    for row in rows:
        if row["summed"] == summed:
            found[row[name]][row["light"].value] += row["cases"]
    ordered = sorted(found.items(), key=lambda one: (-one[1]["red"], one[0] or ""))
    return [LightCount(key=key, **counted) for key, counted in ordered]


async def make_digest(session: AsyncSession, context: Context) -> None:
    """Make today's digest, once, as soon as everything that fell due is done."""
    at = context.clock()
    day = local_date(at)
    if await store.has_digest(session, day) or await store.is_behind(session, at):
        return
    rows = await store.lights(session)
    open_orders = await store.open_orders(session)
    overdue = _by_department(await store.overdue(session, most=READ_AT_MOST))
    total = _summed(_counts(rows, _TOTAL, "light"))
    departments = {one.key or "": one for one in _counts(rows, _BY_DEPARTMENT, "department")}
    made = [_digest(day, "", total, sum(open_orders.values()), _flat(overdue), at)]
    for name in sorted({*departments, *(key or "" for key in open_orders)} - {""}):
        counted = departments.get(name) or LightCount(key=name, green=0, yellow=0, red=0)
        made.append(
            _digest(day, name, counted, open_orders.get(name, 0), overdue.get(name, []), at)
        )
    await store.keep_digests(session, made)


def _summed(counts: Sequence[LightCount]) -> LightCount:
    sums = {name: sum(getattr(one, name) for one in counts) for name in _COLOURS}
    return LightCount(key=None, **sums)


def _digest(
    day: date,
    department: str,
    counted: LightCount,
    open_orders: int,
    overdue: list[dict[str, Any]],
    at: datetime,
) -> dict[str, Any]:
    return {
        "day": day,
        "department": department,
        **counted.model_dump(include=set(_COLOURS)),
        "open_orders": open_orders,
        "overdue": sorted(overdue, key=lambda one: str(one["was_due_on"]))[:LISTED],
        "made_at": at,
    }


def _by_department(cases: Iterable[Case]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in cases:
        clock = case.running_clock
        due_on = getattr(case, f"{clock.value}_due_on") if clock is not None else None
        found[case.department or ""].append(
            {
                "case_id": str(case.id),
                "number": case.number,
                "matter_name": case.matter_name,
                "site_id": case.site_id,
                "clock": clock.value if clock is not None else None,
                "was_due_on": due_on.isoformat() if due_on is not None else None,
            }
        )
    return found


def _flat(overdue: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for listed in overdue.values() for one in listed]


async def digests(
    session: AsyncSession, paging: Paging, *, day: date | None, department: str | None
) -> Sequence[Digest]:
    """Return one page of digests, newest day first, and one row more."""
    return await store.digests(session, paging, day=day, department=department)


async def follow_amended_year(
    session: AsyncSession, context: Context, *, year: int, calendar_sequence: int
) -> None:
    """Have the deadlines that another calendar moves reckoned anew."""
    context.resources.pop("calendar", None)
    await recomputing.start(
        session, year=year, calendar_sequence=calendar_sequence, at=context.clock()
    )


async def recomputations(
    session: AsyncSession, paging: Paging, *, year: int | None
) -> Sequence[Recomputation]:
    """Return one page of recomputations, newest first, and one row more."""
    return await store.recomputations(session, paging, year=year)


async def moved(
    session: AsyncSession, recomputation_id: UUID, paging: Paging
) -> Sequence[MovedDeadline]:
    """Return one page of the cases that a recomputation moved, and one row more.

    Raises:
        RecomputationNotFound: 404.
    """
    if await store.get_recomputation(session, recomputation_id) is None:
        raise RecomputationNotFound
    return await store.moved(session, recomputation_id, paging)
