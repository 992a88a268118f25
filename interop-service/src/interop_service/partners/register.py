"""The register (合作名录) as a process holds it: partners, agreements, offers and maintenance.

All of it seldom changes and each message asks for it. So whoever handles a message reads the
register's revision, one row, and takes the rest from memory while it is still the same. The
revision is moved on in the very transaction that changes the register, by triggers of the database:
no writer can forget it, and a key that was revoked or an agreement that ended is refused by every
process from that commit on. Nothing is believed for a time.

What is read under a revision is held under it alone, so a slow reader leaves nothing old behind.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.partners.tables import RegisterRevision
from tongban.context import Context

__all__ = ["leave", "remembered", "use"]

RESOURCE: Final = "register"
_REVISION: Final = select(RegisterRevision.__table__.c.revision)

R = TypeVar("R")


class Register:
    """What was read of the register under one revision."""

    def __init__(self, revision: UUID) -> None:
        self.revision = revision
        self.held: dict[Hashable, Any] = {}


async def use(session: AsyncSession, context: Context) -> None:
    """Let the session read the register from memory, as far as it is held under its revision."""
    revision = (await (await session.connection()).execute(_REVISION)).scalar_one()
    register: Register | None = context.resources.get(RESOURCE)
    # Compared, not ordered: a database that was restored goes back to an earlier one.
    if register is None or register.revision != revision:
        register = context.resources[RESOURCE] = Register(revision)
    session.info[RESOURCE] = register


def leave(session: AsyncSession) -> None:
    """Let the session read the register from the database: it is about to change it."""
    session.info.pop(RESOURCE, None)


async def remembered(
    session: AsyncSession, key: Hashable, read: Callable[[], Awaitable[R | None]]
) -> R | None:
    """Return what is held under `key`, or read and hold it.

    What is not there is not held: strangers may ask for as many codes as they like.
    """
    register: Register | None = session.info.get(RESOURCE)
    if register is None:
        return await read()
    found: R | None = register.held.get(key)
    if found is None:
        found = await read()
        if found is not None:
            if inspect(found, raiseerr=False) is not None:
                session.expunge(found)  # it outlives this session, and nobody writes to it
            register.held[key] = found
    return found
