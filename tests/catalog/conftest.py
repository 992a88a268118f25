"""The catalog service, running on a database of its own, with the basic items claimed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from catalog.factories import claim_basic_items

from catalog_service.app import SERVICE, create_app
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def catalog(run_service: Any) -> AsyncIterator[RunningService]:
    running = await run_service(SERVICE, create_app)
    await claim_basic_items(running)
    yield running
