"""What statistics cost at 2,540,000 tickets a year, against 25,400: `tests/load/tallies.py`.

The same year, halls, windows and questions; one has a hundred times the tickets. Each is filled by
SQL and counted by the worker's own rounds; then its API is asked, in this process. Each answer is
judged by what does not depend on what else the machine does, its statements and the pages
PostgreSQL touched for them, and by its median time as so many times that of `/readyz` just before.
Fails where an answer touches more pages than the bound allows, or does not count every ticket.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.pages import Answer, Question, Watched

from site_service.app import SERVICE, create_app
from site_service.statistics.counting import DAYS_A_ROUND, count_days
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict

SIZES = (25_400, 2_540_000)
AT_ONCE = 250_000
MOST = 1.5
TODAY = datetime(2026, 1, 5, 2, tzinfo=UTC)
HALLS, WINDOWS = 30, 12

SITES = """
INSERT INTO sites (id, kind, name, english_name, address, street_code, street, latitude, longitude,
  opening_hours, facilities, green_channel, provenance, state, content_digest, sequence, version)
SELECT 's' || lpad(n::text, 3, '0'), 'centre', '网点' || n, 'Site ' || n, '路', '610171001', '街',
  34.2, 108.9, 'Mo-Fr 09:00-17:00', '{}', true, 'illustrative', 'open', '', 1, 1
FROM generate_series(1, $1::int) AS n
"""
WINDOWS_OF = """
INSERT INTO windows (id, site_id, number, kind, name, areas, state)
SELECT uuidv7(), id, 'A' || n, 'integrated', '窗口', '{}', 'open'
FROM sites, generate_series(1, $1::int) AS n
"""
# The tickets $1 to $2 of a year's $3, day after day as they come. Four of five are served; a wait
# is a quarter of an hour on average, a visit eight minutes.
TICKETS = """
WITH w AS (SELECT id, site_id, row_number() OVER (ORDER BY site_id, number) - 1 AS nth
           FROM windows),
drawn AS (
  SELECT n, floor(random() * (SELECT count(*) FROM windows))::int AS nth,
    date '2025-01-01' + ((n - 1) * 365 / $3::bigint)::int AS day,
    (ARRAY['tax', 'social_insurance', 'business_registration', 'housing', 'notary', 'family'])
      [1 + floor(random() * 6)::int] AS area,
    random() < 0.15 AS is_green, random() AS fate,
    interval '1 hour' * (9 + random() * 7.5) AS came,
    interval '1 minute' * (-15 * ln(1 - random())) AS waits,
    interval '1 minute' * (2 - 6 * ln(1 - random())) AS takes
  FROM generate_series($1::bigint, $2::bigint) AS n
)
INSERT INTO tickets (id, site_id, day, number, matter_code, area, is_partner, is_green, call_class,
  needs, channel, state, taken_by, window_id, issued_at, placed_at, called_at, serving_at, done_at,
  created_at, updated_at, sequence, version)
SELECT uuidv7(at - now()), w.site_id, day, 'A' || n, repeat('1', 31), area, false, is_green,
  CASE WHEN is_green THEN 'green' ELSE 'ordinary' END, '{}', 'kiosk',
  CASE WHEN fate < 0.88 THEN 'done' WHEN fate < 0.94 THEN 'lapsed' ELSE 'withdrawn' END,
  'load', CASE WHEN fate < 0.91 THEN w.id END, at, at,
  CASE WHEN fate < 0.91 THEN at + waits END, NULL,
  CASE WHEN fate < 0.88 THEN at + waits + takes END, at, at, 1, 1
FROM (SELECT *, (day + came) AT TIME ZONE 'Asia/Shanghai' AS at FROM drawn) AS t
JOIN w USING (nth)
"""

STATISTICS = "tickets/statistics"
YEAR = "from=2025-01-01&until=2025-12-31"
A_DAY = "from=2025-06-03&until=2025-06-03"
ODD = "from=2025-02-11&until=2025-11-19"
READERS = ("supervisor",)
WHOLE = Question("district, the year", f"{STATISTICS}?{YEAR}", READERS)
QUESTIONS = (
    Question("district, a day", f"{STATISTICS}?{A_DAY}", READERS),
    WHOLE,
    Question("district by area, the year", f"{STATISTICS}?{YEAR}&by=area", READERS),
    Question("district by hour, the year", f"{STATISTICS}?{YEAR}&by=hour", READERS),
    Question("a site by window, the year", f"{STATISTICS}?{YEAR}&site_id=s001&by=window", READERS),
    Question(
        "a site by class, 282 days", f"{STATISTICS}?{ODD}&site_id=s001&by=call_class", READERS
    ),
    Question("a site, each day of it", f"{STATISTICS}/days?{YEAR}&site_id=s001", READERS),
    Question("each site, the year", f"{STATISTICS}/sites?{YEAR}&limit=100", READERS),
)


async def fill(world: Watched, count: int) -> float:
    """Make a year of `count` tickets, spread over halls, windows and days; return the seconds."""
    began = time.perf_counter()
    # Loaded as a restore would be: what refers to what holds by how it is made.
    await world.sql.execute("SET session_replication_role = replica")
    await world.sql.execute("SELECT setseed(0.5)")
    await world.sql.execute(SITES, HALLS)
    await world.sql.execute(WINDOWS_OF, WINDOWS)
    indexes = await world.without_indexes("tickets")
    for first in range(1, count + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, count)
        await world.sql.execute(TICKETS, first, last, count)
        print(f"  … {last:,} tickets, {time.perf_counter() - began:,.0f} s", flush=True)
    await world.with_indexes(indexes)
    await world.sql.execute("VACUUM ANALYZE")
    return time.perf_counter() - began


async def count_year(world: Watched) -> tuple[int, float, float]:
    """Do the worker's rounds until no day waits; return how many, the whole's and the longest's s.

    The months are summed in the round that counts their last day.
    """
    times: list[float] = []
    left = None
    while left != 0:
        began = time.perf_counter()
        async with world.context.sessions.begin() as session:
            await count_days(session, world.context)
        times.append(time.perf_counter() - began)
        left = await world.sql.fetchval("SELECT count(*) FROM stale_days")
    await world.sql.execute("VACUUM ANALYZE tallies")
    return len(times), sum(times), max(times)


async def measure(world: Watched, count: int, base: dict[str, Answer]) -> list[str]:
    """Fill, count, ask and print; return what is wrong."""
    filled = await fill(world, count)
    rounds, seconds, longest = await count_year(world)
    rows = await world.sql.fetchval("SELECT count(*) FROM tallies")
    disk = await world.sql.fetchval("SELECT pg_database_size(current_database())")
    print(
        f"\n{count:,} tickets, {disk / 2**30:.1f} GiB, filled in {filled:,.0f} s; counted in"
        f" {rounds} rounds of at most {DAYS_A_ROUND} days, {seconds:,.1f} s, the longest"
        f" {longest:.1f} s; {rows:,} roll-ups\n"
    )
    print("| question | SQL | rows | p50 ms | × /readyz | pages | × the smaller year's |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    faults = []
    for question in QUESTIONS:
        pulse = await world.pulse()
        answer = await world.ask(question)
        before = base.setdefault(question.name, answer)
        ratio = answer.pages / before.pages
        body = answer.body
        found = body if isinstance(body, list) else body.get("tallies", body.get("items"))
        print(
            f"| {question.name} | {answer.statements} | {len(found)} | {answer.milliseconds:.1f} |"
            f" {answer.milliseconds / pulse:.1f} | {answer.pages:,} | {ratio:.2f} |",
            flush=True,
        )
        if ratio > MOST:
            faults.append(f"{question.name}: {ratio:.2f} times the pages; {answer.plan}")
        if question is WHOLE and (taken := sum(one["taken"] for one in found)) != count:
            faults.append(f"{taken:,} of {count:,} tickets are counted")
    return faults


async def run(server: EmbeddedPostgres, folder: Path, sizes: list[int]) -> None:
    district = TestDistrict(folder / "district")
    base: dict[str, Answer] = {}
    for size in sorted(sizes):
        world = Watched(SERVICE, create_app, server, district)
        async with AsyncExitStack() as stack:
            await world.open(stack, f"year_{size}")
            world.context.clock = lambda: TODAY
            if faults := await measure(world, size, base):
                raise SystemExit("\n".join(faults))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes", type=lambda told: [int(one) for one in told.split(",")], default=SIZES
    )
    options = parser.parse_args()
    configure_logging("load", "error")
    with tempfile.TemporaryDirectory(prefix="tongban-tallies-") as name:
        folder = Path(name)
        # PostgreSQL runs as a user of its own, who must reach its data.
        folder.chmod(0o755)
        server = EmbeddedPostgres(folder / "postgres", free_port(), fsync=False)
        server.start()
        try:
            asyncio.run(run(server, folder, options.sizes))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
