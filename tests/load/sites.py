"""What finding a site costs at 20,000 sites, against the same at 200: `tests/load/sites.py`.

The same questions, the same code, one server, fsync off; each asked of both provinces in turn, the
best of some rounds, so that what else the machine does falls on both alike. The large one is a
hundred times as wide in area, as a province is; so the same number of sites lies near. Prints the
times, the ratios, and which index PostgreSQL read.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from site_service.app import SERVICE
from site_service.sites import finding, service
from site_service.sites.finding import Order
from site_service.sites.rules import Point, SiteFilter
from site_service.travel.rules import Manner, Mode
from site_service.travel.service import StraightLines
from tongban import db
from tongban.migrate import migrate
from tongban.paging import Paging
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres

SMALL, LARGE = 200, 20_000
ROUNDS = 25
MOST = 2.0
CENTRE = Point(34.2, 108.9)
COMMON, RARE = "1" * 31, "2" * 31
AT = datetime(2026, 10, 9, 2, tzinfo=UTC)

SITES = """
INSERT INTO sites (id, kind, name, english_name, address, street_code, street, latitude, longitude,
  opening_hours, facilities, green_channel, provenance, state, content_digest, sequence, version)
SELECT 's' || n, 'point', '网点' || n, 'Site ' || n, '路', '610171001', '街',
  34.2 + (random() - 0.5) * :height, 108.9 + (random() - 0.5) * :height * 1.2,
  (ARRAY['Mo-Fr 09:00-17:00', 'Mo-Su 08:00-21:00', 'Mo-Fr 08:30-19:00'])[1 + n % 3],
  CASE WHEN n % 2 = 0 THEN '{wheelchair_ramp,parking}'::text[] ELSE '{rest_area}' END,
  true, 'illustrative', 'open', '', 1, 1
FROM generate_series(1, :count) AS n
"""
MATTERS = """
INSERT INTO site_matters (site_id, matter_code, is_partner)
SELECT 's' || n, code, false FROM generate_series(1, :count) AS n,
  LATERAL (VALUES (:common, 1), (:rare, 20)) AS m (code, every) WHERE n % every = 0
"""


async def fill(engine: AsyncEngine, count: int) -> None:
    """Make `count` sites, as dense as in a district whatever their number."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT setseed(0.5)"))
        height = 0.25 * (count / SMALL) ** 0.5
        await connection.execute(text(SITES), {"count": count, "height": height})
        await connection.execute(text(MATTERS), {"count": count, "common": COMMON, "rare": RARE})
        await connection.execute(
            text(
                "INSERT INTO windows (id, site_id, number, kind, name, areas, state)"
                " SELECT gen_random_uuid(), id, 'A01', 'integrated', '窗口', '{}', 'open'"
                " FROM sites"
            )
        )
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def ask(engine: AsyncEngine, question: str) -> int:
    """Ask one everyday question; return how many sites it found."""
    page = Paging(limit=20, cursor=None)
    async with async_sessionmaker(engine)() as session:
        match question:
            case "nearest":
                return len((await service.find(session, SiteFilter(), page, near=CENTRE))[0])
            case "nearest, common matter":
                wanted = SiteFilter(matter_code=COMMON)
                return len((await service.find(session, wanted, page, near=CENTRE))[0])
            case "nearest, rare matter, accessible":
                wanted = SiteFilter(matter_code=RARE, is_accessible=True)
                return len((await service.find(session, wanted, page, near=CENTRE))[0])
            case "nearest, open now":
                wanted = await service.open_at(session, SiteFilter(matter_code=COMMON), AT)
                return len((await service.find(session, wanted, page, near=CENTRE))[0])
        drive = question.endswith("by car")
        return len(
            await finding.find(
                session,
                StraightLines(),
                SiteFilter(matter_code=COMMON),
                near=CENTRE,
                manner=Manner(Mode.DRIVE if drive else Mode.WALK),
                within_minutes=15 if drive else 30,
                order=Order.TOTAL if drive else Order.TRAVEL,
                at=AT,
                limit=20,
            )
        )


QUESTIONS = (
    "nearest",
    "nearest, common matter",
    "nearest, rare matter, accessible",
    "nearest, open now",
    "within 30 minutes on foot",
    "within 15 minutes, way and wait, by car",
)


async def timed(engine: AsyncEngine, question: str) -> float:
    start = time.perf_counter()
    await ask(engine, question)
    return time.perf_counter() - start


async def indexes(engine: AsyncEngine) -> dict[str, int]:
    """Return how often each index of the sites was read."""
    await asyncio.sleep(1.5)
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes"
                " WHERE relname IN ('sites', 'site_matters') AND idx_scan > 0"
            )
        )
        return {str(name): int(count) for name, count in rows}


async def main() -> None:
    """Measure, print, and fail above the bound."""
    with tempfile.TemporaryDirectory(prefix="tongban-sites-") as folder:
        server = EmbeddedPostgres(Path(folder), free_port())
        server.start()
        try:
            engines: dict[int, AsyncEngine] = {}
            for count in (SMALL, LARGE):
                name = f"sites_{count}"
                server.create_database(name, password="load")
                url = server.url(name, password="load")
                await migrate(url, SERVICE.migrations)
                engines[count] = db.engine(url, pool=1)
                await fill(engines[count], count)
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
                print(f"{one:<42} {small:7.2f} ms {large:7.2f} ms  ×{large / small:.2f}  {found}")
            whole = sum(best[LARGE, one] for one in QUESTIONS) / sum(
                best[SMALL, one] for one in QUESTIONS
            )
            print(f"{'all':<42} ×{whole:.2f}, worst ×{max(ratios):.2f}, bound ×{MOST}")
            print(await indexes(engines[LARGE]))
            for engine in engines.values():
                await engine.dispose()
        finally:
            server.stop()
    if whole > MOST or max(ratios) > MOST:
        raise SystemExit("slower than the bound")


if __name__ == "__main__":
    asyncio.run(main())
