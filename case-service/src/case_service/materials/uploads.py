"""Uploads in pieces (分片续传): begin one, add to it, ask how far it is, finish it.

The protocol of the pieces is tus 1.0's: PATCH at an offset, HEAD for the offset. A piece is kept
as it arrives, so what a broken connection brought is not sent again. No database connection is
held while bytes are under way.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.rules import FINAL
from case_service.cases.schemas import FileRead
from case_service.cases.service import visible
from case_service.duty import Duty
from case_service.errors import CaseFinished
from case_service.materials import content, keeping, service, store
from case_service.materials.content import MEGABYTE
from case_service.materials.errors import (
    MaterialBroken,
    MaterialTooLarge,
    TooManyUploads,
    UploadExpired,
    UploadFinished,
    UploadNotFound,
    UploadOffsetWrong,
    UploadOverrun,
    UploadUnfinished,
)
from case_service.materials.rules import OPEN_UPLOADS
from case_service.materials.schemas import UploadIn
from case_service.materials.tables import Upload, UploadPart
from tongban.context import Context
from tongban.identity import Caller

__all__ = ["UPLOAD_DUTY", "add", "begin", "complete", "get"]

PART_BYTES: Final = 8 * MEGABYTE
SETTLE: Final = timedelta(hours=1)
"""So long after its end an upload's pieces stay, for who is reading them still."""


async def begin(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    body: UploadIn,
    *,
    caller: Caller,
    at: datetime,
) -> Upload:
    """Begin an upload for one of the materials that the case's matter asks for.

    Raises:
        CaseNotFound, ForeignSite, CaseFinished, MaterialUnknown, MaterialTooLarge, TooManyUploads
    """
    megabytes = context.settings.upload_megabytes
    if body.size > megabytes * MEGABYTE:
        raise MaterialTooLarge(megabytes=megabytes)
    case = await visible(session, case_id, caller)
    if case.stage in FINAL:
        raise CaseFinished
    await service.material_asked(session, context, case, body.key)
    if await store.open_uploads(session, caller.subject, at=at) >= OPEN_UPLOADS:
        raise TooManyUploads(most=OPEN_UPLOADS)
    expires_at = at + timedelta(hours=context.settings.upload_hours)
    upload = Upload(
        case_id=case.id,
        key=body.key,
        file_name=service.plain_name(body.file_name),
        size=body.size,
        sha256=body.sha256,
        received=0,
        created_by=caller.subject,
        expires_at=expires_at,
        next_due_at=expires_at + SETTLE,
    )
    session.add(upload)
    await session.flush()
    return upload


async def get(session: AsyncSession, upload_id: UUID, *, caller: Caller, at: datetime) -> Upload:
    """Return an upload to the one who began it.

    Raises:
        UploadNotFound, UploadExpired
    """
    upload = await store.upload_of(session, upload_id, caller.subject)
    if upload is None:
        raise UploadNotFound
    if upload.material_id is None and upload.expires_at <= at:
        raise UploadExpired
    return upload


async def add(
    context: Context,
    upload_id: UUID,
    pieces: AsyncIterator[bytes],
    *,
    offset: int,
    caller: Caller,
    at: datetime,
) -> int:
    """Add what arrives, part by part as it arrives; return the offset reached.

    Raises:
        UploadNotFound, UploadExpired, UploadFinished, UploadOffsetWrong, UploadOverrun
    """
    async with context.sessions.begin() as session:
        upload = await get(session, upload_id, caller=caller, at=at)
    if upload.material_id is not None:
        raise UploadFinished(material_id=upload.material_id)
    if upload.received != offset:
        raise UploadOffsetWrong(offset=upload.received)
    async for part in _in_parts(pieces, most=upload.size - offset, size=upload.size):
        await _keep_part(context, upload_id, part, start=offset)
        offset += len(part)
    return offset


async def complete(
    session: AsyncSession, context: Context, upload_id: UUID, *, caller: Caller, at: datetime
) -> tuple[FileRead, UUID]:
    """Make the upload, once it is whole, a material; return it with its case's id.

    `session` is to have asked for nothing yet: no connection is held while the file is looked at.

    Raises:
        UploadNotFound, UploadExpired, UploadFinished, UploadUnfinished, MaterialBroken,
        MaterialBelied, MaterialNotAccepted, MaterialInfected, and those of the case
    """
    async with context.reads.begin() as reading:
        upload = await get(reading, upload_id, caller=caller, at=at)
        parts = await store.parts_of(reading, upload_id)
    if upload.material_id is not None:
        raise UploadFinished(material_id=upload.material_id)
    if upload.received < upload.size:
        raise UploadUnfinished(offset=upload.received, size=upload.size)

    async def source() -> AsyncIterator[bytes]:
        for part in parts:
            stored = await keeping.area(context).get(part.object_key)
            yield await asyncio.to_thread(
                context.vault.open, stored, context=_part_of(upload_id, part.start)
            )

    seen = await service.inspected(
        session, context, source, caller=caller, subject=str(upload.case_id), at=at
    )
    if upload.sha256 is not None and upload.sha256 != seen.look.sha256:
        raise MaterialBroken(declared=upload.sha256, found=seen.look.sha256)
    media_type = content.check(
        seen.look,
        declared=None,
        file_name=upload.file_name,
        megabytes=context.settings.upload_megabytes,
    )
    case = await service.locked_case(session, upload.case_id, caller)
    asked = await service.material_asked(session, context, case, upload.key)
    material = await service.hand_in(
        session,
        context,
        case,
        asked,
        source,
        seen,
        file_name=upload.file_name,
        media_type=media_type,
        caller=caller,
        at=at,
    )
    if not await store.finish_upload(
        session, upload_id, material_id=material.id, collect_at=at + SETTLE
    ):
        raise UploadFinished(material_id="?")
    return FileRead.model_validate(material, from_attributes=True), case.id


async def _in_parts(pieces: AsyncIterator[bytes], *, most: int, size: int) -> AsyncIterator[bytes]:
    """Tell what arrives in parts of one size; the last is what is left.

    Raises:
        UploadOverrun: more arrives than was announced; what fits was told before.
    """
    held, told = bytearray(), 0
    async for piece in pieces:
        held += piece
        if told + len(held) > most:
            raise UploadOverrun(size=size)
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
            told += PART_BYTES
    if held:
        yield bytes(held)


async def _keep_part(context: Context, upload_id: UUID, part: bytes, *, start: int) -> None:
    sealed = await asyncio.to_thread(context.vault.seal, part, context=_part_of(upload_id, start))
    objects = keeping.area(context)
    stored = await objects.put(sealed)
    async with context.sessions.begin() as session:
        is_added = await store.add_part(
            session, upload_id, start=start, size=len(part), object_key=stored.key
        )
    if not is_added:  # the same piece came twice at once: the other one counts
        await objects.delete(stored.key)
        raise UploadOffsetWrong(offset="?")


def _part_of(upload_id: UUID, start: int) -> str:
    return f"uploads.part:{upload_id}:{start}"


async def _collect(session: AsyncSession, context: Context, upload: Upload, _at: datetime) -> None:
    """Remove an upload that expired, or that became a material, with its pieces.

    The objects go before the rows: what is cut off in between is done again.
    """
    parts: list[UploadPart] = list(await store.parts_of(session, upload.id))
    for part in parts:
        await keeping.area(context).delete(part.object_key)
    upload.next_due_at = None
    await session.delete(upload)


UPLOAD_DUTY = Duty("uploads.expiry", Upload, _collect)
