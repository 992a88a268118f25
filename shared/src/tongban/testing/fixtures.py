"""Pytest fixtures: PostgreSQL and NATS once a run, a migrated database and a client per service.

Load them with `pytest_plugins = ["tongban.testing.fixtures"]`.
"""

import asyncio
import gc
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Receive, Scope, Send
from uuid_utils.compat import uuid7

from tongban.context import Context
from tongban.kernel import OutboxRow
from tongban.messages import Envelope
from tongban.migrate import migrate
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.service import Service
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict

__all__ = ["Outbox", "RunningService"]


PASSWORD = "test"  # noqa: S105  # of a throw-away server on the loopback address


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("tongban", deadline=None)
hypothesis.settings.load_profile("tongban")

# httpx asks for it at every request that it hands to an application; it is not installed, and to
# search all of the path for it took a sixtieth of a run.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's way to say: not to be found

# What a run imports and collects stays to its end: the collector would walk all of it each time.
gc.disable()


def pytest_collection_finish() -> None:
    """Have the collector look at what the tests themselves make, from here on, and seldom."""
    gc.enable()
    gc.collect()
    gc.freeze()
    # At 700, as it comes, looking took a sixteenth of a run.
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the run, short enough for socket paths."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, without fsync: nothing here outlives the run."""
    server = EmbeddedPostgres(scratch / "postgres", free_port(), fsync=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nats_server(scratch: Path) -> Iterator[EmbeddedNats]:
    """A real NATS server with JetStream."""
    server = EmbeddedNats(scratch / "nats", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def district(scratch: Path) -> TestDistrict:
    """The district that the tests' services serve: 610171."""
    return TestDistrict(scratch / "district")


class Outbox:
    """Looks at what a service told: the rows of its outbox."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def envelopes(self, key: str) -> list[Envelope]:
        """Return the events of the aggregate with this key, in order."""
        async with self._context.sessions() as session:
            rows = await session.scalars(
                select(OutboxRow)
                .where(OutboxRow.aggregate.endswith(f".{key}"))
                .order_by(OutboxRow.position)
            )
            return [
                Envelope(
                    id=row.id,
                    source="/test",
                    type=row.type,
                    subject=key,
                    time=row.at,
                    sequence=row.sequence,
                    data=row.payload,
                )
                for row in rows
            ]

    async def types(self, key: str) -> list[str]:
        """Return the event types told of this aggregate, without versions."""
        return [one.event_type for one in await self.envelopes(key)]


@dataclass
class RunningService:
    """A service in this process: its API behind `client`, its database and context at hand."""

    service: Service
    app: FastAPI
    client: httpx.AsyncClient
    context: Context
    district: TestDistrict
    settings: Any

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.context)

    async def hear(self, *envelopes: Envelope) -> None:
        """Apply events as the worker would: each in its own transaction, through the inbox."""
        from tongban.resuming import resume_waiting

        for envelope in envelopes:
            for subscription in self.service.consumes:
                if not _is_for(subscription.filter, envelope):
                    continue
                if not subscription.is_concerned(envelope):
                    continue
                async with self.context.sessions.begin() as session:
                    await subscription.apply(session, [envelope], self.context)
                    await session.flush()
                    await resume_waiting(
                        session, [envelope.aggregate], self.service.consumes, self.context
                    )

    async def execute(self, statement: str, **values: Any) -> Any:
        """Run one SQL statement and commit: for arranging what no API can."""
        async with self.context.sessions.begin() as session:
            return await session.execute(text(statement), values)


def envelope(
    event_type: str, key: str, data: dict[str, Any], *, sequence: int = 1, **more: Any
) -> Envelope:
    """Return an event as another service would send it."""
    from tongban.clock import utc_now

    values = {"id": uuid7(), "source": "/test", "time": utc_now(), **more}
    return Envelope(type=f"{event_type}.v1", subject=key, sequence=sequence, data=data, **values)


def _is_for(subject_filter: str, envelope: Envelope) -> bool:
    subject = f"{envelope.event_type}.{envelope.subject}".split(".")
    pattern = subject_filter.split(".")
    return len(subject) == len(pattern) and all(
        wanted in ("*", given) for wanted, given in zip(pattern, subject, strict=True)
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def run_service(
    postgres: EmbeddedPostgres, nats_server: EmbeddedNats, district: TestDistrict
) -> AsyncIterator[Callable[..., Any]]:
    """Return a starter: `await run_service(SERVICE, create_app)` → RunningService.

    Each call starts another one, with a database of its own.
    """
    configure_logging("test", "error")
    databases = (f"service_{number}" for number in count())
    async with AsyncExitStack() as stack:

        async def start(
            service: Service, create_app: Callable[[Any], FastAPI], **settings: Any
        ) -> RunningService:
            database = next(databases)
            await asyncio.to_thread(postgres.create_database, database, password=PASSWORD)
            url = postgres.url(database, password=PASSWORD)
            await migrate(url, service.migrations)
            made = service.settings(
                **district.settings(
                    service.name, database_url=url, nats_url=nats_server.url, **settings
                )
            )
            app = create_app(made)
            await stack.enter_async_context(app.router.lifespan_context(app))
            allow_one_connection_a_request(app.state.context.engine)
            transport = httpx.ASGITransport(app=_marking(app), raise_app_exceptions=False)
            client = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://test")
            )
            return RunningService(service, app, client, app.state.context, district, made)

        yield start


@dataclass(eq=False)
class _Request:
    """A request that a test makes, and what it holds."""

    task: "asyncio.Task[Any] | None"
    connections: int = 0


_REQUEST: ContextVar[_Request | None] = ContextVar("request", default=None)


def _marking(app: ASGIApp) -> ASGIApp:
    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        before = _REQUEST.set(_Request(asyncio.current_task()))
        try:
            await app(scope, receive, send)
        finally:
            _REQUEST.reset(before)

    return marked


def allow_one_connection_a_request(engine: AsyncEngine) -> None:
    """Have a request fail that takes a second connection while it holds one.

    As many of its kind at once as the pool is large would all wait for one another.
    """

    def taken(_connection: Any, record: Any, _proxy: Any) -> None:
        request = _REQUEST.get()
        if request is None or request.task is not asyncio.current_task():
            return  # a test's own, or of a task that outlives its request
        if request.connections:
            raise AssertionError("a request holds a connection and takes another")
        request.connections += 1
        record.info["request"] = request

    def given_back(_connection: Any, record: Any) -> None:
        request = record.info.pop("request", None)
        if request is not None:
            request.connections -= 1

    event.listen(engine.sync_engine.pool, "checkout", taken)
    event.listen(engine.sync_engine.pool, "checkin", given_back)
