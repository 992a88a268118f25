"""Every SQL statement on the read models of matters and sites."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.matters.tables import MatterVersion, PartnerMatter, Site

__all__ = ["get_partner_matter", "get_site", "get_version", "get_versions", "own_versions"]


async def own_versions(session: AsyncSession, code: str) -> list[MatterVersion]:
    """Return the versions of a matter of ours, newest first."""
    return list(
        await session.scalars(
            select(MatterVersion)
            .where(MatterVersion.code == code)
            .order_by(MatterVersion.version.desc())
        )
    )


async def get_version(session: AsyncSession, code: str, version: int) -> MatterVersion | None:
    return await session.get(MatterVersion, (code, version))


async def get_versions(
    session: AsyncSession, keys: Collection[tuple[str, int]]
) -> Sequence[MatterVersion]:
    rows = await session.scalars(
        select(MatterVersion).where(
            tuple_(MatterVersion.code, MatterVersion.version).in_(sorted(keys))
        )
    )
    return rows.all()


async def get_partner_matter(session: AsyncSession, code: str) -> PartnerMatter | None:
    """Return a partner's matter by its code; an offered one before a withdrawn one."""
    return await session.scalar(
        select(PartnerMatter)
        .where(PartnerMatter.code == code)
        .order_by(PartnerMatter.state, PartnerMatter.owner_district)
        .limit(1)
    )


async def get_site(session: AsyncSession, site_id: str) -> Site | None:
    return await session.get(Site, site_id)
