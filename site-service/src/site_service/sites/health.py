"""Use cases of kiosks' health: heartbeats, faults, and those that fell silent (终端心跳)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import KioskNotFound
from site_service.sites import registry_store
from site_service.sites.tables import Kiosk

SILENT_AFTER = timedelta(minutes=10)


async def beat(
    session: AsyncSession, site_id: str, code: str, *, faults: Sequence[str], at: datetime
) -> Kiosk:
    """Note that the kiosk is there, and what is wrong with it.

    Raises:
        KioskNotFound: 404.
    """
    kiosk = await registry_store.kiosk_for_update(session, site_id, code)
    if kiosk is None:
        raise KioskNotFound(code=code)
    kiosk.last_seen_at = at if kiosk.last_seen_at is None else max(at, kiosk.last_seen_at)
    kiosk.faults = sorted(set(faults))
    await session.flush()
    return kiosk


async def troubled(
    session: AsyncSession, *, at: datetime, site_id: str | None
) -> list[dict[str, Any]]:
    """Return the kiosks that fell silent or told of a fault."""
    found = await registry_store.troubled_kiosks(
        session, silent_since=at - SILENT_AFTER, site_id=site_id
    )
    return [dict(row._mapping) for row in found]
