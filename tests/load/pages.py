"""What an answer costs beside the machine's other work: statements, pages touched, × `/readyz`."""

import asyncio
import json
import statistics
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import event

from tongban.context import Context
from tongban.migrate import migrate
from tongban.run.postgres import EmbeddedPostgres
from tongban.service import Service
from tongban.settings import ServiceSettings
from tongban.testing.district import TestDistrict

__all__ = ["Answer", "Question", "Watched"]

ROUNDS = 15


@dataclass(frozen=True)
class Question:
    """What is asked, and by whom."""

    name: str
    path: str
    roles: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What one question cost."""

    body: Any
    milliseconds: float
    statements: int
    pages: int
    plan: str


class Watched:
    """One service's API in this process, its database, and each statement it sends there."""

    context: Context
    client: httpx.AsyncClient
    sql: asyncpg.Connection
    """An administrator's: who loads in bulk may leave out what a service may not."""

    def __init__(
        self, service: Service, app: Any, server: EmbeddedPostgres, district: TestDistrict
    ) -> None:
        self.service = service
        self.app = app
        self.server = server
        self.district = district
        self.asked: list[tuple[str, Any]] = []

    async def open(self, stack: AsyncExitStack, database: str) -> None:
        """Make the database and start the service; the stack ends both."""
        await asyncio.to_thread(self.server.create_database, database, password="load")
        url = self.server.url(database, password="load")
        await migrate(url, self.service.migrations)
        told = self.district.settings(
            self.service.name, database_url=url, nats_url="nats://127.0.0.1:1"
        )
        settings: ServiceSettings = self.service.settings(**told)
        app: FastAPI = self.app(settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        self.context = app.state.context
        transport = httpx.ASGITransport(app=app)
        self.client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://load", timeout=600)
        )
        self.sql = await asyncpg.connect(
            self.server.admin_url.removesuffix("postgres") + database, timeout=60
        )
        stack.push_async_callback(self.sql.close)
        event.listen(self.context.engine.sync_engine, "before_cursor_execute", self._keep)

    def _keep(self, *arguments: Any) -> None:
        self.asked.append((arguments[2], arguments[3]))

    async def without_indexes(self, table: str) -> list[str]:
        """Drop a table's plain indexes before a bulk load; return what makes them again."""
        indexes = await self.sql.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = $1"
            " AND indexname LIKE 'ix\\_%'",
            table,
        )
        for one in indexes:
            await self.sql.execute(f'DROP INDEX "{one["indexname"]}"')
        return [one["indexdef"] for one in indexes]

    async def with_indexes(self, made: list[str]) -> None:
        """Make them again."""
        await self.sql.execute("SET maintenance_work_mem = '512MB'")
        for one in made:
            await self.sql.execute(one)

    async def ask(self, question: Question) -> Answer:
        """Ask several times; then let PostgreSQL explain what it was asked."""
        headers = self.district.headers(*question.roles, **question.claims)
        times: list[float] = []
        for _ in range(ROUNDS):
            self.asked.clear()
            began = time.perf_counter()
            answer = await self.client.get(f"/api/v1/{question.path}", headers=headers)
            times.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()
        pages, plans = 0, []
        for statement, values in list(self.asked):
            told = await self._explain(statement, values)
            pages += told["Shared Hit Blocks"] + told["Shared Read Blocks"]
            plans.append(_scans(told))
        return Answer(
            answer.json(), statistics.median(times), len(self.asked), pages, "; ".join(plans)
        )

    async def _explain(self, statement: str, values: Any) -> dict[str, Any]:
        told = None
        for _ in range(2):
            told = await self.sql.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", *values
            )
        plan: dict[str, Any] = json.loads(str(told))[0]["Plan"]
        return plan

    async def pulse(self) -> float:
        """Return the median milliseconds of what does nothing but ask the database for 1."""
        times = []
        for _ in range(3 * ROUNDS):
            began = time.perf_counter()
            (await self.client.get("/readyz")).raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
        return statistics.median(times)


def _scans(plan: Mapping[str, Any]) -> str:
    """Name what is read, in the plan's order."""
    own = plan.get("Index Name") or (
        plan.get("Relation Name") if "Scan" in plan["Node Type"] else None
    )
    told = [f"{plan['Node Type']} {own} ({plan['Actual Rows']:.0f})"] if own else []
    told += [part for inner in plan.get("Plans", ()) if (part := _scans(inner))]
    return ", ".join(told)
