"""Every SQL statement on ratings."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.ratings.tables import Rating

__all__ = ["case_of_exchange", "counts", "is_rated"]


async def is_rated(session: AsyncSession, case_id: UUID) -> bool:
    return (await session.scalar(select(Rating.id).where(Rating.case_id == case_id))) is not None


async def case_of_exchange(session: AsyncSession, exchange_id: UUID) -> Case | None:
    """Return, locked, the case that came here by this exchange."""
    return await session.scalar(
        select(Case)
        .where(Case.exchange_id == exchange_id, Case.from_district.is_not(None))
        .with_for_update()
    )


async def counts(
    session: AsyncSession, *, site_id: str | None, matter_code: str | None
) -> Mapping[int, int]:
    """Return how many ratings there are of each score."""
    counted = select(Rating.score, func.count()).group_by(Rating.score)
    if site_id is not None:
        counted = counted.where(Rating.site_id == site_id)
    if matter_code is not None:
        counted = counted.where(Rating.matter_code == matter_code)
    return {score: count for score, count in await session.execute(counted)}
