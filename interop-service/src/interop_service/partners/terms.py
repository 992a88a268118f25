"""The terms (合作条件) as a process holds them: partners, agreements, offers and maintenance.

They seldom change and each message asks for them. So whoever handles a message reads their
revision, one row, and takes the rest from memory while it is still the same. The revision is moved
on in the very transaction that changes the terms, by triggers of the database: no writer can forget
it, and a key that was revoked or an agreement that ended is refused by every process from that
commit on. Nothing is believed for a time.

What is read under a revision is held under it alone, so a slow reader leaves nothing old behind.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.partners.tables import TermsRevision
from tongban.context import Context

__all__ = ["leave", "remembered", "use"]

RESOURCE: Final = "terms"
_REVISION: Final = select(TermsRevision.__table__.c.revision)

R = TypeVar("R")


class Terms:
    """What was read of them under one revision."""

    def __init__(self, revision: UUID) -> None:
        self.revision = revision
        self.held: dict[Hashable, Any] = {}


async def use(session: AsyncSession, context: Context) -> None:
    """Let the session read the terms from memory, as far as they are held under their revision."""
    revision = (await (await session.connection()).execute(_REVISION)).scalar_one()
    terms: Terms | None = context.resources.get(RESOURCE)
    # Compared, not ordered: a database that was restored goes back to an earlier one.
    if terms is None or terms.revision != revision:
        terms = context.resources[RESOURCE] = Terms(revision)
    session.info[RESOURCE] = terms


def leave(session: AsyncSession) -> None:
    """Let the session read the terms from the database: it is about to change them."""
    session.info.pop(RESOURCE, None)


async def remembered(
    session: AsyncSession, key: Hashable, read: Callable[[], Awaitable[R | None]]
) -> R | None:
    """Return what is held under `key`, or read and hold it.

    What is not there is not held: strangers may ask for as many codes as they like.
    """
    terms: Terms | None = session.info.get(RESOURCE)
    if terms is None:
        return await read()
    found: R | None = terms.held.get(key)
    if found is None:
        found = await read()
        if found is not None:
            if inspect(found, raiseerr=False) is not None:
                session.expunge(found)  # it outlives this session, and nobody writes to it
            terms.held[key] = found
    return found
