"""The migrations make exactly the tables that the code describes, and can be undone."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from alembic import command
from sqlalchemy import Connection

from catalog_service.app import SERVICE
from tongban import db
from tongban.migrate import configuration, with_connection
from tongban.run.postgres import EmbeddedPostgres


async def test_the_migrations_go_up_down_and_up_and_leave_no_drift(
    postgres: EmbeddedPostgres,
) -> None:
    name = f"catalog_migrations_{uuid4().hex[:8]}"
    await asyncio.to_thread(postgres.create_database, name, password="test")
    engine = db.engine(postgres.url(name, password="test"), pool=1)
    config = configuration(SERVICE.migrations, SERVICE.metadata)

    async def run(step: Callable[..., Any], *arguments: Any) -> None:
        def with_this(connection: Connection) -> None:
            with_connection(connection, config, step, *arguments)

        async with engine.connect() as connection:
            await connection.run_sync(with_this)
            await connection.commit()

    try:
        await run(command.upgrade, "heads")
        await run(command.downgrade, "catalog@base")
        await run(command.upgrade, "heads")
        await run(command.check)
    finally:
        await engine.dispose()
