"""Every SQL statement about the licences that this district issued."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.issued.tables import IssuedLicence

__all__ = ["by_code", "by_number", "keep_if_newer"]


async def by_number(session: AsyncSession, number: str) -> IssuedLicence | None:
    found: IssuedLicence | None = await session.scalar(
        select(IssuedLicence).filter_by(number=number)
    )
    return found


async def by_code(session: AsyncSession, code_sha256: str) -> IssuedLicence | None:
    found: IssuedLicence | None = await session.scalar(
        select(IssuedLicence).filter_by(code_sha256=code_sha256)
    )
    return found


async def keep_if_newer(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Keep a licence's state; tell whether it is newer than what was kept."""
    statement = insert(IssuedLicence).values(**values)
    kept = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["licence_id"],
            set_={name: statement.excluded[name] for name in values if name != "licence_id"},
            where=IssuedLicence.sequence < statement.excluded.sequence,
        )
        .returning(IssuedLicence.licence_id)
        .execution_options(populate_existing=True)
    )
    return kept is not None
