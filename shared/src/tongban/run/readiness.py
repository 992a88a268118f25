"""When a district is ready: every process says so, and no event is still on its way."""

import asyncio
import time
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tongban.run.faults import CannotRun
from tongban.run.ports import HOST, is_open
from tongban.run.process import Process

POLL_SECONDS = 0.05
_PENDING = ("tongban_outbox_pending", "tongban_consumer_pending")


async def until_ready(ports: Mapping[int, Process], *, timeout_seconds: float) -> None:
    """Wait for 200 from /readyz on each port; a process that ends meanwhile is told of."""
    waiting = dict(ports)
    deadline = time.monotonic() + timeout_seconds
    async with _client() as client:
        while True:
            for port, process in list(waiting.items()):
                _require_alive(process)
                if is_open(port) and await _is_ready(client, port):
                    del waiting[port]
            if not waiting:
                return
            if time.monotonic() > deadline:
                late = next(iter(waiting.values()))
                raise CannotRun(
                    f"{late.name} 在 {timeout_seconds:g} 秒内没有就绪，日志末尾见上，"
                    f"全文见 {late.log}。",
                    f"{late.name} was not ready within {timeout_seconds:g} s: the end of its log "
                    f"is above, all of it in {late.log}.",
                    detail=late.last_lines(),
                )
            await asyncio.sleep(POLL_SECONDS)


async def until_settled(
    ports: Mapping[int, Process], *, quiet_seconds: float, timeout_seconds: float = 120.0
) -> None:
    """Wait until, for `quiet_seconds`, no worker has had an event to send or to apply.

    One clean reading is not enough after a change: what one service has just sent, another has
    not yet counted.
    """
    deadline = time.monotonic() + timeout_seconds
    quiet_since: float | None = None
    async with _client() as client:
        while True:
            pending = await _pending(client, ports)
            now = time.monotonic()
            if any(count != 0 for count in pending.values()):
                quiet_since = None
            elif quiet_since is None:
                quiet_since = now
            if quiet_since is not None and now - quiet_since >= quiet_seconds:
                return
            if now > deadline:
                late = {service: count for service, count in pending.items() if count != 0}
                raise CannotRun(
                    f"{timeout_seconds:g} 秒后仍有事件未处理完：{late}，请查看这些服务的日志。",
                    f"After {timeout_seconds:g} s events are still on their way: {late}; see "
                    "these services' logs.",
                )
            await asyncio.sleep(POLL_SECONDS)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=5.0, trust_env=False)


async def _is_ready(client: httpx.AsyncClient, port: int) -> bool:
    try:
        answer = await client.get(f"http://{HOST}:{port}/readyz")
    except httpx.TransportError:  # it has only just begun to listen
        return False
    return answer.status_code == httpx.codes.OK


async def _pending(
    client: httpx.AsyncClient, ports: Mapping[int, Process]
) -> dict[str, float | None]:
    """Events that each service's workers have still to send or to apply.

    None where that is not known: of several workers, the one that relays counts what is to be
    sent, and there may be none at this moment.
    """
    told: dict[str, list[dict[str, list[float]]]] = {}
    for port, process in ports.items():
        told.setdefault(process.name.split()[0], []).append(await _samples(client, port))
    return {
        service: sum(value for samples in each for values in samples.values() for value in values)
        if any(samples.get("tongban_outbox_pending") for samples in each)
        else None
        for service, each in told.items()
    }


async def _samples(client: httpx.AsyncClient, port: int) -> dict[str, list[float]]:
    try:
        answer = await client.get(f"http://{HOST}:{port}/metrics")
    except httpx.TransportError:  # just being started again
        return {}
    return {
        family.name: [sample.value for sample in family.samples]
        for family in text_string_to_metric_families(answer.text)
        if family.name in _PENDING
    }


def _require_alive(process: Process) -> None:
    if not process.is_alive:
        raise CannotRun(
            f"{process.name} 启动时退出（代码 {process.exit_code}），日志末尾见上，"
            f"全文见 {process.log}。",
            f"{process.name} ended while starting (code {process.exit_code}): the end of its log "
            f"is above, all of it in {process.log}.",
            detail=process.last_lines(),
        )
