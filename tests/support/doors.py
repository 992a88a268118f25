"""A gateway in a process of its own, and stand-ins for the services behind it."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from tongban.run.ports import free_port
from tongban.testing.district import TestDistrict

__all__ = ["Door", "Upstream", "open_door"]

PART = b"x" * 65_536


class Upstream:
    """A service's stand-in: tells what it was sent, and answers as the path's last part says."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.port = free_port()
        self.document: dict[str, Any] = {
            "openapi": "3.1.0",
            "info": {"title": f"Tongban · {service}", "version": "1"},
            "paths": {
                f"/api/v1/{service}-things": {
                    "get": {"tags": [service], "responses": {"200": {"description": "ok"}}}
                }
            },
            "components": {"schemas": {}},
        }
        self.left = threading.Event()
        """Set once a client of the endless stream has gone."""
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self, host="127.0.0.1", port=self.port, log_level="critical", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"].rpartition("/")[2]:
            case "openapi.json":
                await _answer(send, json.dumps(self.document).encode())
            case "asyncapi.json":
                channels: dict[str, Any] = {f"{self.service}.thing.changed": {}}
                await _answer(send, json.dumps({"channels": channels}).encode())
            case "swallow":
                await _answer(send, str(await _length_of(receive)).encode())
            case "large":
                await self._large(send)
            case "stream":
                await self._parts(receive, send)
            case "broken":
                await self._broken(send)
            case "silent":
                await asyncio.sleep(30)
            case _:
                await self._tell(scope, receive, send)

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"".join([part async for part in _parts_of(receive)])
        told = {
            "service": self.service,
            "method": scope["method"],
            "raw_path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode("latin-1"),
            "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in scope["headers"]],
            "body": body.decode("latin-1"),
        }
        headers = [
            (b"etag", b'"7"'),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"connection", b"x-neighbour"),
            (b"x-neighbour", b"not for you"),
        ]
        await _answer(send, json.dumps(told).encode(), headers)

    async def _large(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(800):
            await send({"type": "http.response.body", "body": PART, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _parts(self, receive: Receive, send: Send) -> None:
        self.left.clear()
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def speak() -> None:
            number = 0
            while True:
                part = f"data: {number}\n\n".encode()
                await send({"type": "http.response.body", "body": part, "more_body": True})
                number += 1
                await asyncio.sleep(0.1)

        speaking = asyncio.create_task(speak())
        while (await receive())["type"] != "http.disconnect":
            continue
        speaking.cancel()
        self.left.set()

    async def _broken(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": PART, "more_body": True})
        await asyncio.sleep(0.1)
        raise ConnectionAbortedError


async def _parts_of(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _length_of(receive: Receive) -> int:
    return sum([len(part) async for part in _parts_of(receive)])


async def _answer(
    send: Send, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    length = (b"content-length", str(len(body)).encode())
    content_type = (b"content-type", b"application/json")
    start = {"type": "http.response.start", "status": 200}
    await send({**start, "headers": [length, content_type, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Door:
    """A gateway that runs."""

    url: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def peak_megabytes(self) -> int:
        """The most memory that the gateway ever held (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024


@contextmanager
def open_door(
    district: TestDistrict,
    upstreams: Mapping[str, str],
    *,
    tls: ssl.SSLContext | None = None,
    **settings: str,
) -> Iterator[Door]:
    """Run `python -m gateway api` until the block ends; with `tls` it is waited for by that."""
    port = free_port()
    told = {
        "PORT": str(port),
        "DISTRICT": district.code,
        "OIDC_ISSUER": district.issuer,
        "OIDC_JWKS_URL": district.jwks_url,
        **{f"{service.upper()}_URL": url for service, url in upstreams.items()},
        **settings,
    }
    environment = {**os.environ, **{f"GATEWAY_{name}": value for name, value in told.items()}}
    process = subprocess.Popen([sys.executable, "-m", "gateway", "api"], env=environment)
    try:
        url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        _wait_for(f"{url}/healthz", process, tls)
        yield Door(url, port, process)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes], tls: ssl.SSLContext | None) -> None:
    until = time.monotonic() + 30
    with httpx.Client(trust_env=False, verify=tls or True) as client:
        while time.monotonic() < until and process.poll() is None:
            try:
                client.get(url)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
    raise TimeoutError(f"the gateway does not answer at {url}")
