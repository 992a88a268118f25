"""Two processes of one service, as operators run them: killing one loses nothing and nobody."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from journeys.stories import FOOD_LICENCE, filled, first_answers

from tongban.run.platform import Platform
from tongban.run.ports import free_ports
from tongban.run.process import until

DATA = Path(__file__).parents[2] / "deploy" / "districts" / "xian-hitech"
READERS = 6
WRITERS = 3


@pytest.fixture(scope="module")
def few_matters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one of the district's matters, enough to submit a case."""
    folder = tmp_path_factory.mktemp("data")
    told = json.loads((DATA / "matters.json").read_text())
    one = [matter for matter in told["matters"] if matter["name"] == FOOD_LICENCE]
    (folder / "matters.json").write_text(json.dumps({**told, "matters": one}))
    basic_items = (DATA / "basic_items.json").read_text()
    (folder / "basic_items.json").write_text(basic_items)
    return folder


def application(version: Any) -> dict[str, Any]:
    """Return a submission that the service accepts."""
    return {
        "matter_code": version["code"],
        "applicant": {
            "kind": "person",
            "name": "刘洋",
            "identity_kind": "resident_identity_card",
            "identity_number": "610113199003074518",
        },
        "form": filled(version, {}),
        "situation_answers": first_answers(version, prefer="no"),
        "channel": "online",
        "confirm_duplicate": True,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    tmp_path_factory: pytest.TempPathFactory, few_matters: Path
) -> AsyncIterator[Platform]:
    """A district with two case APIs and two case workers."""
    folder = tmp_path_factory.mktemp("scaled")
    folder.chmod(0o755)
    async with Platform(
        folder=folder / "state",
        district="610171",
        ports=free_ports({"case": 2, "case-work": 2}),
        data=few_matters,
        settings={"GATEWAY_REQUEST_RATE": "100000/second", "TONGBAN_LOG_LEVEL": "warning"},
    ) as started:
        yield started


async def test_a_killed_process_fails_no_read_and_doubles_no_write(platform: Platform) -> None:
    token = platform.token(sub="citizen-1", roles=["citizen"], name="刘洋")
    headers = {"Authorization": f"Bearer {token}"}
    reads: list[int] = []
    made: list[str] = []
    retried = 0
    killed: set[int | None] = set()
    victim = platform.processes["case api 2"]
    stopping = asyncio.Event()
    async with httpx.AsyncClient(base_url=platform.url, trust_env=False, timeout=30) as client:
        found = (await client.get("/api/v1/matters")).json()["items"][0]
        matter = (await client.get(f"/api/v1/matters/{found['code']}")).json()
        body = application(matter)
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
    stored = await stored_cases(platform)

    assert set(reads) == {200}
    assert len(reads) > 100
    assert len(made) == len(set(made))
    assert sorted(stored) == sorted(made)
    assert float(metrics.partition(refused)[2].split()[0]) > 0
    print(f"{len(reads)} reads, {len(made)} cases, {retried} writes tried again")  # noqa: T201  # what was proven


async def test_an_operators_command_gets_the_services_own_settings(platform: Platform) -> None:
    def on(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "tongban.run", "on", *words],
            env={**os.environ, "TONGBAN_STATE": str(platform.folder)},
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


async def stored_cases(platform: Platform) -> list[str]:
    connection = await asyncpg.connect(
        platform.state.servers.database_urls["case"].replace("+asyncpg", "")
    )
    try:
        return [str(row["id"]) for row in await connection.fetch("SELECT id FROM cases")]
    finally:
        await connection.close()
