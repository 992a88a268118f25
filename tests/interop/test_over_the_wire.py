"""Between two real servers: what uvicorn makes of address, path and body is what was signed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from interop.two_districts import HOSTS, OWNER, Districts, case_step, register, sealed_notice

from interop_service.exchanges.posting import TRANSPORT


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve the app on a free port; its lifespan is the fixture's."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off", http="httptools")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


async def move_to(districts: Districts, endpoint: str) -> None:
    partner = {
        "district": OWNER,
        "name": "西安曲江新区",
        "english_name": "Qujiang",
        "endpoint": endpoint,
    }
    await register(districts.near, partner)


async def test_a_case_goes_over_a_real_connection(districts: Districts) -> None:
    async with served(districts.owner.app) as endpoint:
        await move_to(districts, endpoint)
        network = districts.near.context.resources.pop(TRANSPORT)
        try:
            exchange_id = await districts.exchange()
            await districts.send(districts.near)
        finally:
            districts.near.context.resources[TRANSPORT] = network
            await move_to(districts, f"https://{HOSTS[OWNER]}")

    assert (await districts.view(districts.near, exchange_id))["state"] == "received"
    await districts.owner.hear(case_step("accepted", exchange_id))
    notice = sealed_notice(districts.owner.district)
    closed = await districts.owner_closes(exchange_id, notice)
    await districts.owner.hear(closed.model_copy(update={"sequence": 2}))
    await districts.settle()
    assert (await districts.view(districts.near, exchange_id))["state"] == "concluded"
