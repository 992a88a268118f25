"""CPU an event of the workers, on a machine that does other work: `tests/load/worker_cpu.py`.

As `cpu.py` for requests: relay, ledger sealer and the consumers of submitted cases are called in
this process, over a real PostgreSQL and NATS whose own time is not counted. The best round counts.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import insert

import case_service.app
import catalog_service.app
import interop_service.app
import site_service.app
from case_service.events import CaseSubmitted
from tongban import audit, streams
from tongban.clock import utc_now
from tongban.consumer import Consumer
from tongban.context import Context, open_context
from tongban.ids import new_id
from tongban.inbox import Subscription
from tongban.kernel import LedgerRow, OutboxRow
from tongban.ledger import entry_values
from tongban.messages import outbox_values
from tongban.migrate import migrate
from tongban.relay import Relay
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.service import Service
from tongban.telemetry import EVENTS_APPLIED, configure_logging
from tongban.testing.district import TestDistrict

ROUNDS = 5
EVENTS = 600
SERVICES = {
    one.name: one
    for one in (
        case_service.app.SERVICE,
        catalog_service.app.SERVICE,
        interop_service.app.SERVICE,
        site_service.app.SERVICE,
    )
}


async def best_of(name: str, arrange: Callable[[], Awaitable[None]], act: Any, per: int) -> None:
    """Print the best round's CPU for one of `per`."""
    best = float("inf")
    for _ in range(ROUNDS):
        await arrange()
        gc.collect()
        before = time.process_time()
        await act()
        best = min(best, (time.process_time() - before) / per)
    print(f"{name:<28} {1000 * best:.3f} ms", flush=True)


def submitted() -> CaseSubmitted:
    """Return an event as a submission at a window tells it."""
    return CaseSubmitted(
        case_id=new_id(),
        number="610171202611300000019",
        at=utc_now(),
        matter_code="11610131MB2A12345X4610100001",
        matter_version=1,
        handling="promised",
        owner_district="610171",
        site_id="hitech-hall",
        channel="window",
        ticket_id=None,
    )


async def tell(context: Context) -> None:
    """Put events into the outbox, each of a case of its own."""
    rows = [outbox_values(submitted(), sequence=1) for _ in range(EVENTS)]
    async with context.sessions.begin() as session:
        await session.execute(insert(OutboxRow), rows)


async def note(context: Context) -> None:
    """Put unsealed entries on the ledger."""
    facts = {"from": "submitted", "to": "received", "site_id": "hitech-hall", "roles": ["clerk"]}
    rows = [
        entry_values(
            at=utc_now(),
            actor="clerk-1",
            action="case.receive",
            subject=f"case:{new_id()}",
            payload=facts,
        )
        for _ in range(EVENTS)
    ]
    async with context.sessions.begin() as session:
        await session.execute(insert(LedgerRow), rows)


async def consume(
    js: Any, context: Context, service: Service, subscription: Subscription, count: int
) -> None:
    """Feed a subscription until it has applied so many."""
    consumer = Consumer(subscription, service.consumes, context, service=service.name)
    applied = EVENTS_APPLIED.labels(service.name, subscription.name)._value
    until = applied.get() + count
    task = asyncio.create_task(consumer.run(js))
    while applied.get() < until:
        await asyncio.sleep(0.02)
        if task.done():
            task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run(server: EmbeddedPostgres, broker: EmbeddedNats, folder: Path) -> None:
    district = TestDistrict(folder / "district")
    contexts: dict[str, Context] = {}
    async with AsyncExitStack() as stack:
        for name, service in SERVICES.items():
            await asyncio.to_thread(server.create_database, name, password="load")
            url = server.url(name, password="load")
            await migrate(url, service.migrations)
            told = district.settings(name, database_url=url, nats_url=broker.url)
            settings = service.settings(**told)
            contexts[name] = await stack.enter_async_context(open_context(settings, pool=5))
            if service.prepare is not None:
                service.prepare(contexts[name])
        client = await streams.connect(broker.url, name="load")
        js = client.jetstream(timeout=10)
        case = contexts["case"]
        await streams.ensure_streams(js, SERVICES["case"].publishes)
        relay = Relay(case.engine, js, service="case", district="610171")
        connection = await stack.enter_async_context(case.engine.connect())
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")

        async def send() -> None:
            while await relay.relay_once(connection):
                pass

        async def seal() -> None:
            async with case.sessions.begin() as session:
                await audit.seal(session, case)

        async def nothing() -> None:
            return

        async def told() -> None:
            await tell(case)
            await send()

        async def look() -> None:
            for _ in range(100):
                await relay.relay_once(connection)

        gc.freeze()
        await best_of("relay, a look", nothing, look, 100)
        await best_of(f"relay, an event of {EVENTS}", lambda: tell(case), send, EVENTS)
        await best_of("seal, an entry", lambda: note(case), seal, EVENTS)
        for name in ("catalog", "interop", "site"):
            service = SERVICES[name]
            for subscription in service.consumes:
                if subscription.stream != "CASE_EVENTS":
                    continue
                backlog = (await js.stream_info("CASE_EVENTS")).state.messages
                await consume(js, contexts[name], service, subscription, backlog)
                await best_of(
                    f"{name}, {subscription.name}",
                    told,
                    lambda s=service, u=subscription, n=name: consume(
                        js, contexts[n], s, u, EVENTS
                    ),
                    EVENTS,
                )
        await client.close()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    configure_logging("load", "warning")
    with tempfile.TemporaryDirectory(prefix="tongban-cpu-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own, who must reach its data
        server = EmbeddedPostgres(folder / "postgres", free_port(), fsync=False)
        broker = EmbeddedNats(folder / "nats", free_port())
        server.start()
        broker.start()
        try:
            asyncio.run(run(server, broker, folder))
        finally:
            broker.stop()
            server.stop()


if __name__ == "__main__":
    main()
