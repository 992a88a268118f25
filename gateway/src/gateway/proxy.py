"""Passes a request on to its service and the answer back, as they come, without holding either.

Path, query, Host and body are passed byte for byte: partners' signatures cover them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import structlog
from aiohttp import (
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

log = structlog.get_logger(__name__)


class ClientGone(Exception):
    """The client left before its request was whole."""


class Proxy:
    """One session to all services of the district."""

    def __init__(self, session: ClientSession, upstreams: Mapping[str, str]) -> None:
        self.session = session
        self._upstreams = upstreams

    @classmethod
    @asynccontextmanager
    async def open(
        cls, upstreams: Mapping[str, str], *, answer_seconds: float
    ) -> AsyncIterator[Self]:
        """Open the connections; closed on the way out."""
        timeout = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=answer_seconds)
        async with ClientSession(
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            connector=TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
            timeout=timeout,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as session:
            yield cls(session, upstreams)

    async def forward(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Have `service` answer the request.

        Raises:
            UnreadableTarget, UpstreamDown, UpstreamSlow, AnswerLost: before the answer started.
        """
        try:
            answer = await self.session.request(
                scope["method"],
                _target(self._upstreams[service], scope),
                headers=_headers_in(scope),
                data=_body(receive) if _has_body(scope) else None,
                allow_redirects=False,
            )
            async with answer:
                if scope["method"] == "HEAD" or _fits(answer):
                    await _send_whole(answer, send)
                else:
                    await _stream(service, answer, receive, send)
        except (ClientConnectorError, ConnectionTimeoutError):
            raise UpstreamDown(service=service, headers={"Retry-After": RETRY_SECONDS}) from None
        except SocketTimeoutError:
            raise UpstreamSlow(service=service) from None
        except ClientError as fault:
            if isinstance(fault.__cause__, ClientGone):
                log.debug("proxy.client_gone", service=service)
                return
            log.warning("proxy.answer_lost", service=service, fault=repr(fault))
            raise AnswerLost(service=service, headers={"Retry-After": RETRY_SECONDS}) from None


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


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message["body"]:
            yield message["body"]
        if not message.get("more_body", False):
            return


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
