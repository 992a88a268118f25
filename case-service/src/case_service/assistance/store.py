"""Every SQL statement on assistance."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance.tables import Assistance
from tongban.paging import Paging, after

__all__ = ["helpers_of", "of_case"]


async def helpers_of(session: AsyncSession, case_id: UUID) -> frozenset[str]:
    helped = select(Assistance.helper).where(Assistance.case_id == case_id)
    return frozenset(await session.scalars(helped))


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Assistance]:
    listed = select(Assistance).where(Assistance.case_id == case_id)
    return (await session.scalars(after(listed, paging, Assistance.id))).all()
