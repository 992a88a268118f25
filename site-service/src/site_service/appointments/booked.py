"""What rosters ask of appointments: who is booked at a window at which nobody will stand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import store

__all__ = ["Booked", "at_windows"]


@dataclass(frozen=True, slots=True)
class Booked:
    """A visit that is booked, at its window."""

    appointment_id: UUID
    window_id: UUID
    matter_code: str
    starts_at: datetime


async def at_windows(
    session: AsyncSession, quarters: Collection[tuple[UUID, datetime]]
) -> list[Booked]:
    """Return the booked visits that take any of these windows' quarter hours, earliest first."""
    if not quarters:
        return []
    times = [at for _, at in quarters]
    found = await store.booked(
        session, {window_id for window_id, _ in quarters}, min(times), max(times)
    )
    hit = {
        Booked(visit.appointment_id, window_id, visit.matter_code, visit.starts_at)
        for visit, window_id, at in found
        if (window_id, at) in quarters and visit.starts_at is not None
    }
    return sorted(hit, key=lambda one: (one.starts_at, one.appointment_id))
