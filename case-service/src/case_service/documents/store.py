"""Every SQL statement on documents and on the uses of the seal."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.documents.tables import DOCUMENT_NUMBERS, Document
from case_service.documents.wording import DocumentKind
from tongban.paging import Paging, after

__all__ = ["get", "next_number", "of_case"]


async def next_number(session: AsyncSession, kind: DocumentKind) -> int:
    """Draw the next number of this kind; one that is not used after all stays a gap."""
    return (await session.scalars(select(DOCUMENT_NUMBERS[kind].next_value()))).one()


async def get(session: AsyncSession, case_id: UUID, document_id: UUID) -> Document | None:
    return await session.scalar(
        select(Document).where(Document.case_id == case_id, Document.id == document_id)
    )


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Document]:
    listed = select(Document).where(Document.case_id == case_id)
    return (await session.scalars(after(listed, paging, Document.id))).all()
