"""Every SQL statement about coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, cast, delete, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.coverage.tables import PopulationCell, PopulationImport
from site_service.sites.rules import SiteState
from site_service.sites.tables import (
    Kiosk,
    KnownMatterVersion,
    PartnerMatter,
    Site,
    SiteMatter,
)


async def version(session: AsyncSession) -> str:
    """Return what changes whenever an answer about coverage may."""
    sums = (
        select(func.concat_ws(".", func.count(), func.sum(cast(Site.version, BigInteger)))),
        select(func.concat_ws(".", func.count(), func.sum(KnownMatterVersion.sequence))),
        select(func.concat_ws(".", func.count(), func.sum(PartnerMatter.sequence))),
        select(func.concat_ws(".", func.max(PopulationImport.digest))),
    )
    parts = (await session.execute(select(*(one.scalar_subquery() for one in sums)))).one()
    return "-".join(map(str, parts))


async def cells(session: AsyncSession) -> Sequence[PopulationCell]:
    return (await session.scalars(select(PopulationCell).order_by(PopulationCell.id))).all()


async def replace_cells(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]], *, digest: str
) -> None:
    await session.execute(delete(PopulationCell))
    if rows:
        await session.execute(insert(PopulationCell), list(rows))
    statement = upsert(PopulationImport).values(id=1, digest=digest, cells=len(rows))
    replaced = {name: statement.excluded[name] for name in ("digest", "cells")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={**replaced, "imported_at": func.now()}
        )
    )


async def open_sites(session: AsyncSession) -> Sequence[Site]:
    statement = select(Site).where(Site.state == SiteState.OPEN).order_by(Site.id)
    return (await session.scalars(statement)).all()


async def matters_of_sites(session: AsyncSession) -> Sequence[tuple[str, str, str | None]]:
    """Return matter, site and name of everything handled at an open site."""
    names = (
        select(KnownMatterVersion.code, KnownMatterVersion.name)
        .ext(distinct_on(KnownMatterVersion.code))
        .where(KnownMatterVersion.state == "published")
        .order_by(KnownMatterVersion.code, KnownMatterVersion.version.desc())
        .subquery()
    )
    rows = await session.execute(
        select(SiteMatter.matter_code, SiteMatter.site_id, names.c.name)
        .join(Site, Site.id == SiteMatter.site_id)
        .join(names, names.c.code == SiteMatter.matter_code)
        .where(Site.state == SiteState.OPEN)
        .order_by(SiteMatter.matter_code)
    )
    return [(code, site_id, name) for code, site_id, name in rows]


async def kiosk_functions(session: AsyncSession) -> Sequence[tuple[str, Sequence[str]]]:
    rows = await session.execute(select(Kiosk.site_id, Kiosk.functions))
    return [(site_id, functions) for site_id, functions in rows]
