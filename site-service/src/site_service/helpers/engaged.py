"""What rosters ask of helpers: what somebody has promised for a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.helpers import store

__all__ = ["Engagement", "EngagementKind", "during"]


class EngagementKind(StrEnum):
    """What a helper has promised."""

    ACCOMPANIMENT = "accompaniment"  # 陪办
    HOME_VISIT = "home_visit"  # 上门服务


@dataclass(frozen=True, slots=True)
class Engagement:
    """A visit to go along with, or a home to come to."""

    kind: EngagementKind
    id: UUID
    starts_at: datetime


async def during(
    session: AsyncSession, helper_id: UUID, begins_at: datetime, ends_at: datetime
) -> list[Engagement]:
    """Return what the helper has promised for that time, earliest first."""
    found = [
        Engagement(EngagementKind.ACCOMPANIMENT, one.id, one.begun_at)
        for one in await store.accompanying(session, helper_id, begins_at, ends_at)
    ]
    found += [
        Engagement(EngagementKind.HOME_VISIT, one.id, one.starts_at)
        for one in await store.expected_at_homes(session, helper_id, begins_at, ends_at)
        if one.starts_at is not None
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.id))
