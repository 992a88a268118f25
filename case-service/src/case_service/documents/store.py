"""Every SQL statement on documents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.documents.tables import Document, VerificationMiss
from tongban.paging import Paging, after

__all__ = [
    "by_number",
    "count_misses",
    "erase_of_case",
    "get",
    "keep_paper",
    "note_miss",
    "of_case",
]


async def get(session: AsyncSession, case_id: UUID, document_id: UUID) -> Document | None:
    return await session.scalar(
        select(Document).where(Document.case_id == case_id, Document.id == document_id)
    )


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Document]:
    listed = select(Document).where(Document.case_id == case_id)
    return (await session.scalars(after(listed, paging, Document.id))).all()


async def by_number(session: AsyncSession, number: str) -> Document | None:
    return await session.scalar(select(Document).where(Document.number == number))


async def keep_paper(session: AsyncSession, document: Document, key: str) -> str:
    """Keep `key` as the document's PDF, unless another was kept meanwhile; return which it is."""
    kept = await session.scalar(
        update(Document)
        .where(Document.id == document.id, Document.pdf_key.is_not_distinct_from(document.pdf_key))
        .values(pdf_key=key)
        .returning(Document.pdf_key)
        .execution_options(synchronize_session=False)
    )
    if kept is None:
        kept = await session.scalar(select(Document.pdf_key).where(Document.id == document.id))
    return kept or key


async def erase_of_case(session: AsyncSession, case_id: UUID) -> list[str | None]:
    """Overwrite what a case's documents say; return where their PDFs lie."""
    rows = await session.scalars(
        select(Document).where(Document.case_id == case_id).with_for_update()
    )
    papers = []
    for document in rows:
        papers.append(document.pdf_key)
        document.sealed_body, document.pdf_key = b"", None
    await session.flush()
    return papers


async def count_misses(
    session: AsyncSession, number: str, *, since: datetime
) -> tuple[int, datetime | None]:
    """Return how often a digest did not fit this number since then, and when first."""
    missed = VerificationMiss.number == number, VerificationMiss.at > since
    counted = select(func.count(), func.min(VerificationMiss.at)).where(*missed)
    count, first = (await session.execute(counted)).one()
    return count, first


async def note_miss(session: AsyncSession, number: str, *, at: datetime) -> None:
    session.add(VerificationMiss(number=number, at=at))
    await session.flush()
