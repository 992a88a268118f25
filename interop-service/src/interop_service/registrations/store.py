"""Every SQL statement about changes to partners."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.registrations.rules import ChangeState, Origin
from interop_service.registrations.tables import PartnerChange
from tongban.paging import Paging, after

__all__ = ["changes_page", "lock_asked", "lock_change"]


async def lock_change(session: AsyncSession, change_id: UUID) -> PartnerChange | None:
    return await session.get(PartnerChange, change_id, with_for_update=True)


async def lock_asked(session: AsyncSession, district: str) -> PartnerChange | None:
    """Return what a district asked for and nobody has looked at yet."""
    found: PartnerChange | None = await session.scalar(
        select(PartnerChange)
        .filter_by(district=district, origin=Origin.PARTNER, state=ChangeState.ASKED)
        .order_by(PartnerChange.id.desc())
        .limit(1)
        .with_for_update()
    )
    return found


async def changes_page(
    session: AsyncSession, paging: Paging, *, state: ChangeState | None
) -> Sequence[PartnerChange]:
    statement = select(PartnerChange)
    if state is not None:
        statement = statement.filter_by(state=state)
    rows = await session.scalars(after(statement, paging, PartnerChange.id, descending=True))
    return rows.all()
