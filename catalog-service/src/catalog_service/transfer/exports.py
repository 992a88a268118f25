"""The catalog going out, streamed: a row is forgotten once it is written."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import pydantic_core

from catalog_service.life_events import service as life_events
from catalog_service.transfer import cpsv, store
from catalog_service.transfer.files import csv_head, csv_row
from catalog_service.transfer.packing import FormBook
from tongban.context import Context
from tongban.gb import district

__all__ = ["as_csv", "as_json", "as_json_lines", "as_linked_data", "as_workbook"]

AT_ONCE = 200


async def _contents(context: Context) -> AsyncIterator[dict[str, Any]]:
    # A session of its own: the request's is over before the answer's body is on its way. A
    # transaction, too, since the rows are fetched through a cursor.
    async with context.sessions() as session:
        async for content in store.contents_in_force(session):
            yield content


async def as_json(context: Context) -> AsyncIterator[bytes]:
    """Yield the document that an import takes."""
    yield b'{"matters":['
    between = b""
    async for content in _contents(context):
        yield between + pydantic_core.to_json(content)
        between = b","
    yield b"]}"


async def as_json_lines(context: Context) -> AsyncIterator[bytes]:
    """Yield a matter a line, as a large import takes them."""
    async for content in _contents(context):
        yield pydantic_core.to_json(content) + b"\n"


async def as_csv(context: Context) -> AsyncIterator[bytes]:
    """Yield a table, a matter a row."""
    yield csv_head()
    async for content in _contents(context):
        yield csv_row(content)


async def as_linked_data(context: Context) -> AsyncIterator[bytes]:
    """Yield CPSV-AP in JSON-LD; of what was told only the nodes' names are kept."""
    code = context.settings.district
    named = cpsv.shared_nodes(code, name=district(code).name)
    services: set[str] = set()
    place, told = named[0]["@id"], {node["@id"] for node in named}
    async with context.sessions() as session:
        events = await life_events.offered(session)
    groups = cpsv.groups_of(events)
    yield b'{"@context":' + pydantic_core.to_json(dict(cpsv.CONTEXT)) + b',"@graph":['
    yield _nodes(named)
    async for content in _contents(context):
        nodes = cpsv.nodes_of(content, place=place, groups=groups.get(content["code"], ()))
        fresh = [node for node in nodes if node["@id"] not in told]
        told.update(node["@id"] for node in fresh if not node["@id"].startswith(cpsv.OWN))
        services.add(f"{cpsv.OWN}{content['code']}")
        yield b"," + _nodes(_once(fresh))
    for event in events:
        yield b"," + _nodes([cpsv.event_of(event, told=services)])
    yield b"]}"


def _once(nodes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [*{node["@id"]: node for node in nodes}.values()]


def _nodes(nodes: Iterable[Mapping[str, Any]]) -> bytes:
    return b",".join(pydantic_core.to_json(node) for node in nodes)


async def as_workbook(context: Context) -> AsyncIterator[bytes]:
    """Yield the filled form, packed as its matters are read."""
    with await asyncio.to_thread(FormBook) as book:
        async for some in _parts_of(_contents(context)):
            yield await asyncio.to_thread(book.fill, some)
        rest = book.rest()
        while (part := await asyncio.to_thread(next, rest, None)) is not None:
            yield part


async def _parts_of(contents: AsyncIterator[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    async for content in contents:
        some.append(content)
        if len(some) == AT_ONCE:
            yield some
            some = []
    yield some
