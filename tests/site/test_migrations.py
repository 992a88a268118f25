"""The service's migrations: no drift from the tables, and up, down, up again."""

import pytest
from alembic import command

from site_service.app import SERVICE
from tongban import db
from tongban.migrate import configuration, migrate, with_connection
from tongban.run.postgres import EmbeddedPostgres


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> str:
    postgres.create_database("site_migrations", password="test")
    return postgres.url("site_migrations", password="test")


async def test_the_tables_are_what_the_migrations_make_up_down_and_up(database_url: str) -> None:
    config = configuration(SERVICE.migrations, SERVICE.metadata)
    await migrate(database_url, SERVICE.migrations)
    engine = db.engine(database_url, pool=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(with_connection, config, command.check)
            await connection.run_sync(with_connection, config, command.downgrade, "site@base")
            await connection.run_sync(with_connection, config, command.upgrade, "heads")
            await connection.run_sync(with_connection, config, command.check)
    finally:
        await engine.dispose()
