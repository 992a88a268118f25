"""Every SQL statement on handovers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.handovers.rules import HandoverState
from case_service.handovers.tables import Handover
from tongban.paging import Paging, after

__all__ = ["case_for_update", "get_for_update", "page"]


async def get_for_update(session: AsyncSession, handover_id: UUID) -> Handover | None:
    return await session.get(Handover, handover_id, with_for_update=True, populate_existing=True)


async def case_for_update(session: AsyncSession, case_id: UUID) -> Case:
    return await session.get_one(Case, case_id, with_for_update=True)


async def page(
    session: AsyncSession,
    paging: Paging,
    *,
    department: str | None,
    state: HandoverState | None,
    is_open: bool | None,
) -> Sequence[Handover]:
    """Return a page of handovers, newest first."""
    wanted = select(Handover)
    if department is not None:
        wanted = wanted.where(Handover.department == department)
    if state is not None:
        wanted = wanted.where(Handover.state == state)
    if is_open is not None:
        done = Handover.acknowledged_at
        wanted = wanted.where(done.is_(None) if is_open else done.is_not(None))
    return (await session.scalars(after(wanted, paging, Handover.id, descending=True))).all()
