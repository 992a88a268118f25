"""Every statement about the catalog as a whole, and about the imports that were begun."""

from collections.abc import AsyncIterator, Mapping
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
    "begin_import",
    "change_import",
    "contents_in_force",
    "find_import",
    "import_alone",
    "import_beside_others",
]

AT_ONCE = 200
# Any number, as long as it is always the same.
IMPORTING = 0x7461_6B65


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


async def import_alone(session: AsyncSession) -> bool:
    """Let nobody else import until this transaction ends; tell whether nobody does.

    Two imports that lock the same matters batch by batch, in orders of their own, would deadlock.
    """
    return await session.scalar(select(func.pg_try_advisory_xact_lock(IMPORTING))) or False


async def import_beside_others(session: AsyncSession) -> bool:
    """Let nobody import alone until this transaction ends; tell whether nobody does.

    Imports of one batch lock their matters in one order, so several may run.
    """
    return await session.scalar(select(func.pg_try_advisory_xact_lock_shared(IMPORTING))) or False


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
