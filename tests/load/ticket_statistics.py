"""What statistics cost at 2,540,000 tickets a year against 25,400: `ticket_statistics.py`.

The same year, halls, windows and questions; one has a hundred times the tickets. Both are counted
by the worker's own rounds, then each question is asked of both in turn, the best of some rounds,
so that what else the machine does falls on both alike. One server, fsync off. Prints what counting
cost, the answers' times and ratios, and PostgreSQL's plan for the dearest question.
"""

import asyncio
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from site_service.app import SERVICE
from site_service.statistics import rules, service, store
from site_service.statistics.rules import Cut
from tongban import db
from tongban.identity import Caller, Role
from tongban.migrate import migrate
from tongban.paging import Paging
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres

SMALL, LARGE = 25_400, 2_540_000
ROUNDS = 15
MOST = 1.5
YEAR = date(2025, 1, 1), date(2025, 12, 31)
TODAY = date(2026, 1, 5)
HALLS, WINDOWS = 30, 12
SUPERVISOR = Caller("load", frozenset({Role.SUPERVISOR}), "610171")

SITES = """
INSERT INTO sites (id, kind, name, english_name, address, street_code, street, latitude, longitude,
  opening_hours, facilities, green_channel, provenance, state, content_digest, sequence, version)
SELECT 's' || lpad(n::text, 3, '0'), 'centre', '网点' || n, 'Site ' || n, '路', '610171001', '街',
  34.2, 108.9, 'Mo-Fr 09:00-17:00', '{}', true, 'illustrative', 'open', '', 1, 1
FROM generate_series(1, :halls) AS n
"""
WINDOWS_OF = """
INSERT INTO windows (id, site_id, number, kind, name, areas, state)
SELECT gen_random_uuid(), id, 'A' || n, 'integrated', '窗口', '{}', 'open'
FROM sites, generate_series(1, :windows) AS n
"""
# Four of five are served; a wait is a quarter of an hour on average, a visit eight minutes.
TICKETS = """
WITH w AS (SELECT id, site_id, row_number() OVER (ORDER BY site_id, number) - 1 AS nth
           FROM windows),
drawn AS (
  SELECT n, w.site_id, w.id AS window_id, date '2025-01-01' + (n % 365)::int AS day,
    (ARRAY['tax', 'social_insurance', 'business_registration', 'housing', 'notary', 'family'])
      [1 + (random() * 5.99)::int % 6] AS area,
    random() < 0.15 AS is_green, random() AS fate,
    interval '1 hour' * (9 + random() * 7.5) AS came,
    interval '1 minute' * (-15 * ln(1 - random())) AS waits,
    interval '1 minute' * (2 - 6 * ln(1 - random())) AS takes
  FROM generate_series(1, :count) AS n
  JOIN w ON w.nth = (n / 365) % :all_windows
)
INSERT INTO tickets (id, site_id, day, number, matter_code, area, is_partner, is_green, call_class,
  needs, channel, state, taken_by, window_id, issued_at, placed_at, called_at, serving_at, done_at,
  created_at, updated_at, sequence, version)
SELECT gen_random_uuid(), site_id, day, 'A' || n, repeat('1', 31), area, false, is_green,
  CASE WHEN is_green THEN 'green' ELSE 'ordinary' END, '{}', 'kiosk',
  CASE WHEN fate < 0.88 THEN 'done' WHEN fate < 0.94 THEN 'lapsed' ELSE 'withdrawn' END,
  'load', CASE WHEN fate < 0.91 THEN window_id END, at, at,
  CASE WHEN fate < 0.91 THEN at + waits END, NULL,
  CASE WHEN fate < 0.88 THEN at + waits + takes END, at, at, 1, 1
FROM (SELECT *, (day + came) AT TIME ZONE 'Asia/Shanghai' AS at FROM drawn) AS t
"""


async def fill(engine: AsyncEngine, count: int) -> None:
    """Make a year of `count` tickets, spread over halls, windows and days."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT setseed(0.5)"))
        await connection.execute(text(SITES), {"halls": HALLS})
        await connection.execute(text(WINDOWS_OF), {"windows": WINDOWS})
        told = {"count": count, "all_windows": HALLS * WINDOWS}
        await connection.execute(text(TICKETS), told)
    await vacuum(engine)


async def vacuum(engine: AsyncEngine) -> None:
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def count_year(engine: AsyncEngine) -> tuple[float, float]:
    """Count every day and month as the worker would; return the mean of a day, and of a month."""
    sessions = async_sessionmaker(engine)
    days, months = 0.0, 0.0
    day = YEAR[0]
    while day <= YEAR[1]:
        async with sessions.begin() as session:
            start = time.perf_counter()
            await store.count_day(session, day)
            days += time.perf_counter() - start
        day += timedelta(days=1)
    async with sessions.begin() as session:
        found = await store.months_to_sum(session, TODAY)
        for month in found:
            start = time.perf_counter()
            await store.sum_month(session, month, at=await store.database_time(session))
            months += time.perf_counter() - start
    await vacuum(engine)
    return days / 365, months / len(found)


async def ask(engine: AsyncEngine, question: str) -> int:
    """Ask one everyday question; return how many tickets its answer counts."""
    async with async_sessionmaker(engine)() as session:
        if question == "each site, the year":
            page = Paging(limit=100, cursor=None)
            rows, _ = await service.at_sites(session, *YEAR, page, caller=SUPERVISOR)
            return sum(tally.taken for _, _, tally in rows)
        if question == "a site, each day of the year":
            by_day = await service.by_day(
                session, *YEAR, Cut.WHOLE, site_id="s001", caller=SUPERVISOR
            )
            return sum(tally.taken for _, _, tally in by_day)
        site_id, cut, days = {
            "district, the year": (None, Cut.WHOLE, YEAR),
            "district by area, the year": (None, Cut.AREA, YEAR),
            "district by hour, the year": (None, Cut.HOUR, YEAR),
            "a site by window, the year": ("s001", Cut.WINDOW, YEAR),
            "a site by class, an odd range": (
                "s001",
                Cut.CALL_CLASS,
                (date(2025, 2, 11), date(2025, 11, 19)),
            ),
            "district, a day": (None, Cut.WHOLE, (date(2025, 6, 3), date(2025, 6, 3))),
        }[question]
        found = await service.in_range(session, *days, cut, site_id=site_id, caller=SUPERVISOR)
        return rules.total(found.tallies.values()).taken


QUESTIONS = (
    "district, a day",
    "district, the year",
    "district by area, the year",
    "district by hour, the year",
    "a site by window, the year",
    "a site by class, an odd range",
    "a site, each day of the year",
    "each site, the year",
)

PLAN = """
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)
SELECT key, taken, waits FROM tallies WHERE site_id = '' AND cut = 'hour' AND
  (span = 'month' AND starts_on = ANY(:months) OR span = 'day' AND starts_on = ANY(:days))
"""
RAW = """
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)
SELECT count(*), percentile_cont(0.9) WITHIN GROUP (ORDER BY called_at - placed_at) FROM tickets
WHERE day BETWEEN :first AND :last
"""


async def timed(engine: AsyncEngine, question: str) -> float:
    start = time.perf_counter()
    await ask(engine, question)
    return time.perf_counter() - start


async def explain(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        covered = rules.cover(*YEAR, [date(2025, month, 1) for month in range(1, 13)])
        told = {"months": list(covered.months), "days": list(covered.days)}
        print(*(await connection.scalars(text(PLAN), told)), sep="\n")
        raw = (await connection.scalars(text(RAW), {"first": YEAR[0], "last": YEAR[1]})).all()
        print("the same year from the tickets themselves:", raw[-1])


async def main() -> None:
    """Measure, print, and fail above the bound."""
    with tempfile.TemporaryDirectory(prefix="tongban-statistics-") as folder:
        server = EmbeddedPostgres(Path(folder), free_port(), fsync=False)
        server.start()
        try:
            engines: dict[int, AsyncEngine] = {}
            for count in (SMALL, LARGE):
                name = f"statistics_{count}"
                server.create_database(name, password="load")
                url = server.url(name, password="load")
                await migrate(url, SERVICE.migrations, SERVICE.metadata)
                engines[count] = db.engine(url, pool=1)
                start = time.perf_counter()
                await fill(engines[count], count)
                loaded = time.perf_counter() - start
                day, month = await count_year(engines[count])
                async with engines[count].connect() as connection:
                    rows = await connection.scalar(text("SELECT count(*) FROM tallies"))
                print(
                    f"{count:>9,} tickets: loaded in {loaded:.0f} s; counted, a day"
                    f" {day * 1000:.0f} ms, a month {month * 1000:.0f} ms; {rows:,} roll-ups"
                )
            best = {(count, one): float("inf") for count in engines for one in QUESTIONS}
            for _ in range(ROUNDS):
                for count, engine in engines.items():
                    for one in QUESTIONS:
                        best[count, one] = min(best[count, one], await timed(engine, one))
            ratios = []
            for one in QUESTIONS:
                small, large = best[SMALL, one] * 1000, best[LARGE, one] * 1000
                ratios.append(large / small)
                found = await ask(engines[LARGE], one)
                print(f"{one:<32} {small:7.2f} ms {large:7.2f} ms  ×{large / small:.2f} {found:,}")
            print(f"worst ×{max(ratios):.2f}, bound ×{MOST}")
            await explain(engines[LARGE])
            for engine in engines.values():
                await engine.dispose()
        finally:
            server.stop()
    if max(ratios) > MOST:
        raise SystemExit("slower than the bound")


if __name__ == "__main__":
    asyncio.run(main())
