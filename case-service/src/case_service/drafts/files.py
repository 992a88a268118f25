"""Use cases of the files that are kept with a draft (草稿材料)."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from case_service.drafts import service
from case_service.drafts.schemas import DraftFile
from case_service.materials import drafted
from case_service.materials.tables import DraftMaterial
from case_service.matters.service import matters_of
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller

__all__ = ["add", "read", "remove"]


async def add(
    session: AsyncSession,
    context: Context,
    draft_id: UUID,
    key: str,
    file: UploadFile,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> tuple[DraftFile, int]:
    """上传草稿材料; return it with the draft's new version.

    Raises:
        DraftNotFound, DraftOver, StaleVersion, MatterUnknown, MatterRetired, MaterialUnknown, and
        all that a file may be refused for
    """
    draft = await service.held(session, draft_id, caller)
    require_match(draft.version, if_match)
    matter = await matters_of(context).current(session, draft.matter_code, today=local_date(at))
    kept = await drafted.take_in(
        session,
        context,
        matter.content,
        file,
        draft_id=draft.id,
        key=key,
        number=draft.number,
        caller=caller,
        at=at,
    )
    service.touch(context, draft, caller=caller, at=at)
    await session.flush()
    return DraftFile.model_validate(kept), draft.version


async def remove(
    session: AsyncSession,
    context: Context,
    draft_id: UUID,
    material_id: UUID,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> None:
    """删除草稿材料.

    Raises:
        DraftNotFound, DraftOver, StaleVersion, MaterialNotFound
    """
    draft = await service.held(session, draft_id, caller)
    require_match(draft.version, if_match)
    await drafted.throw_away(session, draft.id, material_id)
    service.touch(context, draft, caller=caller, at=at)
    await session.flush()


async def read(
    session: AsyncSession, context: Context, draft_id: UUID, material_id: UUID, *, caller: Caller
) -> tuple[DraftMaterial, AsyncIterator[bytes]]:
    """下载草稿材料: for whoever holds the draft; the reading is on the record.

    Raises:
        DraftNotFound, MaterialNotFound, MaterialInfected, MaterialNotScanned
    """
    draft = await service.held_to_read(session, draft_id, caller)
    return await drafted.download(session, context, draft.id, material_id, caller=caller)
