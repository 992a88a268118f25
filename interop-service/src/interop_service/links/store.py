"""Every SQL statement about maintenance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.links.tables import Maintenance

__all__ = ["lock_maintenance", "maintenance_until", "maintenances"]


async def maintenance_until(session: AsyncSession, *, at: datetime) -> datetime | None:
    """Return when the maintenance that is under way ends; None where there is none."""
    found: datetime | None = await session.scalar(
        select(func.max(Maintenance.ends_at)).where(
            Maintenance.begins_at <= at, Maintenance.ends_at > at
        )
    )
    return found


async def maintenances(session: AsyncSession, *, after: datetime) -> Sequence[Maintenance]:
    rows = await session.scalars(
        select(Maintenance).where(Maintenance.ends_at > after).order_by(Maintenance.begins_at)
    )
    return rows.all()


async def lock_maintenance(session: AsyncSession, maintenance_id: UUID) -> Maintenance | None:
    return await session.get(Maintenance, maintenance_id, with_for_update=True)
