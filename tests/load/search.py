"""What a search costs at 20,000 matters, against the same search at 327: `tests/load/search.py`.

The same everyday queries, the same code, one server, fsync off; each query asked of both catalogs
in turn, the best of some rounds, so that what else the machine does falls on both alike. The large
catalog is the small one as 62 districts would have it: the hardest case, for every word is 62 times
as common. Prints the times, the ratio of the whole and of each query, and which indexes PostgreSQL
read.
"""

import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from catalog_service.app import SERVICE
from catalog_service.matters import service, store
from catalog_service.matters.content import MatterContent
from catalog_service.matters.listing import Filters
from catalog_service.matters.projection import published_row
from catalog_service.matters.tables import Matter
from catalog_service.search import service as synonyms
from tongban import db
from tongban.migrate import migrate
from tongban.paging import Paging
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]


DISTRICT = ROOT / "deploy" / "districts" / "xian-hitech"
QUERIES = [
    one["query"] for one in json.loads((ROOT / "tests/catalog/search_queries.json").read_text())
]
SMALL, LARGE = 327, 20_000
ROUNDS = 5
AT_ONCE = 2_000
MOST = 3
WATCHED = ("shangbiao", "gongzhang", "gongjijin")
"""What no matter fits as typed: once the dearest."""


def rows(count: int) -> list[dict[str, Any]]:
    """Return `count` list rows: the district's, again and again under other codes."""
    given = json.loads((DISTRICT / "matters.json").read_text())["matters"][:SMALL]
    listed = [
        published_row(MatterContent.model_validate(one), number=1, district="610171")
        for one in given
    ]
    return [
        {**listed[at % len(listed)], "code": f"{listed[at % len(listed)]['code'][:-6]}{at:06d}"}
        for at in range(count)
    ]


async def fill(engine: AsyncEngine, count: int) -> None:
    made = rows(count)
    async with engine.begin() as connection:
        for start in range(0, count, AT_ONCE):
            part = made[start : start + AT_ONCE]
            await connection.execute(
                insert(Matter),
                [
                    {
                        "code": one["code"],
                        "owner_district": "610171",
                        "version": 1,
                        "last_version": 1,
                    }
                    for one in part
                ],
            )
    sessions = async_sessionmaker(engine)
    for start in range(0, count, AT_ONCE):
        async with sessions.begin() as session:
            await store.keep_all_published(session, made[start : start + AT_ONCE])
    table = json.loads((DISTRICT / "synonyms.json").read_text())["synonyms"]
    async with sessions.begin() as session:
        await synonyms.replace_synonyms(
            session, [(one["word"], one["means"]) for one in table], actor="load", if_match=None
        )
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def search(session: AsyncSession, query: str) -> int:
    found, _ = await service.page(
        session, Filters(), Paging(limit=20, cursor=None), district="610171", query=query
    )
    return len(found)


async def measure(engines: Sequence[AsyncEngine]) -> list[list[float]]:
    """Return, by engine, the milliseconds of each query: the best of some rounds, after a first."""
    best = [[float("inf")] * len(QUERIES) for _ in engines]
    sessions = [AsyncSession(engine) for engine in engines]
    for turn in range(ROUNDS + 1):
        for at, query in enumerate(QUERIES):
            for taken, session in zip(best, sessions, strict=True):
                start = time.perf_counter()
                await search(session, query)
                if turn:
                    taken[at] = min(taken[at], (time.perf_counter() - start) * 1000)
    for session in sessions:
        await session.close()
    return best


async def plan(engine: AsyncEngine, query: str) -> list[str]:
    """Return the lines of the page's plan that read a table or an index."""
    asked: list[tuple[str, Any]] = []

    def keep(*arguments: Any) -> None:
        asked.append((arguments[2], arguments[3]))

    async with AsyncSession(engine) as session:
        event.listen(engine.sync_engine, "before_cursor_execute", keep)
        await search(session, query)
        event.remove(engine.sync_engine, "before_cursor_execute", keep)
        statement, values = asked[-1]
        connection = await session.connection()
        told = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY ON) {statement}", values
        )
        lines = [line for (line,) in told]
    return [line.strip() for line in lines if re.search(r"Scan (using|on)|Execution", line)]


def line(name: str, times: Sequence[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    return (
        f"{name:>7} matters: median {statistics.median(ordered):6.1f} ms, "
        f"mean {statistics.mean(ordered):6.1f} ms, p95 {p95:6.1f} ms"
    )


async def catalog_of(server: EmbeddedPostgres, count: int) -> AsyncEngine:
    name = f"catalog_{count}"
    await asyncio.to_thread(server.create_database, name, password="load")
    url = server.url(name, password="load")
    await migrate(url, SERVICE.migrations)
    engine = db.engine(url, pool=1)
    await fill(engine, count)
    return engine


async def compare(server: EmbeddedPostgres) -> None:
    engines = [await catalog_of(server, count) for count in (SMALL, LARGE)]
    small, large = await measure(engines)
    print(line(str(SMALL), small), line(str(LARGE), large), sep="\n")
    for query in ("开店", "营业直照", "spjyxk", "登记"):
        print(query, *await plan(engines[-1], query), sep="\n    ")
    for engine in engines:
        await engine.dispose()
    for name, of in (("median", statistics.median), ("mean", statistics.mean)):
        print(f"{name}: {of(large) / of(small):.2f} times the small one's")
    ratios = sorted(
        (
            (big / low, query, big, low)
            for big, low, query in zip(large, small, QUERIES, strict=True)
        ),
        reverse=True,
    )
    above = sum(ratio > MOST for ratio, *_ in ratios)
    print(f"queries above {MOST} times the small one's: {above} of {len(ratios)}; the dearest:")
    for ratio, query, big, low in ratios[:12]:
        print(f"    {ratio:4.1f}  {query}  {big:.1f} / {low:.1f} ms")
    named = {query: f"{query} {ratio:.1f}" for ratio, query, *_ in ratios}
    print("watched:", ", ".join(named[query] for query in WATCHED if query in named))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # PostgreSQL runs as a user of its own, who must reach its data.
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "postgres", free_port(), fsync=False)
        server.start()
        try:
            asyncio.run(compare(server))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
