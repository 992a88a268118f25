"""Every SQL statement on enquiries."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.enquiries.rules import EnquiryKind, EnquiryState
from case_service.enquiries.tables import Enquiry
from tongban.paging import Paging, after

__all__ = ["all_of", "common", "find", "get_for_update", "of_subject", "open_ones"]


async def find(session: AsyncSession, enquiry_id: UUID) -> Enquiry | None:
    return await session.get(Enquiry, enquiry_id)


async def get_for_update(session: AsyncSession, enquiry_id: UUID) -> Enquiry | None:
    return await session.scalar(
        select(Enquiry)
        .where(Enquiry.id == enquiry_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def of_subject(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Enquiry]:
    listed = select(Enquiry).where(Enquiry.subject == subject)
    return (await session.scalars(after(listed, paging, Enquiry.id, descending=True))).all()


async def open_ones(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str | None,
    kind: EnquiryKind | None,
    is_escalated: bool | None,
) -> Sequence[Enquiry]:
    """Return the unanswered ones, those due first before the others."""
    wanted: list[ColumnElement[bool]] = [Enquiry.state == EnquiryState.OPEN]
    wanted.append(Enquiry.site_id == site_id if site_id is not None else true())
    wanted.append(Enquiry.kind == kind if kind is not None else true())
    if is_escalated is not None:
        wanted.append(
            Enquiry.escalated_at.is_not(None) if is_escalated else Enquiry.escalated_at.is_(None)
        )
    listed = select(Enquiry).where(*wanted)
    return (await session.scalars(after(listed, paging, Enquiry.due_on, Enquiry.id))).all()


async def common(
    session: AsyncSession, paging: Paging, *, matter_code: str | None
) -> Sequence[Enquiry]:
    """Return the published questions, newest first."""
    listed = select(Enquiry).where(Enquiry.published_at.is_not(None))
    if matter_code is not None:
        listed = listed.where(Enquiry.matter_code == matter_code)
    return (await session.scalars(after(listed, paging, Enquiry.id, descending=True))).all()


async def all_of(session: AsyncSession, subject: str, *, limit: int) -> Sequence[Enquiry]:
    """Return what an account asked, locked, oldest first."""
    rows = await session.scalars(
        select(Enquiry)
        .where(Enquiry.subject == subject)
        .order_by(Enquiry.id)
        .limit(limit)
        .with_for_update()
    )
    return rows.all()
