"""Every SQL statement about texts made to be heard."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.speech.tables import SpokenText

FOR_SITE = ""


async def text_of(session: AsyncSession, site_id: str, matter_code: str) -> SpokenText | None:
    return await session.get(SpokenText, (site_id, matter_code))


async def texts_of(
    session: AsyncSession, site_id: str, matter_codes: Collection[str]
) -> dict[str, SpokenText]:
    """Return the site's own texts for these matters, by matter."""
    found = await session.scalars(
        select(SpokenText).where(
            SpokenText.site_id == site_id, SpokenText.matter_code.in_(matter_codes)
        )
    )
    return {one.matter_code: one for one in found}


async def put(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    statement = upsert(SpokenText)
    replaced = {name: statement.excluded[name] for name in ("zh", "en", "provenance")}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["site_id", "matter_code"], set_=replaced),
        list(rows),
    )
