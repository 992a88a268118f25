"""Two districts, started once a run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from interop.reliance_world import World, gathered
from interop.two_districts import OWNER, THIRD, Districts, running, two_districts

from tongban.run.nats import EmbeddedNats
from tongban.run.postgres import EmbeddedPostgres
from tongban.testing.district import TestDistrict
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def both(
    scratch: Path, district: TestDistrict, postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[Districts]:
    other = await asyncio.to_thread(TestDistrict, scratch / "qujiang", OWNER)
    async with (
        running(district, postgres, nats_server.url) as near,
        running(other, postgres, nats_server.url) as owner,
        two_districts(near, owner) as pair,
    ):
        yield pair


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gathering(
    both: Districts, scratch: Path, postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[World]:
    """安康, the third, started for those tests alone that need it."""
    keys = await asyncio.to_thread(TestDistrict, scratch / "ankang", THIRD)
    async with running(keys, postgres, nats_server.url) as third, gathered(both, third) as world:
        yield world


@pytest.fixture
def world(gathering: World, districts: Districts) -> World:
    """All three, with the network whole again before and after."""
    assert districts.network is gathering.network
    return gathering


@pytest.fixture
def districts(both: Districts) -> Iterator[Districts]:
    """Both districts, with the network whole again before and after."""
    yield both
    both.network.is_down.clear()
    both.network.answers.clear()
    both.network.pages.clear()
    both.network.alter = None
    both.network.log.clear()


@pytest.fixture
def interop(both: Districts) -> RunningService:
    """The near side, where one is enough."""
    return both.near
