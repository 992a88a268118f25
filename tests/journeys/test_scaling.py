"""Two processes of one service, as operators run them: killing one loses nothing and nobody."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from uuid import uuid4

import asyncpg
import httpx
from journeys.applications import HALL, pension_application

from support.hall import District
from tongban.run.platform import Platform
from tongban.run.process import until

READERS = 6
WRITERS = 3


async def test_a_killed_process_fails_no_read_and_doubles_no_write(hitech: District) -> None:
    platform = hitech.platform
    headers = {"Authorization": f"Bearer {hitech.person('窗口', 'clerk', site=HALL).token}"}
    body = await pension_application(hitech)
    there_before = await stored_cases(platform)
    reads: list[int] = []
    made: list[str] = []
    retried = 0
    killed: set[int | None] = set()
    victim = platform.processes["case api 2"]
    stopping = asyncio.Event()
    async with httpx.AsyncClient(base_url=platform.url, trust_env=False, timeout=30) as client:
        first = await client.post("/api/v1/cases", json=body, headers=headers)
        assert first.status_code == 201, first.text
        made.append(first.json()["id"])

        async def read() -> None:
            while not stopping.is_set():
                answer = await client.get(f"/api/v1/cases/{made[0]}", headers=headers)
                reads.append(answer.status_code)

        async def write() -> None:
            nonlocal retried
            while not stopping.is_set():
                key = {"Idempotency-Key": str(uuid4())}
                while True:
                    answer = await client.post("/api/v1/cases", json=body, headers=headers | key)
                    if answer.status_code == 201:
                        made.append(answer.json()["id"])
                        break
                    retried += 1
                    assert answer.status_code in (409, 502, 503), answer.text
                    await asyncio.sleep(0.1)

        async with asyncio.TaskGroup() as load:
            for work in (*[read] * READERS, *[write] * WRITERS):
                load.create_task(work())
            for _ in range(2):
                await asyncio.sleep(1)
                killed.add(victim.pid)
                victim.tell(signal.SIGKILL)
                await until(lambda: victim.pid not in killed and victim.is_alive, 30)
                await serves(client, platform, 2)
            stopping.set()

        metrics = (await client.get("/metrics")).text
    refused = f'tongban_upstream_refused_total{{service="case",upstream="{url_of(platform, 2)}"}} '
    stored = await stored_cases(platform) - there_before

    assert set(reads) == {200}
    assert len(reads) > 100
    assert len(made) == len(set(made))
    assert stored == set(made)
    assert float(metrics.partition(refused)[2].split()[0]) > 0
    print(f"{len(reads)} reads, {len(made)} cases, {retried} writes tried again")  # noqa: T201  # what was proven


async def test_an_operators_command_gets_the_services_own_settings(hitech: District) -> None:
    def on(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "tongban.run", "on", *words],
            env={**os.environ, "TONGBAN_STATE": str(hitech.platform.folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    whole, none, again, wrong = await asyncio.gather(
        asyncio.to_thread(on, "case", "verify-ledger"),
        asyncio.to_thread(on, "case", "dead-letters"),
        asyncio.to_thread(on, "catalog", "republish"),
        asyncio.to_thread(on, "case", "rebuild", "nothing"),
    )

    assert whole.returncode == 0, whole.stderr
    assert "unbroken" in whole.stdout
    assert (none.returncode, none.stdout) == (0, "")
    assert again.stdout.endswith(" events\n")
    assert not again.stdout.startswith("0 ")
    assert wrong.returncode == 1
    assert "nothing" in wrong.stderr


async def serves(client: httpx.AsyncClient, platform: Platform, number: int) -> None:
    """Wait until that process has answered requests again, put back by the gateway."""
    own = f"http://127.0.0.1:{platform.ports.api('case', number)}/metrics"
    for _ in range(600):
        with suppress(httpx.TransportError):
            if 'route="/api/v1/cases"' in (await client.get(own)).text:
                return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nothing has reached {own} again")


def url_of(platform: Platform, number: int) -> str:
    return f"http://127.0.0.1:{platform.ports.api('case', number)}"


async def stored_cases(platform: Platform) -> set[str]:
    connection = await asyncpg.connect(
        platform.state.servers.database_urls["case"].replace("+asyncpg", "")
    )
    try:
        return {str(row["id"]) for row in await connection.fetch("SELECT id FROM cases")}
    finally:
        await connection.close()
