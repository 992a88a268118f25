"""Every SQL statement on drafts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.drafts.rules import DraftState
from case_service.drafts.tables import Draft
from tongban.paging import Paging, after

__all__ = ["by_code", "by_number", "find", "lock", "of_account", "of_person"]


async def find(session: AsyncSession, draft_id: UUID) -> Draft | None:
    return await session.get(Draft, draft_id)


async def lock(session: AsyncSession, draft_id: UUID) -> Draft | None:
    found = select(Draft).where(Draft.id == draft_id).with_for_update()
    return await session.scalar(found.execution_options(populate_existing=True))


async def by_number(
    session: AsyncSession, number: str, identity_indexes: Sequence[bytes]
) -> Draft | None:
    """Return, locked, the open draft of this number and applicant."""
    found = select(Draft).where(
        Draft.number == number,
        Draft.state == DraftState.OPEN,
        Draft.identity_index.in_(identity_indexes),
    )
    return await session.scalar(found.with_for_update())


async def by_code(
    session: AsyncSession, code_indexes: Sequence[bytes], *, at: datetime
) -> Draft | None:
    """Return, locked, the open draft that this code resumes."""
    found = select(Draft).where(
        Draft.code_index.in_(code_indexes),
        Draft.code_ends_at > at,
        Draft.state == DraftState.OPEN,
    )
    return await session.scalar(found.with_for_update())


async def of_account(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Draft]:
    """Return a page of an applicant's open drafts, newest first, and one more."""
    found = select(Draft).where(Draft.owner_subject == subject, Draft.state == DraftState.OPEN)
    return (await session.scalars(after(found, paging, Draft.id, descending=True))).all()


async def of_person(session: AsyncSession, subject: str | None, *, limit: int) -> Sequence[Draft]:
    """Return, locked, what is kept of drafts of an account."""
    found = select(Draft).where(Draft.owner_subject == subject).order_by(Draft.id).limit(limit)
    return (await session.scalars(found.with_for_update())).all()
