"""Several processes of one service: the load is shared, and one that dies takes nothing along."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.settings import Settings
from support.doors import Door, Upstream, open_door
from tongban.run.ports import free_port
from tongban.testing.district import TestDistrict

SERVICES = ("catalog", "case", "site", "interop")


@pytest.fixture
def pair(upstreams: dict[str, Upstream]) -> Iterator[list[Upstream]]:
    """Two processes of one service, told apart by what they call themselves."""
    started = [Upstream("one"), Upstream("two")]
    for upstream in started:
        upstream.start()
    yield started
    for upstream in started:
        upstream.stop()


@contextmanager
def door_to(district: TestDistrict, upstreams: dict[str, Upstream], case: str) -> Iterator[Door]:
    urls = {name: one.url for name, one in upstreams.items()} | {"case": case}
    with open_door(district, urls) as door:
        yield door


@asynccontextmanager
async def client_of(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=door.url, trust_env=False, timeout=10) as client:
        yield client


async def samples_of(client: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """Return what the metrics say of each process: (name, address) → value."""
    text = (await client.get("/metrics")).text
    return {
        (sample.name, sample.labels["upstream"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tongban_upstream_") and sample.labels["service"] == "case"
    }


async def test_requests_are_shared_out_and_counted(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    with door_to(district, upstreams, f"{pair[0].url}/, {pair[1].url}") as door:
        async with client_of(door) as client:
            answers = [
                await client.get("/api/v1/cases", headers=district.headers("clerk"))
                for _ in range(10)
            ]
            samples = await samples_of(client)

    assert [answer.json()["service"] for answer in answers] == ["one", "two"] * 5
    for upstream in pair:
        assert samples["tongban_upstream_requests_total", upstream.url] == 5
        assert samples["tongban_upstream_in_flight", upstream.url] == 0
        assert samples["tongban_upstream_up", upstream.url] == 1


async def test_a_busy_process_is_passed_by(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    headers = district.headers("clerk")
    with door_to(district, upstreams, f"{pair[0].url},{pair[1].url}") as door:
        async with (
            client_of(door) as client,
            client.stream("GET", "/api/v1/cases/stream", headers=headers) as busy,
        ):
            parts = busy.aiter_raw()
            await anext(parts)
            answers = [await client.get("/api/v1/cases", headers=headers) for _ in range(4)]
            samples = await samples_of(client)

    assert {answer.json()["service"] for answer in answers} == {"two"}
    assert samples["tongban_upstream_in_flight", pair[0].url] == 1


async def test_a_body_goes_whole_to_another_where_one_cannot_be_reached(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    pair[0].stop()
    headers = district.headers("clerk")
    with door_to(district, upstreams, f"{pair[0].url},{pair[1].url}") as door:
        async with client_of(door) as client:
            answers = [
                await client.post("/api/v1/cases", headers=headers, content=b"x" * 100_000)
                for _ in range(6)
            ]
            samples = await samples_of(client)
            ready = await client.get("/readyz")

    assert {answer.status_code for answer in answers} == {200}
    assert {len(answer.json()["body"]) for answer in answers} == {100_000}
    assert samples["tongban_upstream_up", pair[0].url] == 0
    assert samples["tongban_upstream_refused_total", pair[0].url] == 1
    assert ready.status_code == 200
    assert list(ready.json()["unready"]) == [pair[0].url]


async def test_one_that_comes_back_takes_its_share_again(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    headers = district.headers("clerk")
    with door_to(district, upstreams, f"{pair[0].url},{pair[1].url}") as door:
        async with client_of(door) as client:
            pair[0].stop()
            await client.get("/api/v1/cases", headers=headers)
            pair[0].start()
            await asyncio.sleep(1.1)
            answers = [await client.get("/api/v1/cases", headers=headers) for _ in range(4)]

    assert {answer.json()["service"] for answer in answers} == {"one", "two"}


async def test_with_all_down_the_service_is_named_and_found_again_at_once(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    headers = district.headers("clerk")
    with door_to(district, upstreams, f"{pair[0].url},{pair[1].url}") as door:
        async with client_of(door) as client:
            for upstream in pair:
                upstream.stop()
            down = await client.post("/api/v1/cases", headers=headers, content=b"{}")
            unready = await client.get("/readyz")
            pair[1].start()
            again = await client.post("/api/v1/cases", headers=headers, content=b"{}")

    assert down.status_code == 503
    assert down.json()["service"] == "case"
    assert unready.status_code == 503
    assert unready.json()["missing"] == ["case"]
    assert sorted(unready.json()["unready"]) == sorted(one.url for one in pair)
    assert again.status_code == 200


@asynccontextmanager
async def dying() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A process that takes each request and dies over it."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b" ")[0])
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_a_lost_read_is_asked_of_another_and_a_lost_write_is_not(
    district: TestDistrict, upstreams: dict[str, Upstream], pair: list[Upstream]
) -> None:
    headers = district.headers("clerk")
    async with dying() as (url, asked):
        with door_to(district, upstreams, f"{url},{pair[1].url}") as door:
            async with client_of(door) as client:
                reads = [await client.get("/api/v1/cases", headers=headers) for _ in range(4)]
                writes = [
                    await client.post("/api/v1/cases", headers=headers, content=b"{}")
                    for _ in range(2)
                ]

    assert {read.status_code for read in reads} == {200}
    assert sorted(write.status_code for write in writes) == [200, 502]
    assert asked.count(b"POST") == 1


def test_an_address_told_twice_counts_once() -> None:
    settings = Settings(**_told(case_url=" http://a:1/,http://b:2,, http://a:1"))

    assert settings.upstreams["case"] == ["http://a:1", "http://b:2"]


@pytest.mark.parametrize("nothing", ["", " , "])
def test_a_service_without_an_address_is_refused_at_the_start(nothing: str) -> None:
    with pytest.raises(ValueError, match="names no address"):
        Settings(**_told(case_url=nothing))


def _told(**given: Any) -> dict[str, Any]:
    urls = {f"{service}_url": f"http://127.0.0.1:{free_port()}" for service in SERVICES}
    common = {"district": "610171", "oidc_issuer": "urn:x", "oidc_jwks_url": "file:///x", "port": 1}
    return {**urls, **common, **given}
