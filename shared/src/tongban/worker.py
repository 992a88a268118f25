"""The worker process: relay, consumers, timers and a service's own loops; safe in plural."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import nats.errors
import structlog
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from tongban import audit, streams
from tongban.consumer import Consumer
from tongban.context import Context, open_context
from tongban.kernel import IdempotencyRow, InboxRow
from tongban.relay import Relay, forget_relayed
from tongban.resuming import ANY_WAITING, resume_overdue
from tongban.service import Service, Timer
from tongban.settings import ServiceSettings

__all__ = ["work"]

PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
INBOX_DAYS = streams.EVENTS_DAYS + 7

log = structlog.get_logger(__name__)


async def forget_old(session: AsyncSession, _context: Context) -> None:
    """Drop what has outlived its use: relayed events, inbox rows, idempotency keys."""
    await session.execute(forget_relayed())
    await session.execute(
        delete(InboxRow).where(InboxRow.at < func.now() - timedelta(days=INBOX_DAYS))
    )
    await session.execute(
        delete(IdempotencyRow).where(IdempotencyRow.at < func.now() - timedelta(hours=24))
    )


KERNEL_TIMERS = (
    Timer(every=timedelta(hours=1), run=forget_old),
    Timer(every=timedelta(seconds=1), run=audit.seal, look=audit.UNSEALED),
    Timer(every=timedelta(minutes=1), run=audit.sign_checkpoint),
)


async def work(service: Service, settings: ServiceSettings) -> None:
    """Run the worker's parts until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_context(settings, pool=settings.work_pool) as context:
        if service.prepare is not None:
            service.prepare(context)
        await _Worker(service, settings, context).run(stop)


class _Worker:
    def __init__(self, service: Service, settings: ServiceSettings, context: Context) -> None:
        self._service = service
        self._settings = settings
        self._context = context
        self._parts = frozenset(part.strip() for part in settings.work.split(","))
        self._broker: Client | None = None
        self._consumers = [
            Consumer(subscription, service.consumes, context, service=service.name)
            for subscription in service.consumes
            if "consumers" in self._parts
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Start every part, wait for the signal, and stop them."""
        tasks = [asyncio.create_task(part) for part in self._coroutines()]
        waiter = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in (waiter, *tasks):
            task.cancel()
        await asyncio.gather(waiter, *tasks, return_exceptions=True)
        if self._broker is not None:
            await self._broker.close()
        for task in done - {waiter}:
            task.result()  # a part never ends by itself: its fault ends the process

    def _coroutines(self) -> list[Coroutine[Any, Any, None]]:
        parts: list[Coroutine[Any, Any, None]] = [self._serve_health(), self._with_broker()]
        if "timers" in self._parts:
            resuming = Timer(every=timedelta(seconds=2), run=self._resume_overdue, look=ANY_WAITING)
            timers = (*KERNEL_TIMERS, resuming, *self._service.timers)
            parts += [forever(timer.name, keep_time(timer, self._context)) for timer in timers]
        if "loops" in self._parts:
            for name, loop in self._service.loops.items():
                parts.append(forever(name, lambda loop=loop: loop(self._context)))  # type: ignore[misc]  # default binds the loop
        return parts

    async def _with_broker(self) -> None:
        """Connect, make this service's streams, then relay and consume for ever."""
        self._broker = await streams.connect(
            self._settings.nats_url, name=f"{self._service.name}-work"
        )
        js = self._broker.jetstream(timeout=10)
        relay = Relay(
            self._context.engine, js, service=self._service.name, district=self._settings.district
        )

        async def ensure() -> None:
            await streams.ensure_streams(js, self._service.publishes)

        await _until_done("ensure_streams", ensure)
        parts = [forever(c.name, lambda c=c: c.run(js)) for c in self._consumers]  # type: ignore[misc]  # default binds the consumer
        if "relay" in self._parts:
            parts.append(forever("relay", relay.run))
        await asyncio.gather(*parts)

    async def _resume_overdue(self, session: AsyncSession, context: Context) -> None:
        await resume_overdue(session, self._service.consumes, context)

    async def _serve_health(self) -> None:
        app = FastAPI(openapi_url=None)

        @app.get("/healthz")
        async def alive() -> dict[str, str]:
            return {"status": "ok"}

        @app.get("/readyz")
        async def ready() -> Response:
            state = await self._state()
            is_ready = all(value == "ok" for value in state.values())
            return JSONResponse(state, status_code=200 if is_ready else 503)

        @app.get("/metrics")
        async def metrics() -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=self._settings.host,
                port=self._settings.work_port,
                log_level="warning",
                access_log=False,
                lifespan="off",
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined, method-assign, unused-ignore]  # the worker has its own
        await server._serve()  # `serve` would take the signals from the worker

    async def _state(self) -> dict[str, str]:
        state = {"database": "ok", "nats": "ok", "subscriptions": "ok"}
        try:
            async with self._context.sessions() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            state["database"] = "unavailable"
        if self._broker is None or not self._broker.is_connected:
            state["nats"] = "unavailable"
        if not all(consumer.is_bound for consumer in self._consumers):
            state["subscriptions"] = "not bound"
        return state


def keep_time(timer: Timer, context: Context) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return what runs a timer for ever, in one worker at a time."""

    async def run() -> None:
        while True:
            if timer.look is None or await context.look(timer.look):
                async with context.sessions.begin() as session:
                    lock = func.hashtextextended(f"timer:{timer.name}", 0)
                    if await session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
                        await timer.run(session, context)
            await asyncio.sleep(timer.every.total_seconds())

    return run


async def forever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Keep a part running: a fault is logged and the part starts again after a growing pause."""
    pause = PAUSE_SECONDS
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await run()
            pause = PAUSE_SECONDS
        except Exception as fault:
            if asyncio.get_running_loop().time() - started > 60:
                pause = PAUSE_SECONDS
            log.error("worker.part_failed", part=name, retry_in=pause, exc_info=fault)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _until_done(name: str, run: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await run()
        except (nats.errors.Error, OSError, TimeoutError) as fault:
            log.warning("worker.not_yet", part=name, fault=repr(fault))
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
