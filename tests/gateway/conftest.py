"""A real gateway process in front of small real services."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from support.doors import Door, Upstream, open_door
from tongban.testing.district import TestDistrict

SERVICES = ("catalog", "case", "site", "interop")


@pytest.fixture(scope="session")
def upstreams() -> Iterator[dict[str, Upstream]]:
    """One stand-in for each service."""
    started = {service: Upstream(service) for service in SERVICES}
    for upstream in started.values():
        upstream.start()
    yield started
    for upstream in started.values():
        upstream.stop()


@pytest.fixture(scope="session")
def door(upstreams: dict[str, Upstream], district: TestDistrict) -> Iterator[Door]:
    """The gateway, as a process of its own."""
    with open_door(district, {name: one.url for name, one in upstreams.items()}) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client at the door."""
    async with httpx.AsyncClient(base_url=door.url, trust_env=False, timeout=30) as opened:
        yield opened
