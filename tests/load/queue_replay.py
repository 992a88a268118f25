"""How true the waits were that visitors were told: a day replayed.

    .venv/bin/python tests/load/queue_replay.py                       a made-up day, by a fixed seed
    .venv/bin/python tests/load/queue_replay.py --database URL --site hitech-hall --day 2026-10-12

With a database it holds what was told on each ticket against what came. Without one it lets a day
happen, with visits drawn from a distribution that the estimate sees only by what was measured
before, asks for an estimate whenever somebody comes, and holds that against what came.
"""

import argparse
import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import text

from site_service.queue.estimate import Coming, Measured, OpenWindow, Standing, waits
from site_service.queue.policy import ORDINARY, USUAL
from site_service.queue.rules import Duty, next_ticket
from tongban import db
from tongban.ids import new_id

OPENING = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
AREA = "tax"


@dataclass(frozen=True)
class Told:
    """What a visitor was told, and how long the wait was, in minutes."""

    low: float
    middle: float
    high: float
    came: float


def report(told: Sequence[Told]) -> str:
    """Return the estimate's errors in a few lines."""
    if not told:
        return "nobody was told a wait and then called"
    errors = np.array([one.came - one.middle for one in told])
    within = np.mean([one.low <= one.came <= one.high for one in told])
    waited = np.array([one.came for one in told])
    return "\n".join(
        [
            f"visitors                       {len(told)}",
            f"wait p50 / p90                 {np.percentile(waited, 50):.1f}"
            f" / {np.percentile(waited, 90):.1f} min",
            f"mean absolute error            {np.mean(np.abs(errors)):.1f} min",
            f"bias (came later than told)    {np.mean(errors):+.1f} min",
            f"within the told spread (80 %)  {within:.0%}",
        ]
    )


def made_up(*, seed: int, windows: int, hours: float, minutes: float, load: float) -> list[Told]:
    """Let a day happen and return what was told and came."""
    rng = np.random.default_rng(seed)

    def visit() -> float:
        return float(rng.lognormal(np.log(minutes * 60) - 0.18, 0.6))

    measured = {AREA: [visit() for _ in range(300)]}
    green: list[float] = []
    gap = minutes * 60 / windows / load
    duty = Duty(frozenset())
    free: list[tuple[float, int]] = [(0.0, nth) for nth in range(windows)]
    busy: dict[int, tuple[float, str]] = {}
    history: dict[int, list[str]] = {nth: [] for nth in range(windows)}
    waiting: list[Standing] = []
    foretold: dict[object, tuple[float, float, float]] = {}
    told: list[Told] = []
    at = 0.0

    def call_until(until: float) -> None:
        while free and waiting and free[0][0] <= until:
            freed, nth = heapq.heappop(free)
            first = min((one.placed_at - OPENING).total_seconds() for one in waiting)
            now = max(freed, first)
            if now > until:
                heapq.heappush(free, (freed, nth))
                return
            called = next_ticket(
                waiting,
                now=OPENING + timedelta(seconds=now),
                duty=duty,
                history=history[nth],
                policy=USUAL,
            )
            assert called is not None
            waiting.remove(called)
            history[nth].insert(0, called.call_class)
            came = (now - (called.placed_at - OPENING).total_seconds()) / 60
            told.append(Told(*foretold[called.id], came=came))
            busy[nth] = now, called.area
            heapq.heappush(free, (now + visit(), nth))

    while (at := at + float(rng.exponential(gap))) < hours * 3600:
        call_until(at)
        is_green = bool(rng.random() < 0.15)
        now = OPENING + timedelta(seconds=at)
        came = Standing(new_id(), AREA, is_green, False, "green" if is_green else ORDINARY, now)
        ends = {nth: end for end, nth in free}
        open_windows = [
            OpenWindow(
                duty,
                busy_with=AREA if ends[nth] > at else None,
                busy_for=timedelta(seconds=at - busy[nth][0]) if ends[nth] > at else timedelta(),
                history=tuple(history[nth][:2]),
            )
            for nth in range(windows)
        ]
        waiting.append(came)
        green += [at] if is_green else []
        lately = sum(1 for one in green if one > at - 3600)
        known = Measured(measured, [Coming(AREA, "green", True, False, an_hour=lately)])
        wait = waits(waiting, open_windows, known, now=now, policy=USUAL)[came.id]
        foretold[came.id] = wait.low, wait.middle, wait.high
    call_until(float("inf"))
    return told


async def recorded(url: str, site_id: str, day: date) -> list[Told]:
    """Return what the tickets of a day were told, and what came."""
    engine = db.engine(url, pool=1)
    try:
        async with engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT foreseen, extract(epoch FROM called_at - placed_at) / 60 FROM tickets"
                    " WHERE site_id = :site AND day = :day AND foreseen IS NOT NULL"
                    " AND called_at IS NOT NULL AND returned_at IS NULL ORDER BY issued_at"
                ),
                {"site": site_id, "day": day},
            )
            return [
                Told(told["low"], told["middle"], told["high"], came=float(came))
                for told, came in rows
            ]
    finally:
        await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database")
    parser.add_argument("--site", default="hitech-hall")
    parser.add_argument("--day", type=date.fromisoformat)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--windows", type=int, default=6)
    parser.add_argument("--hours", type=float, default=6)
    parser.add_argument("--minutes", type=float, default=9, help="a visit's mean")
    parser.add_argument("--load", type=float, default=1.05, help="arrivals against capacity")
    told = parser.parse_args()
    if told.database:
        found = asyncio.run(recorded(told.database, told.site, told.day))
    else:
        found = made_up(
            seed=told.seed,
            windows=told.windows,
            hours=told.hours,
            minutes=told.minutes,
            load=told.load,
        )
    print(report(found))


if __name__ == "__main__":
    main()
