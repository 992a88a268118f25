"""The live stream and the display: what happens is told in order, and nothing is missed."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest_asyncio
import uvicorn

from site_service.queue import notes
from site_service.queue.stream import AT_HAND
from support.sites import act, call_next, open_site, take_ticket, window
from tongban.run.ports import free_port
from tongban.testing.fixtures import RunningService

SECONDS = 20


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def over_the_wire(site: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    """The service on a port of its own: a stream that never ends needs a real connection."""
    port = free_port()
    config = uvicorn.Config(
        site.app, host="127.0.0.1", port=port, lifespan="off", log_level="error", ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=SECONDS, trust_env=False
    ) as client:
        yield client
    server.should_exit = True
    await serving


async def listen(
    client: httpx.AsyncClient, site_id: str, *, last: int | None = None
) -> AsyncGenerator[tuple[int, str, dict[str, Any]], None]:
    """Yield what the stream tells: number, kind, facts."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    path = f"/api/v1/sites/{site_id}/queue/stream"
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        part: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                part[name] = value
            elif "data" in part:
                yield int(part["id"]), part["event"], json.loads(part["data"])
                part = {}


async def hear(
    client: httpx.AsyncClient, site_id: str, count: int, *, last: int | None = None
) -> list[tuple[int, str, dict[str, Any]]]:
    """Return the first so many things that the stream tells."""
    heard: list[tuple[int, str, dict[str, Any]]] = []
    async with aclosing(listen(client, site_id, last=last)) as told:
        async with asyncio.timeout(SECONDS):
            async for one in told:
                heard.append(one)
                if len(heard) == count:
                    break
    return heard


async def test_the_stream_begins_with_the_queue_and_goes_on_with_what_happens(
    site: RunningService, over_the_wire: httpx.AsyncClient
) -> None:
    here = await open_site(site)
    await take_ticket(site, here, holder={"name": "黄志远"})
    hearing = asyncio.create_task(hear(over_the_wire, here["id"], 4))
    await asyncio.sleep(0.3)

    ticket = (await call_next(site, here)).json()["ticket"]
    await act(site, ticket, "serve")
    await act(site, ticket, "done")

    heard = await hearing
    assert [(number, kind) for number, kind, _ in heard] == [
        (1, "queue"),
        (2, "called"),
        (3, "serving"),
        (4, "served"),
    ]
    assert heard[0][2]["waiting"] == 1
    assert (heard[1][2]["ticket_number"], heard[1][2]["window_number"]) == ("A001", "A01")
    assert "黄志远" not in str(heard)


async def test_a_display_that_comes_back_hears_what_it_missed_and_no_more(
    site: RunningService, over_the_wire: httpx.AsyncClient
) -> None:
    here = await open_site(site)
    for _ in range(4):
        await take_ticket(site, here)

    heard = await hear(over_the_wire, here["id"], 2, last=2)

    assert [(number, kind) for number, kind, _ in heard] == [(3, "issued"), (4, "issued")]


async def test_who_was_away_too_long_hears_the_whole_queue(
    site: RunningService, over_the_wire: httpx.AsyncClient
) -> None:
    here = await open_site(site)
    for _ in range(3):
        await take_ticket(site, here)
    await site.execute(
        "DELETE FROM queue_notes WHERE site_id = :site AND number < 3", site=here["id"]
    )

    long_ago = await hear(over_the_wire, here["id"], 1, last=1)
    of_another_time = await hear(over_the_wire, here["id"], 1, last=AT_HAND * 1000)

    assert [(number, kind) for number, kind, _ in long_ago] == [(3, "queue")]
    assert [(number, kind) for number, kind, _ in of_another_time] == [(3, "queue")]


async def test_notes_of_many_at_once_are_numbered_without_a_gap(site: RunningService) -> None:
    here = await open_site(site, windows=[window(f"A{nth}") for nth in range(10)])
    await asyncio.gather(*(take_ticket(site, here) for _ in range(10)))
    await asyncio.gather(*(call_next(site, here, nth=nth) for nth in range(10)))

    async with site.context.reads() as session:
        found = await notes.after(session, here["id"], 0, most=100)

    assert [note.number for note in found] == list(range(1, 21))
    assert sorted(note.kind for note in found) == ["called"] * 10 + ["issued"] * 10


async def test_the_display_is_a_page_that_loads_nothing_from_elsewhere(
    site: RunningService,
) -> None:
    here = await open_site(site)

    answer = await site.client.get(f"/api/v1/sites/{here['id']}/display")
    nowhere = await site.client.get("/api/v1/sites/nowhere/display")

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.index("请稍候") < answer.text.index("Please wait")
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert nowhere.status_code == 404
