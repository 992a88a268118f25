"""One OpenAPI document for all services, put together from theirs.

Components that two services define alike are shared; where they differ under one name, each gets
its service's name in front.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.errors import UpstreamDown

__all__ = ["Document", "merge"]

FRESH_SECONDS = 30
FETCH_TIMEOUT = ClientTimeout(total=5)
REFERENCE = "#/components/"
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})

Schema = dict[str, Any]

log = structlog.get_logger(__name__)


def merge(documents: Mapping[str, Schema]) -> Schema:
    """Return the document that holds every operation of `documents` (by service)."""
    clashes = _clashes(documents)
    merged: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tongban · 通办 开放政务服务平台",
            "version": "1",
            "description": "一区政务服务的统一接口，各区之间互通办理。\n\n"
            "One door to a district's government services, and between districts.",
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
        "tags": [],
    }
    for service, document in documents.items():
        renamed = {
            f"{REFERENCE}{kind}/{name}": f"{REFERENCE}{kind}/{_prefixed(service, name)}"
            for kind, name in clashes
        }
        own = _rewritten(document, renamed)
        merged["paths"].update(own.get("paths", {}))
        for kind, components in own.get("components", {}).items():
            merged["components"].setdefault(kind, {}).update(
                {
                    _prefixed(service, name) if (kind, name) in clashes else name: component
                    for name, component in components.items()
                }
            )
        title = document.get("info", {}).get("title", service).removeprefix("Tongban · ")
        known = {tag["name"] for tag in merged["tags"]}
        merged["tags"] += [
            {"name": tag, "description": title} for tag in _tags(own) if tag not in known
        ]
    return merged


def _prefixed(service: str, name: str) -> str:
    return f"{service.capitalize()}{name}"


def _clashes(documents: Mapping[str, Schema]) -> set[tuple[str, str]]:
    """Return the (kind, name) of components that do not mean the same in every service."""
    found: dict[tuple[str, str], list[Any]] = {}
    for document in documents.values():
        for kind, components in document.get("components", {}).items():
            for name, component in components.items():
                found.setdefault((kind, name), []).append(component)
    shared = {key: ones for key, ones in found.items() if len(ones) > 1}
    clashes = {key for key, ones in shared.items() if any(one != ones[0] for one in ones)}
    while True:
        # Alike in words, but it refers to what differs.
        reached = {
            key
            for key, ones in shared.items()
            if key not in clashes and not clashes.isdisjoint(_references(ones[0]))
        }
        if not reached:
            return clashes
        clashes |= reached


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and value.startswith(REFERENCE):
                kind, _, name = value.removeprefix(REFERENCE).partition("/")
                yield kind, name
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _rewritten(node: Any, renamed: Mapping[str, str]) -> Any:
    """Return `node` with its references renamed, also those of a discriminator's mapping."""
    if isinstance(node, dict):
        return {key: _rewritten(value, renamed) for key, value in node.items()}
    if isinstance(node, list):
        return [_rewritten(value, renamed) for value in node]
    return renamed.get(node, node) if isinstance(node, str) else node


def _tags(document: Schema) -> list[str]:
    """Return the tags of the document's operations, each once, in order."""
    return list(
        dict.fromkeys(
            tag
            for path in document.get("paths", {}).values()
            for method, operation in path.items()
            if method in METHODS
            for tag in operation.get("tags", ())
        )
    )


class Document:
    """The merged document, fetched again where it is older than half a minute or incomplete.

    A service that is down keeps the part it last told.
    """

    def __init__(self, session: ClientSession, upstreams: Mapping[str, str]) -> None:
        self._session = session
        self._upstreams = upstreams
        self._parts: dict[str, Schema] = {}
        self._merged: Schema = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def current(self) -> Schema:
        """Return the document.

        Raises:
            UpstreamDown: 503, some service has never told its part.
        """
        async with self._fetching:
            if not self._is_fresh():
                await self._fetch()
        missing = [service for service in self._upstreams if service not in self._parts]
        if missing:
            raise UpstreamDown(service="、".join(missing), headers={"Retry-After": "2"})
        return self._merged

    def _is_fresh(self) -> bool:
        is_whole = len(self._parts) == len(self._upstreams)
        return is_whole and time.monotonic() - self._fetched_at < FRESH_SECONDS

    async def _fetch(self) -> None:
        told = await asyncio.gather(*(self._part(service) for service in self._upstreams))
        for service, part in zip(self._upstreams, told, strict=True):
            if part is not None:
                self._parts[service] = part
        self._merged = merge({name: self._parts[name] for name in sorted(self._parts)})
        self._fetched_at = time.monotonic()

    async def _part(self, service: str) -> Schema | None:
        url = f"{self._upstreams[service]}/openapi.json"
        try:
            async with self._session.get(url, timeout=FETCH_TIMEOUT) as answer:
                answer.raise_for_status()
                part: Schema = await answer.json()
                return part
        except (ClientError, TimeoutError) as fault:
            log.warning("openapi.unavailable", service=service, fault=repr(fault))
            return None
