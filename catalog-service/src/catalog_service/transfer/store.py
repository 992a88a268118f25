"""Every statement about the catalog as a whole, and about the imports that were begun."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.rules import State
from catalog_service.matters.tables import MatterVersion
from catalog_service.transfer.tables import CatalogImport, ImportState

__all__ = [
    "begin_alone",
    "begin_import",
    "break_off",
    "change_import",
    "claim_import",
    "contents_in_force",
    "find_import",
    "running_imports",
    "write_alone",
    "write_beside_others",
]

AT_ONCE = 200
# Any numbers, as long as they are always the same.
LARGE_IMPORT, WRITING_MANY = 0x7461_6B65, 0x7461_6B66


async def contents_in_force(session: AsyncSession) -> AsyncIterator[dict[str, Any]]:
    """Yield the content of every matter in force, by code, without holding all of them."""
    found = await session.stream_scalars(
        select(MatterVersion.content)
        .where(MatterVersion.state == State.PUBLISHED)
        .order_by(MatterVersion.code)
        .execution_options(yield_per=AT_ONCE)
    )
    async for content in found:
        yield content


async def begin_alone(session: AsyncSession) -> bool:
    """Let no other large import begin until this transaction ends; tell whether none runs."""
    return await session.scalar(select(func.pg_try_advisory_xact_lock(LARGE_IMPORT))) or False


async def write_alone(session: AsyncSession) -> None:
    """Let no small import write until this transaction ends: it would wait for long.

    Those that write already take a moment, and are waited for.
    """
    await session.execute(select(func.pg_advisory_xact_lock(WRITING_MANY)))


async def write_beside_others(session: AsyncSession) -> bool:
    """Tell whether a small import may write now: it may unless a large one does."""
    return (
        await session.scalar(select(func.pg_try_advisory_xact_lock_shared(WRITING_MANY))) or False
    )


async def claim_import(session: AsyncSession, id_: UUID) -> bool:
    """Show, until this transaction ends, that somebody works at an import; tell if nobody else.

    However the process ends, the database ends its transaction, and so it can be seen.
    """
    claimed = func.pg_try_advisory_xact_lock(func.hashtextextended(f"import:{id_}", 0))
    return await session.scalar(select(claimed)) or False


async def running_imports(session: AsyncSession) -> Sequence[UUID]:
    """Return the imports that are told to run."""
    found = await session.scalars(
        select(CatalogImport.id).where(CatalogImport.state == ImportState.RUNNING)
    )
    return found.all()


async def break_off(session: AsyncSession, id_: UUID, *, at: datetime) -> None:
    """Note that an import ended with its process, unless it ended well in this very moment."""
    await session.execute(
        update(CatalogImport)
        .where(CatalogImport.id == id_, CatalogImport.state == ImportState.RUNNING)
        .values(state=ImportState.BROKEN_OFF, finished_at=at, updated_at=at),
        execution_options={"synchronize_session": False},
    )


async def begin_import(
    session: AsyncSession, id_: UUID, *, importer: str, publish: bool, is_dry_run: bool
) -> bool:
    """Store that an import begins; tell whether its id was free."""
    begun = await session.scalar(
        insert(CatalogImport)
        .values(
            id=id_,
            state=ImportState.RUNNING,
            importer=importer,
            publish=publish,
            is_dry_run=is_dry_run,
            faults=[],
        )
        .on_conflict_do_nothing()
        .returning(CatalogImport.id)
    )
    return begun is not None


async def change_import(
    session: AsyncSession, id_: UUID, changes: Mapping[str, Any], *, at: datetime
) -> None:
    await session.execute(
        update(CatalogImport).where(CatalogImport.id == id_).values({**changes, "updated_at": at}),
        execution_options={"synchronize_session": False},
    )


async def find_import(session: AsyncSession, id_: UUID) -> CatalogImport | None:
    return await session.get(CatalogImport, id_)
