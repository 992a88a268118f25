"""Every SQL statement of materials."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.materials.rules import ScanState
from case_service.materials.tables import DraftMaterial, Material, StoredContent, Upload, UploadPart
from tongban.paging import Paging, after

__all__ = [
    "add_part",
    "condemn_unreferenced",
    "condemned",
    "drop_contents",
    "file_of_case",
    "file_of_draft",
    "files_of",
    "files_of_drafts",
    "finish_upload",
    "forget_files_of_draft",
    "held_keys",
    "keep_content",
    "keep_verdict",
    "of_applicant",
    "of_subject",
    "open_uploads",
    "parts_of",
    "unscanned",
    "upload_of",
    "use_content",
    "use_content_by_id",
]

WithContent = tuple[Material, StoredContent | None]


async def file_of_case(
    session: AsyncSession, case_id: UUID, material_id: UUID
) -> WithContent | None:
    """Return one of a case's files with what is kept of its bytes."""
    found = await session.execute(
        select(Material, StoredContent)
        .outerjoin(StoredContent, StoredContent.id == Material.content_id)
        .where(Material.case_id == case_id, Material.id == material_id)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def files_of(session: AsyncSession, case_id: UUID) -> list[WithContent]:
    """Return a case's files with what is kept of their bytes, oldest first."""
    rows = await session.execute(
        select(Material, StoredContent)
        .outerjoin(StoredContent, StoredContent.id == Material.content_id)
        .where(Material.case_id == case_id)
        .order_by(Material.id)
    )
    return [(material, content) for material, content in rows]


async def files_of_drafts(
    session: AsyncSession, draft_ids: Collection[UUID]
) -> Sequence[DraftMaterial]:
    """Return the files kept with these drafts, oldest first."""
    rows = await session.scalars(
        select(DraftMaterial)
        .where(DraftMaterial.draft_id.in_(draft_ids))
        .order_by(DraftMaterial.id)
    )
    return rows.all()


async def file_of_draft(
    session: AsyncSession, draft_id: UUID, material_id: UUID
) -> tuple[DraftMaterial, StoredContent] | None:
    """Return one of a draft's files with what is kept of its bytes."""
    found = await session.execute(
        select(DraftMaterial, StoredContent)
        .join(StoredContent, StoredContent.id == DraftMaterial.content_id)
        .where(DraftMaterial.draft_id == draft_id, DraftMaterial.id == material_id)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def forget_files_of_draft(session: AsyncSession, draft_id: UUID) -> None:
    await session.execute(
        delete(DraftMaterial)
        .where(DraftMaterial.draft_id == draft_id)
        .execution_options(synchronize_session=False)
    )


async def of_applicant(
    session: AsyncSession, material_id: UUID, *, identity_index: bytes
) -> WithContent | None:
    """Return a file of any case of this applicant's."""
    found = await session.execute(
        select(Material, StoredContent)
        .join(Case, Case.id == Material.case_id)
        .outerjoin(StoredContent, StoredContent.id == Material.content_id)
        .where(Material.id == material_id, Case.identity_index == identity_index)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def of_subject(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Any]:
    """Return a page of what this account handed in, newest first, with the cases' numbers."""
    statement = (
        select(Material, Case.number, Case.matter_name)
        .join(Case, Case.id == Material.case_id)
        .where(Case.applicant_subject == subject)
    )
    return (await session.execute(after(statement, paging, Material.id, descending=True))).all()


async def use_content(
    session: AsyncSession, digest_indexes: Sequence[bytes], *, at: datetime
) -> StoredContent | None:
    """Return the content of this digest, held from collection until the transaction ends."""
    return await session.scalar(
        update(StoredContent)
        .where(StoredContent.digest_index.in_(digest_indexes), StoredContent.condemned_at.is_(None))
        .values(used_at=at)
        .returning(StoredContent)
        .execution_options(populate_existing=True)
    )


async def use_content_by_id(
    session: AsyncSession, content_id: UUID, *, at: datetime
) -> StoredContent | None:
    """Return this content, held from collection; None where it is on its way out."""
    return await session.scalar(
        update(StoredContent)
        .where(StoredContent.id == content_id, StoredContent.condemned_at.is_(None))
        .values(used_at=at)
        .returning(StoredContent)
        .execution_options(populate_existing=True)
    )


async def keep_content(session: AsyncSession, values: dict[str, Any]) -> StoredContent:
    """Keep a new content, or return the same one that a rival kept meanwhile."""
    kept = insert(StoredContent).values(values)
    return (
        await session.scalars(
            kept.on_conflict_do_update(
                index_elements=["digest_index"],
                index_where=StoredContent.condemned_at.is_(None),
                set_={"used_at": kept.excluded.used_at},
            )
            .returning(StoredContent)
            .execution_options(populate_existing=True)
        )
    ).one()


async def open_uploads(session: AsyncSession, subject: str, *, at: datetime) -> int:
    """Return how many unfinished uploads this person has."""
    counted = await session.scalar(
        select(func.count()).where(
            Upload.created_by == subject, Upload.material_id.is_(None), Upload.expires_at > at
        )
    )
    return counted or 0


async def upload_of(session: AsyncSession, upload_id: UUID, subject: str) -> Upload | None:
    """Return an upload to the one who began it."""
    return await session.scalar(
        select(Upload).where(Upload.id == upload_id, Upload.created_by == subject)
    )


async def parts_of(session: AsyncSession, upload_id: UUID) -> Sequence[UploadPart]:
    rows = await session.scalars(
        select(UploadPart).where(UploadPart.upload_id == upload_id).order_by(UploadPart.start)
    )
    return rows.all()


async def add_part(
    session: AsyncSession, upload_id: UUID, *, start: int, size: int, object_key: str
) -> bool:
    """Add the next piece; False where another was added there first."""
    grown = await session.scalar(
        update(Upload)
        .where(Upload.id == upload_id, Upload.received == start, Upload.material_id.is_(None))
        .values(received=Upload.received + size)
        .returning(Upload.id)
    )
    if grown is None:
        return False
    session.add(UploadPart(upload_id=upload_id, start=start, size=size, object_key=object_key))
    return True


async def finish_upload(
    session: AsyncSession, upload_id: UUID, *, material_id: UUID, collect_at: datetime
) -> bool:
    """Note what the upload became; False where it had become something already."""
    finished = await session.scalar(
        update(Upload)
        .where(Upload.id == upload_id, Upload.material_id.is_(None))
        .values(material_id=material_id, next_due_at=collect_at)
        .returning(Upload.id)
    )
    return finished is not None


async def condemn_unreferenced(
    session: AsyncSession, *, unused_since: datetime, at: datetime, most: int
) -> int:
    """Mark contents that no case's or draft's material has had since then, for good."""
    is_used = or_(
        exists().where(Material.content_id == StoredContent.id),
        exists().where(DraftMaterial.content_id == StoredContent.id),
    )
    forgotten = (
        select(StoredContent.id)
        .where(
            StoredContent.condemned_at.is_(None),
            StoredContent.used_at < unused_since,
            ~is_used,
        )
        .order_by(StoredContent.used_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    marked = await session.execute(
        update(StoredContent)
        # Asked again of the row itself: a rival may have taken it up before the lock.
        .where(StoredContent.id.in_(forgotten), StoredContent.used_at < unused_since)
        .values(condemned_at=at)
        .returning(StoredContent.id)
        .execution_options(synchronize_session=False)
    )
    return len(marked.all())


async def condemned(
    session: AsyncSession, *, before: datetime, most: int
) -> Sequence[StoredContent]:
    """Return, locked, what was condemned before then and can go."""
    rows = await session.scalars(
        select(StoredContent)
        .where(StoredContent.condemned_at < before)
        .order_by(StoredContent.condemned_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def drop_contents(session: AsyncSession, ids: Collection[UUID]) -> None:
    await session.execute(
        delete(StoredContent)
        .where(StoredContent.id.in_(ids))
        .execution_options(synchronize_session=False)
    )


async def unscanned(session: AsyncSession, *, before: datetime, most: int) -> list[StoredContent]:
    """Return contents that no scanner has looked at with success, longest waiting first."""
    states = (ScanState.NOT_SCANNED, ScanState.FAILED)
    rows = await session.scalars(
        select(StoredContent)
        .where(
            StoredContent.scan_state.in_(states),
            or_(StoredContent.scanned_at.is_(None), StoredContent.scanned_at < before),
            StoredContent.condemned_at.is_(None),
        )
        .order_by(StoredContent.scanned_at.asc().nulls_first())
        .limit(most)
    )
    return list(rows)


async def keep_verdict(session: AsyncSession, content_id: UUID, **verdict: Any) -> None:
    await session.execute(
        update(StoredContent)
        .where(StoredContent.id == content_id)
        .values(verdict)
        .execution_options(synchronize_session=False)
    )


async def held_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that a content or a piece of an upload refers to."""
    rows = await session.scalars(
        union_all(
            select(StoredContent.object_key).where(StoredContent.object_key.in_(keys)),
            select(UploadPart.object_key).where(UploadPart.object_key.in_(keys)),
        )
    )
    return set(rows)
