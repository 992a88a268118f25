"""What goes through, goes through unchanged, as it comes; what breaks is said."""

import asyncio
import http.client
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.doors import PART, Door, Upstream, open_door
from tongban.process import UNREAD_BYTES
from tongban.run.ports import free_port
from tongban.testing.district import TestDistrict

MEGABYTE = 1024 * 1024
SERVICES = ("catalog", "case", "site", "interop")


@asynccontextmanager
async def abrupt(answers: list[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve `answers` one a request; hang up where one is empty or cut short."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            asked.append(head.partition(b"\r\n")[0])
            said = answers.pop(0)
            writer.write(said)
            await writer.drain()
            if not said.endswith(b"{}"):
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked


def headers_of(told: dict[str, Any], name: str) -> list[str]:
    return [value for each, value in told["headers"] if each == name]


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/matters/a%2Fb%20c?q=%e8%90%a5%E4%B8%9A&x=a+b&&=&c=%2F;d=[1]|^'\"",
        "/api/v1/matters//double/../dots/./x?a?b",
        "/api/v1/matters/%e8%90%a5?%",
        "/api/v1/matters/~!$&'()*+,;=:@",
    ],
)
def test_path_and_query_pass_byte_for_byte(door: Door, target: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port)
    connection.request("GET", target)
    answer = connection.getresponse()

    told = httpx.Response(200, content=answer.read()).json()
    connection.close()

    path, _, query = target.partition("?")
    assert (told["raw_path"], told["query"]) == (path, query)


async def test_host_passes_unchanged_and_nothing_is_made_up(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port)
    connection.putrequest("GET", "/api/v1/matters", skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", "gx.example.cn:8443")
    connection.endheaders()

    told = httpx.Response(200, content=connection.getresponse().read()).json()
    connection.close()

    assert headers_of(told, "host") == ["gx.example.cn:8443"]
    assert {name for name, _ in told["headers"]} == {
        "host",
        "traceparent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
    }


async def test_request_id_and_trace_are_continued(client: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await client.get(
        "/api/v1/matters",
        headers={"X-Request-Id": "counter-7-0001", "traceparent": f"00-{trace}-{'1' * 16}-01"},
    )
    told = answer.json()

    assert answer.headers.get_list("x-request-id") == ["counter-7-0001"]
    assert headers_of(told, "x-request-id") == ["counter-7-0001"]
    [parent] = headers_of(told, "traceparent")
    assert parent.startswith(f"00-{trace}-")
    assert "1" * 16 not in parent


async def test_a_request_without_an_id_gets_one(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/matters", headers={"X-Request-Id": "bad id!"})

    [made] = headers_of(answer.json(), "x-request-id")
    assert made == answer.headers["X-Request-Id"] != "bad id!"


async def test_what_ends_at_this_hop_is_dropped_both_ways(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/api/v1/matters",
        headers={"Connection": "keep-alive, X-Secret", "X-Secret": "1", "X-Kept": "2", "TE": "a"},
    )
    told = answer.json()

    assert headers_of(told, "x-secret") == headers_of(told, "te") == []
    assert headers_of(told, "x-kept") == ["2"]
    assert "x-neighbour" not in answer.headers
    assert answer.headers["ETag"] == '"7"'
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert len(answer.headers.get_list("date")) == len(answer.headers.get_list("server")) == 1


async def test_the_client_is_added_to_the_forwarded_chain(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/matters", headers={"X-Forwarded-For": "203.0.113.7"})

    [chain] = headers_of(answer.json(), "x-forwarded-for")
    assert chain.startswith("203.0.113.7, ")


async def test_cookies_of_one_caller_never_reach_another(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/matters")
    client.cookies.clear()

    told = (await client.get("/api/v1/matters")).json()

    assert headers_of(told, "cookie") == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_body_keeps_its_length(
    client: httpx.AsyncClient, district: TestDistrict, method: str
) -> None:
    headers = district.headers("clerk")

    sent = await client.request(method, "/api/v1/cases", headers=headers, content="办件".encode())
    none = await client.request(method, "/api/v1/cases", headers=headers)

    assert headers_of(sent.json(), "content-length") == ["6"]
    assert headers_of(sent.json(), "transfer-encoding") == []
    assert sent.json()["body"].encode("latin-1").decode() == "办件"
    assert none.json()["body"] == ""


async def test_head_tells_the_length_without_the_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/v1/matters")

    assert int(answer.headers["Content-Length"]) > 100
    assert answer.content == b""


async def test_fifty_megabytes_pass_both_ways_without_being_held(
    client: httpx.AsyncClient, door: Door, district: TestDistrict
) -> None:
    async def upload() -> AsyncIterator[bytes]:
        for _ in range(800):
            yield PART

    before = door.peak_megabytes
    swallowed = await client.post(
        "/api/v1/cases/swallow", headers=district.headers("clerk"), content=upload()
    )
    received = 0
    async with client.stream("GET", "/api/v1/matters/large") as answer:
        async for part in answer.aiter_raw():
            received += len(part)

    assert int(swallowed.text) == received == 50 * MEGABYTE
    assert door.peak_megabytes - before < 15


async def test_a_stream_passes_part_by_part_and_ends_with_its_reader(
    client: httpx.AsyncClient, upstreams: dict[str, Upstream]
) -> None:
    started = time.monotonic()
    parts = []
    async with client.stream("GET", "/api/v1/sites/stream") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        async for part in answer.aiter_raw():
            parts.append(part)
            if len(parts) == 3:
                break
    elapsed = time.monotonic() - started

    assert parts == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    assert elapsed < 1
    assert await asyncio.to_thread(upstreams["site"].left.wait, 2)


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/api/v1/matters/broken")


async def test_an_upload_that_breaks_off_is_not_taken_for_whole(
    door: Door, client: httpx.AsyncClient, district: TestDistrict
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    head = f"Authorization: Bearer {district.token('clerk')}\r\nContent-Length: 1000\r\n\r\n"
    writer.write(f"POST /api/v1/cases/swallow HTTP/1.1\r\nHost: x\r\n{head}half".encode())
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    await writer.wait_closed()

    assert (await client.get("/api/v1/matters")).status_code == 200


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"])
async def test_a_service_that_ends_before_it_answered_may_have_acted(
    district: TestDistrict, said: bytes
) -> None:
    async with abrupt([said] * 10) as (url, _):
        with open_door(district, dict.fromkeys(SERVICES, url)) as door:
            async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
                answer = await client.post(
                    "/api/v1/cases", headers=district.headers("clerk"), content=b"{}"
                )

    assert answer.status_code == 502
    assert answer.json()["type"] == "urn:tongban:problem:answer-lost"
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_a_read_on_a_connection_gone_stale_is_sent_once_more_and_a_write_is_not(
    district: TestDistrict,
) -> None:
    good = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    async with abrupt([good, b"", good, b"", good]) as (url, asked):
        with open_door(district, dict.fromkeys(SERVICES, url)) as door:
            async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
                reads = [await client.get("/api/v1/matters") for _ in range(2)]
                write = await client.post("/api/v1/cases", headers=district.headers("clerk"))

    assert [read.status_code for read in reads] == [200, 200]
    assert write.status_code == 502
    assert [line.split()[0] for line in asked] == [b"GET", b"GET", b"GET", b"POST"]


async def test_a_dead_service_is_named_and_the_others_go_on(
    district: TestDistrict, upstreams: dict[str, Upstream]
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    urls["case"] = f"http://127.0.0.1:{free_port()}"
    with open_door(district, urls) as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            dead = await client.post("/api/v1/cases", headers=district.headers("clerk"))
            other = await client.get("/api/v1/matters")

    assert dead.status_code == 503
    assert dead.json()["type"] == "urn:tongban:problem:service-unavailable"
    assert dead.json()["service"] == "case"
    assert int(dead.headers["Retry-After"]) >= 1
    assert other.status_code == 200


async def test_a_service_restarted_is_used_again_at_once(district: TestDistrict) -> None:
    upstream = Upstream("catalog")
    upstream.start()
    urls = dict.fromkeys(SERVICES, upstream.url)
    with open_door(district, urls) as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            before = await client.get("/api/v1/matters")
            upstream.stop()
            down = await client.get("/api/v1/matters")
            upstream.start()
            again = await client.get("/api/v1/matters")
    upstream.stop()

    assert [before.status_code, down.status_code, again.status_code] == [200, 503, 200]


async def test_a_silent_service_ends_in_a_gateway_timeout(
    district: TestDistrict, upstreams: dict[str, Upstream]
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    with open_door(district, urls, ANSWER_SECONDS="0.5") as door:
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
            answer = await client.get("/api/v1/matters/silent")

    assert answer.status_code == 504
    assert answer.json()["service"] == "catalog"


STALLED = """
import asyncio, sys
from tongban.process import UNREAD_BYTES, serve

async def app(scope, receive, send):
    await asyncio.sleep(0 if scope["type"] == "lifespan" else 60)

serve(app, host="127.0.0.1", port=int(sys.argv[1]), unread_bytes=UNREAD_BYTES)
"""


def unread_bytes(port: int) -> int:
    """Return what the kernel holds for that port's process (Linux)."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = 0
    for _, local, remote, _, queues, *_ in sockets:
        to_send, to_read = (int(number, 16) for number in queues.split(":"))
        held += to_read * local.endswith(f":{port:04X}") + to_send * remote.endswith(f":{port:04X}")
    return held


async def test_no_more_is_sent_than_the_service_soon_reads(district: TestDistrict) -> None:
    port = free_port()
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(512):
            yield bytes(65_536)
            sent += 65_536

    stalled = await asyncio.create_subprocess_exec(sys.executable, "-c", STALLED, str(port))
    try:
        with open_door(district, dict.fromkeys(SERVICES, f"http://127.0.0.1:{port}")) as door:
            async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
                asking = asyncio.create_task(client.post("/interop/v2/exchanges", content=parts()))
                before = -1
                while sent == 0 or sent != before:  # until no more is taken
                    before = sent
                    await asyncio.sleep(1)
                held = unread_bytes(port)
                asking.cancel()
    finally:
        stalled.kill()
        await stalled.wait()

    assert 0 < held < 5 * UNREAD_BYTES  # the kernel takes twice what it is told, on either side
