"""Every SQL statement about maintenance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.links.tables import Maintenance
from interop_service.partners import terms

__all__ = ["lock_maintenance", "maintenance_windows", "maintenances"]

_WINDOWS = select(Maintenance.begins_at, Maintenance.ends_at).where(
    Maintenance.ends_at > bindparam("after", type_=DateTime(timezone=True))
)


async def maintenance_windows(
    session: AsyncSession, *, after: datetime
) -> Sequence[tuple[datetime, datetime]]:
    """Return from when until when this district is closed, of what ends later than `after`."""

    async def read() -> Sequence[tuple[datetime, datetime]]:
        rows = await session.execute(_WINDOWS, {"after": after})
        return [(begins_at, ends_at) for begins_at, ends_at in rows]

    return await terms.remembered(session, "maintenance", read) or ()


async def maintenances(session: AsyncSession, *, after: datetime) -> Sequence[Maintenance]:
    rows = await session.scalars(
        select(Maintenance).where(Maintenance.ends_at > after).order_by(Maintenance.begins_at)
    )
    return rows.all()


async def lock_maintenance(session: AsyncSession, maintenance_id: UUID) -> Maintenance | None:
    return await session.get(Maintenance, maintenance_id, with_for_update=True)
