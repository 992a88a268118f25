"""Passes a request on to its service and the answer back, as they come, without holding either.

Path, query, Host and body are passed byte for byte: partners' signatures cover them. Where one
process of a service cannot be reached, another one answers.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import structlog
from aiohttp import (
    AddrInfoType,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    SocketTimeoutError,
    TCPConnector,
)
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.errors import AnswerLost, UnreadableTarget, UpstreamDown, UpstreamSlow
from gateway.upstreams import Pool, Upstream
from tongban.problems import Problem
from tongban.process import UNREAD_BYTES

__all__ = ["Proxy"]

CONNECT_SECONDS = 2
# Shorter than the five seconds after which uvicorn closes an idle connection: a POST must not
# be sent down one that is being closed. What may be repeated is repeated once by the client.
KEEP_ALIVE_SECONDS = 4
# An answer up to this size is read whole before it starts: a service that dies in the middle of
# it then still becomes a problem that speaks, and the client's leaving needs no watch.
WHOLE_BYTES = 64 * 1024
RETRY_SECONDS = "2"

# RFC 9110, 7.6.1: between two neighbours, not end to end.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Said anew by us on the way in …
OURS_IN = frozenset(
    {b"expect", b"x-request-id", b"traceparent", b"x-forwarded-for", b"x-forwarded-proto"}
)
# … and on the way out: the server adds the first two, telemetry the third.
OURS_OUT = frozenset({b"date", b"server", b"x-request-id"})

# RFC 9110, 9.2.1: asking twice does no more than asking once.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


class ClientGone(Exception):
    """The client left before its request was whole."""


class Proxy:
    """One session to all services of the district."""

    def __init__(self, session: ClientSession, pools: Mapping[str, Pool]) -> None:
        self.session = session
        self.pools = pools

    @classmethod
    @asynccontextmanager
    async def open(cls, pools: Mapping[str, Pool], *, answer_seconds: float) -> AsyncIterator[Self]:
        """Open the connections; closed on the way out."""
        timeout = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=answer_seconds)
        async with ClientSession(
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            connector=TCPConnector(
                limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, socket_factory=_socket
            ),
            timeout=timeout,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as session:
            yield cls(session, pools)

    async def forward(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Have `service` answer the request.

        Raises:
            UnreadableTarget, UpstreamDown, UpstreamSlow, AnswerLost: before the answer started.
        """
        pool = self.pools[service]
        errand = Errand(scope, receive, send)
        tried: tuple[int, ...] = ()
        fault: Problem | None = None
        while (number := pool.next(tried)) is not None:
            tried += (number,)
            try:
                await self._ask(pool.upstreams[number], errand)
            except UpstreamDown as down:
                # What another one lost it may have done; that none can be reached now is less.
                fault = fault or down
                if errand.is_body_begun:
                    break
            except AnswerLost as lost:
                fault = lost
                if not errand.may_be_repeated:
                    break
            else:
                return
        if fault is not None:
            raise fault

    async def _ask(self, upstream: Upstream, errand: "Errand") -> None:
        """Have one process answer the request."""
        service, scope, send = upstream.service, errand.scope, errand.send
        upstream.asked += 1
        upstream.in_flight += 1
        try:
            answer = await self.session.request(
                scope["method"],
                _target(upstream.url, scope),
                headers=errand.headers,
                data=errand.body() if errand.has_body else None,
                allow_redirects=False,
            )
            upstream.take_back()
            async with answer:
                if scope["method"] == "HEAD" or _fits(answer):
                    await _send_whole(answer, send)
                else:
                    errand.is_answer_begun = True
                    await _stream(service, answer, errand.receive, send)
        except (ClientConnectorError, ConnectionTimeoutError):
            upstream.set_aside(time.monotonic())
            raise UpstreamDown(service=service, headers={"Retry-After": RETRY_SECONDS}) from None
        except SocketTimeoutError:
            raise UpstreamSlow(service=service) from None
        except ClientError as fault:
            if isinstance(fault.__cause__, ClientGone):
                log.debug("proxy.client_gone", service=service)
                return
            log.warning(
                "proxy.answer_lost", service=service, upstream=upstream.url, fault=repr(fault)
            )
            raise AnswerLost(service=service, headers={"Retry-After": RETRY_SECONDS}) from None
        finally:
            upstream.in_flight -= 1


class Errand:
    """One request on its way, and how far it has come."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers = _headers_in(scope)
        self.has_body = _has_body(scope)
        self.is_body_begun = False
        """Some of its body was sent on: it cannot be had again."""
        self.is_answer_begun = False
        """Some of its answer was sent back."""

    @property
    def may_be_repeated(self) -> bool:
        """Tell whether another process may be asked although one may have acted."""
        return self.scope["method"] in SAFE and not self.is_body_begun and not self.is_answer_begun

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes."""
        while True:
            self.is_body_begun = True
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if message["body"]:
                yield message["body"]
            if not message.get("more_body", False):
                return


def _socket(address: AddrInfoType) -> socket.socket:
    """Return a socket that takes no more than the service soon reads: see `UNREAD_BYTES`."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
    return made


def _target(upstream: str, scope: Scope) -> URL:
    try:
        path = scope["raw_path"].decode()
        query = scope["query_string"].decode()
    except UnicodeDecodeError:
        raise UnreadableTarget from None
    return URL(f"{upstream}{path}?{query}" if query else f"{upstream}{path}", encoded=True)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _end_to_end(
    headers: Iterable[tuple[bytes, bytes]], ours: frozenset[bytes]
) -> list[tuple[bytes, bytes]]:
    """Drop what ends at this hop, also what a Connection header names, and what we say anew."""
    kept = list(headers)
    dropped = HOP_BY_HOP | ours
    for name, value in kept:
        if name.lower() == b"connection":
            dropped |= {token.strip().lower() for token in value.split(b",")}
    return [(name, value) for name, value in kept if name.lower() not in dropped]


def _headers_in(scope: Scope) -> CIMultiDict[str]:
    headers = CIMultiDict(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in _end_to_end(scope["headers"], OURS_IN)
    )
    client = scope["client"][0] if scope.get("client") else "unknown"
    before = [v.decode("latin-1") for n, v in scope["headers"] if n == b"x-forwarded-for"]
    headers["X-Forwarded-For"] = ", ".join([*before, client])
    headers["X-Forwarded-Proto"] = scope["scheme"]
    headers["X-Request-Id"] = scope["request_id"]
    headers["traceparent"] = structlog.contextvars.get_contextvars()["traceparent"]
    return headers


def _fits(answer: ClientResponse) -> bool:
    return answer.content_length is not None and answer.content_length <= WHOLE_BYTES


async def _start(answer: ClientResponse, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": _end_to_end(answer.raw_headers, OURS_OUT),
        }
    )


async def _send_whole(answer: ClientResponse, send: Send) -> None:
    body = await answer.read()
    await _start(answer, send)
    await send({"type": "http.response.body", "body": body})


async def _stream(service: str, answer: ClientResponse, receive: Receive, send: Send) -> None:
    """Send each part as it comes, until the answer or the client ends."""
    await _start(answer, send)
    sending = asyncio.create_task(_send_parts(service, answer, send))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Whoever is left has nothing to do any more; closing the answer stops the service.
        for task in (sending, leaving):
            task.cancel()
        ended = await asyncio.gather(sending, leaving, return_exceptions=True)
    for end in ended:
        if isinstance(end, Exception):
            raise end


async def _send_parts(service: str, answer: ClientResponse, send: Send) -> None:
    try:
        async for part in answer.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except ClientError as fault:
        # The answer has begun, so no problem can be told; the server closes the connection of an
        # unfinished answer, which the client reads as such.
        log.warning("proxy.answer_broken", service=service, fault=repr(fault))
        return
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
