"""The case service, running once for all of its tests."""

from typing import Any

import pytest_asyncio

from case_service.app import SERVICE, create_app
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def case(run_service: Any) -> RunningService:
    """The case service; tests keep apart by fresh matters and applicants."""
    running: RunningService = await run_service(SERVICE, create_app)
    return running
