"""Who writes many matters at the same time waits in one order; who dies in it is found."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from catalog.factories import matter_content
from catalog.versions import AUTHOR, PUBLISHER, act, today

from catalog_service.matters.bulk import lock
from catalog_service.matters.bulk_publication import Plan, publish_part
from catalog_service.matters.publication import planned_versions_take_effect
from catalog_service.publications.service import run_publications
from catalog_service.transfer.incoming import BATCH
from catalog_service.transfer.streaming import close_broken_off_imports
from tongban.run.ports import free_port
from tongban.testing.fixtures import RunningService

Matters = list[dict[str, Any]]


def lines(matters: Matters) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in matters)


async def large(catalog: RunningService, matters: Matters, **query: Any) -> httpx.Response:
    return await catalog.client.put(
        f"/api/v1/catalog/imports/{uuid4()}",
        content=lines(matters),
        params=query,
        headers=catalog.district.headers("admin", subject=AUTHOR),
    )


async def in_force_and_submitted(catalog: RunningService, count: int) -> Matters:
    """Return matters in force, each with a next version that waits to be published."""
    matters = sorted((matter_content() for _ in range(count)), key=lambda one: str(one["code"]))
    assert (await large(catalog, matters, publish=True)).status_code == 200
    assert (await large(catalog, [one | {"visits": 1} for one in matters])).status_code == 200
    await catalog.execute(
        "UPDATE matter_versions SET state = 'submitted'"
        " WHERE state = 'draft' AND code = ANY(:codes)",
        codes=[one["code"] for one in matters],
    )
    return matters


async def publish(catalog: RunningService, codes: Sequence[str]) -> int:
    """Publish in bulk in a transaction of its own; return how many can't be."""
    async with catalog.context.sessions.begin() as session:
        await lock(session, codes)
        plan = Plan(PUBLISHER, start=today(), today=today())
        return len(await publish_part(session, codes, plan, is_checked_only=False))


async def test_two_bulk_publications_at_once_publish_each_matter_once(
    catalog: RunningService,
) -> None:
    codes = [one["code"] for one in await in_force_and_submitted(catalog, 80)]

    refused = await asyncio.gather(publish(catalog, codes), publish(catalog, codes[::-1]))

    assert sorted(refused) == [0, len(codes)]
    assert len(await catalog.outbox.envelopes(f"{codes[0]}-2")) == 1


async def test_an_import_a_publication_and_editors_at_once_never_deadlock(
    catalog: RunningService,
) -> None:
    matters = await in_force_and_submitted(catalog, BATCH + 50)
    codes = [one["code"] for one in matters]
    ordered = await catalog.client.post(
        "/api/v1/catalog/publications",
        json={"codes": codes[50:]},
        headers=catalog.district.headers("catalog_editor", subject=PUBLISHER),
    )
    fresh = [matter_content() for _ in range(20)]

    async def worker() -> None:
        async with catalog.context.sessions.begin() as session:
            await run_publications(session, catalog.context)

    async def timer() -> None:
        async with catalog.context.sessions.begin() as session:
            await planned_versions_take_effect(session, catalog.context)

    async def editors() -> list[int]:
        answers = []
        for code in codes[:50:-7]:
            answers.append(await act(catalog, code, 2, "take-back", subject=AUTHOR))
            answers.append(await act(catalog, code, 2, "submit", subject=AUTHOR))
        return [one.status_code for one in answers]

    # Their files are in another order than their locks.
    imported, small, *_, edited = await asyncio.gather(
        large(catalog, [*matters[::-1], *fresh[::-1]], publish=True),
        catalog.client.post(
            "/api/v1/catalog/import",
            json={"matters": [*fresh, *matters[100:200]]},
            headers=catalog.district.headers("catalog_editor", subject=AUTHOR),
        ),
        worker(),
        timer(),
        editors(),
    )

    told = await catalog.client.get(
        f"/api/v1/catalog/publications/{ordered.json()['id']}",
        headers=catalog.district.headers("catalog_editor"),
    )
    assert imported.status_code == 200, imported.text[:1000]
    assert small.status_code in (200, 409), small.text[:1000]
    assert told.json()["state"] in ("done", "refused")
    assert set(edited) <= {200, 409}


async def until(
    look: Callable[[], Awaitable[dict[str, Any]]], is_there: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Look again and again; the test's own limit ends it."""
    found = await look()
    while not is_there(found):
        await asyncio.sleep(0.05)
        found = await look()
    return found


@asynccontextmanager
async def another_process(
    catalog: RunningService,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """Run the API once more, as a process that can be killed."""
    port = free_port()
    told = {**catalog.settings.model_dump(exclude_none=True), "port": port}
    environment = os.environ | {f"CATALOG_{name.upper()}": f"{one}" for name, one in told.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "catalog_service", "api", env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while True:
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_an_import_whose_process_is_killed_is_told_as_broken_off(
    catalog: RunningService,
) -> None:
    matters, id_ = [matter_content() for _ in range(BATCH)], uuid4()
    path = f"/api/v1/catalog/imports/{id_}"
    headers = catalog.district.headers("admin")

    async def told() -> dict[str, Any]:
        body: dict[str, Any] = (await catalog.client.get(path, headers=headers)).json()
        return body

    async def closed() -> dict[str, Any]:
        """Let two workers look at once."""

        async def look() -> None:
            async with catalog.context.sessions.begin() as session:
                await close_broken_off_imports(session, catalog.context)

        await asyncio.gather(look(), look())
        return await told()

    async def endless() -> AsyncIterator[bytes]:
        yield lines(matters)
        while True:
            await asyncio.sleep(0.05)
            yield b"\n"

    async with another_process(catalog) as (process, client):
        sending = asyncio.create_task(client.put(path, content=endless(), headers=headers))
        await until(told, lambda one: one.get("received") == BATCH)
        alive = await closed()
        process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            await sending

    found = await until(closed, lambda one: one["state"] != "running")

    assert (alive["state"], alive["finished_at"]) == ("running", None)
    assert (found["state"], found["created"]) == ("broken_off", 0)
    assert found["finished_at"] is not None
    again = await large(catalog, matters)
    assert again.status_code == 200, again.text
    assert again.json()["created"] == BATCH
