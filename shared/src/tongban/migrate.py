"""Migrations: the kernel's branch and the service's own, brought to their heads by `migrate`.

Each service's `migrations/env.py` hands over to `run_environment`; how to connect and what to
compare with is decided here, once.
"""

from pathlib import Path
from typing import Any

import structlog
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text

from tongban import calendars, db
from tongban.kernel import KernelTables

__all__ = ["Unsearchable", "configuration", "migrate", "run_environment"]

KERNEL_VERSIONS = Path(__file__).parent / "migrations" / "versions"

log = structlog.get_logger(__name__)


class Unsearchable(RuntimeError):
    """The database's character type can't search Chinese text."""

    def __init__(self) -> None:
        super().__init__(
            "数据库的 LC_CTYPE 不能识别中文，请以 UTF8、LC_CTYPE C.UTF-8 重建数据库。"
            " The database's LC_CTYPE knows no Chinese letters: create it anew with"
            " ENCODING 'UTF8' LC_CTYPE 'C.UTF-8' TEMPLATE template0."
        )


def configuration(migrations: str, metadata: MetaData | None = None) -> Config:
    """Return Alembic's configuration for the service whose migrations package this is.

    `metadata` is what the service's tables are compared with: for tests of drift.
    """
    module = __import__(migrations, fromlist=["__path__"])
    script_location = Path(next(iter(module.__path__)))
    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.set_main_option("path_separator", "newline")
    config.set_main_option(
        "version_locations", f"{KERNEL_VERSIONS}\n{script_location / 'versions'}"
    )
    config.attributes["metadata"] = [
        KernelTables.metadata,
        *([] if metadata is None else [metadata]),
    ]
    return config


def run_environment() -> None:
    """Run the migrations that Alembic asks for, on the connection it was given."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["metadata"],
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate(url: str, migrations: str, revision: str = "heads") -> None:
    """Bring the database at `url` to `revision`.

    Raises:
        Unsearchable: the database can't hold Chinese text that is searched.
    """
    engine = db.engine(url, pool=1)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, configuration(migrations), revision)
            await connection.commit()
            trigrams = await connection.scalar(text("SELECT show_trgm('营业执照')"))
            if not trigrams:
                raise Unsearchable
        async with db.sessions_of(engine).begin() as session:
            await calendars.seed(session)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config, revision: str) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def with_connection(connection: Connection, config: Config, run: Any, *arguments: Any) -> Any:
    """Run an Alembic command on `connection`: for tests of down and drift."""
    config.attributes["connection"] = connection
    return run(config, *arguments)
