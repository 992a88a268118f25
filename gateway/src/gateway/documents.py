"""A document that each service tells a part of: fetched, merged and kept for a while."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import ClientError, ClientTimeout

from gateway.errors import UpstreamDown
from gateway.proxy import Proxy

__all__ = ["Document", "Merge"]

FRESH_SECONDS = 30
FETCH_TIMEOUT = ClientTimeout(total=30)  # a service makes its part once, in seconds

Schema = dict[str, Any]
Merge = Callable[[Mapping[str, Schema]], Schema]
"""Makes one document of the services' parts."""

log = structlog.get_logger(__name__)


class Document:
    """The merged document, fetched again where it is older than half a minute or incomplete.

    A service that is down keeps the part it last told.
    """

    def __init__(self, path: str, merge: Merge, proxy: Proxy) -> None:
        self._path = path
        self._merge = merge
        self._proxy = proxy
        self._parts: dict[str, Schema] = {}
        self._merged = b""
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def current(self) -> bytes:
        """Return the document, as JSON.

        Raises:
            UpstreamDown: 503, some service has never told its part.
        """
        async with self._fetching:
            if not self._is_fresh():
                await self._fetch()
        missing = [service for service in self._proxy.pools if service not in self._parts]
        if missing:
            raise UpstreamDown(service="、".join(missing), headers={"Retry-After": "2"})
        return self._merged

    def _is_fresh(self) -> bool:
        is_whole = len(self._parts) == len(self._proxy.pools)
        return is_whole and time.monotonic() - self._fetched_at < FRESH_SECONDS

    async def _fetch(self) -> None:
        told = await asyncio.gather(*(self._part(service) for service in self._proxy.pools))
        for service, part in zip(self._proxy.pools, told, strict=True):
            if part is not None:
                self._parts[service] = part
        parts = {name: self._parts[name] for name in sorted(self._parts)}
        self._merged = await asyncio.to_thread(lambda: _written(self._merge(parts)))
        self._fetched_at = time.monotonic()

    async def _part(self, service: str) -> Schema | None:
        """Ask the service's processes in turn, until one has told."""
        pool = self._proxy.pools[service]
        tried: tuple[int, ...] = ()
        while (number := pool.next(tried)) is not None:
            tried += (number,)
            url = f"{pool.upstreams[number].url}{self._path}"
            try:
                async with self._proxy.session.get(url, timeout=FETCH_TIMEOUT) as answer:
                    answer.raise_for_status()
                    part: Schema = await answer.json()
                    return part
            except (ClientError, TimeoutError) as fault:
                log.warning("document.unavailable", url=url, fault=repr(fault))
        return None


def _written(document: Schema) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
