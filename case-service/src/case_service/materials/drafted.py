"""Files kept with a draft (草稿材料): taken in as a case's are, and its own once handed in."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from case_service.materials import keeping, service, store
from case_service.materials.errors import MaterialNotFound, MaterialUnknown
from case_service.materials.rules import MaterialOrigin
from case_service.materials.tables import DraftMaterial, Material
from case_service.matters.rules import MatterContent
from tongban import audit
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id

__all__ = ["download", "files_of", "forget", "hand_over", "take_in", "throw_away"]


async def take_in(
    session: AsyncSession,
    context: Context,
    content: MatterContent,
    file: UploadFile,
    *,
    draft_id: UUID,
    key: str,
    number: str,
    caller: Caller,
    at: datetime,
) -> DraftMaterial:
    """Keep a file with the locked draft; which situation applies may not be filled in yet.

    Raises:
        MaterialUnknown, MaterialEmpty, MaterialTooLarge, MaterialNotAccepted, MaterialBelied,
        MaterialInfected
    """
    service.require_size(context, file)
    names = {one.key: one.name for one in content.materials}
    if key not in names:
        raise MaterialUnknown(known=list(names))
    source, seen, media_type = await service.examined(
        session, context, file, caller=caller, subject=number, at=at
    )
    kept = await keeping.keep(session, context, source, seen, at=at)
    material = DraftMaterial(
        id=new_id(),
        draft_id=draft_id,
        key=key,
        name=names[key],
        file_name=service.plain_name(file.filename),
        media_type=media_type,
        size=kept.size,
        sha256=seen.look.sha256,
        content_id=kept.id,
        uploaded_by=caller.subject,
        uploaded_at=at,
    )
    session.add(material)
    return material


async def files_of(session: AsyncSession, draft_ids: Collection[UUID]) -> Sequence[DraftMaterial]:
    """Return the files kept with these drafts, oldest first."""
    return await store.files_of_drafts(session, draft_ids)


async def download(
    session: AsyncSession, context: Context, draft_id: UUID, material_id: UUID, *, caller: Caller
) -> tuple[DraftMaterial, AsyncIterator[bytes]]:
    """Return a draft's file and its bytes in pieces; who read it is on the record.

    Raises:
        MaterialNotFound, MaterialInfected, MaterialNotScanned
    """
    found = await store.file_of_draft(session, draft_id, material_id)
    if found is None:
        raise MaterialNotFound
    material, kept = found
    keeping.require_readable(kept)
    pieces = await keeping.open_bytes(context, kept)
    audit.note(
        session,
        actor=caller.subject,
        action="material.read",
        subject=str(material.id),
        payload={"draft": str(draft_id), "sha256": material.sha256},
    )
    await session.flush()
    return material, pieces


async def throw_away(session: AsyncSession, draft_id: UUID, material_id: UUID) -> None:
    """Take a file out of the locked draft.

    Raises:
        MaterialNotFound
    """
    found = await store.file_of_draft(session, draft_id, material_id)
    if found is None:
        raise MaterialNotFound
    await session.delete(found[0])


async def forget(session: AsyncSession, draft_id: UUID) -> None:
    """Keep no file of a draft any longer; bytes that nobody has go after a grace."""
    await store.forget_files_of_draft(session, draft_id)


async def hand_over(session: AsyncSession, draft_id: UUID, keys: Collection[str]) -> int:
    """Make the draft's files those of the case of its id, but for what the case does not ask for.

    Returns how many there are.
    """
    asked = [one for one in await files_of(session, [draft_id]) if one.key in keys]
    session.add_all(
        Material(
            id=one.id,
            case_id=draft_id,
            key=one.key,
            name=one.name,
            file_name=one.file_name,
            media_type=one.media_type,
            size=one.size,
            sha256=one.sha256,
            content_id=one.content_id,
            origin=MaterialOrigin.UPLOAD,
            uploaded_by=one.uploaded_by,
            uploaded_at=one.uploaded_at,
        )
        for one in asked
    )
    await forget(session, draft_id)
    return len(asked)
