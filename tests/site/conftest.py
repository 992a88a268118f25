"""The site service, running."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from site_service.app import SERVICE, create_app
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(run_service: Any) -> AsyncIterator[RunningService]:
    running = await run_service(SERVICE, create_app)
    yield running
