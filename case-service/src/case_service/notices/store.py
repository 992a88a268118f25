"""Every SQL statement on notices."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.notices.tables import Notice
from tongban.paging import Paging, after

__all__ = ["get_for_update", "of_case", "of_subject"]


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Notice]:
    listed = select(Notice).where(Notice.case_id == case_id)
    return (await session.scalars(after(listed, paging, Notice.id))).all()


async def of_subject(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Notice]:
    listed = select(Notice).where(Notice.subject == subject)
    return (await session.scalars(after(listed, paging, Notice.id, descending=True))).all()


async def get_for_update(session: AsyncSession, case_id: UUID, notice_id: UUID) -> Notice | None:
    return await session.scalar(
        select(Notice).where(Notice.case_id == case_id, Notice.id == notice_id).with_for_update()
    )
