"""The catalog service, running on a database of its own, with the basic items claimed."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import pytest_asyncio
from catalog.factories import claim_basic_items
from sqlalchemy import Engine, event

from catalog_service.app import SERVICE, create_app
from tongban.testing.fixtures import RunningService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def catalog(run_service: Any) -> AsyncIterator[RunningService]:
    running = await run_service(SERVICE, create_app)
    await claim_basic_items(running)
    yield running


Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def statements() -> Statements:
    """Collect the statements sent to the database: `with statements() as sent: ...`."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        sent: list[str] = []

        def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        event.listen(Engine, "before_cursor_execute", keep)
        try:
            yield sent
        finally:
            event.remove(Engine, "before_cursor_execute", keep)

    return collect
