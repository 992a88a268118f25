"""The database: naming, column types, and one session per request.

One request is one transaction, committed before the answer leaves. No other code commits.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import prometheus_client
import pydantic_core
from fastapi import Depends, Request
from sqlalchemy import BigInteger, DateTime, Enum, MetaData, Text, event, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tongban.ids import new_id
from tongban.writes import DeferringSession

__all__ = [
    "Record",
    "Sequenced",
    "Session",
    "Sessions",
    "Tables",
    "engine",
    "reading_engine_of",
    "sessions_of",
]

Sessions = async_sessionmaker[AsyncSession]

STATEMENTS = prometheus_client.Counter(
    "tongban_sql_statements", "SQL statements sent to the database"
)

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


class Tables(DeclarativeBase):
    """What every table of a service has in common.

    A service derives its own abstract base from this one with its own `metadata`, so that the
    services' tables never meet, not even where tests import them all.
    """

    __abstract__ = True
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        # The members' values are stored, as text: adding a member needs no ALTER TYPE.
        StrEnum: Enum(
            StrEnum, native_enum=False, length=32, create_constraint=False, values_callable=_values
        ),
    }


def new_metadata() -> MetaData:
    """Return metadata that gives every constraint a name, so that migrations can refer to it."""
    return MetaData(naming_convention=NAMING)


class Record:
    """A row with an id of ours and its times; mixed into a table."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), onupdate=lambda: datetime.now(UTC)
    )


class Sequenced:
    """An aggregate that tells events: the number of the last one it told, without gaps."""

    sequence: Mapped[int] = mapped_column(BigInteger, default=0)


def _to_json(value: Any) -> str:
    return pydantic_core.to_json(value).decode()


def engine(url: str, *, pool: int) -> AsyncEngine:
    """Return an engine with exactly `pool` connections and no overflow.

    The number is fixed so that the sum over all processes stays below the server's limit.
    """
    made = create_async_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
        hide_parameters=True,  # a fault's text goes to the log, and parameters hold personal data
        json_serializer=_to_json,
        json_deserializer=pydantic_core.from_json,
        connect_args={"server_settings": {"timezone": "UTC"}, "timeout": 5},
    )
    event.listen(made.sync_engine, "before_cursor_execute", lambda *_: STATEMENTS.inc())
    return made


def sessions_of(made: AsyncEngine) -> Sessions:
    """Return the maker of sessions. Objects stay readable after the commit."""
    return async_sessionmaker(made, expire_on_commit=False, sync_session_class=DeferringSession)


def reading_engine_of(made: AsyncEngine) -> AsyncEngine:
    """Return the same connections for reads: each statement is its own transaction.

    At READ COMMITTED that is what several statements in one transaction see anyway, and it saves
    the round trips of BEGIN and COMMIT. What a read notes, such as who saw a full identity
    number, is one insert and stands by itself.
    """
    return made.execution_options(isolation_level="AUTOCOMMIT")


async def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


# The route class opens it around the whole route and commits before the answer leaves
# (`tongban.idempotency`): a yield dependency would commit after it, or cost a context of its own.
Session = Annotated[AsyncSession, Depends(_session)]
