"""What a step of the guide reads: one indexed statement, ours or a partner's matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.matters.rules import State
from catalog_service.matters.tables import Matter, MatterSite, MatterVersion, PartnerMatter

__all__ = ["Guidable", "guidable"]


@dataclass(frozen=True)
class Guidable:
    """A matter that people are led through, and the open sites that handle it."""

    code: str
    version: int
    owner_district: str
    content: dict[str, Any]
    sites: Sequence[dict[str, Any]]


async def guidable(session: AsyncSession, code: str, *, district: str) -> Guidable | None:
    """Return our matter as it is in force, else a partner's that is offered here."""
    ours = (
        select(
            literal(0).label("rank"),
            MatterVersion.number,
            Matter.owner_district,
            MatterVersion.content,
        )
        .join(Matter, Matter.code == MatterVersion.code)
        .where(MatterVersion.code == code, MatterVersion.state == State.PUBLISHED)
    )
    theirs = select(
        literal(1).label("rank"),
        PartnerMatter.number,
        PartnerMatter.owner_district,
        PartnerMatter.content,
    ).where(
        PartnerMatter.code == code,
        PartnerMatter.is_offered,
        PartnerMatter.owner_district != district,
    )
    either = union_all(ours, theirs).subquery()
    row = (
        await session.execute(
            select(either, _sites_handling(code))
            .order_by(either.c.rank, either.c.owner_district)
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    _, number, owner_district, content, sites = row
    return Guidable(code, number, owner_district, content, sites)


def _sites_handling(code: str) -> Any:
    site = func.jsonb_build_object(
        "site_id", MatterSite.site_id, "kind", MatterSite.kind, "name", MatterSite.name
    )
    in_order: Any = aggregate_order_by(site, MatterSite.site_id)
    handles = or_(MatterSite.matters.contains([code]), MatterSite.partner_matters.contains([code]))
    return (
        select(func.coalesce(func.jsonb_agg(in_order), func.jsonb_build_array()))
        .where(MatterSite.is_open, handles)
        .scalar_subquery()
    )
