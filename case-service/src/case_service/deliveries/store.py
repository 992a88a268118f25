"""Every SQL statement on deliveries."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.deliveries.rules import OPEN, Direction
from case_service.deliveries.tables import Delivery
from tongban.paging import Paging, after

__all__ = ["get", "get_for_update", "lock_code", "note_miss", "of_case", "under_way"]


async def get(session: AsyncSession, delivery_id: UUID) -> Delivery | None:
    return await session.get(Delivery, delivery_id)


async def get_for_update(session: AsyncSession, delivery_id: UUID) -> Delivery | None:
    return await session.get(Delivery, delivery_id, with_for_update=True, populate_existing=True)


async def lock_code(session: AsyncSession, delivery_id: UUID) -> tuple[bytes, int]:
    """Return, locked, a locker's sealed code and how often a wrong one was tried."""
    columns = select(Delivery.sealed_code, Delivery.code_misses)
    row = (await session.execute(columns.where(Delivery.id == delivery_id).with_for_update())).one()
    if row[0] is None:
        raise LookupError("what lies in a locker has a code")
    return row[0], row[1]


async def note_miss(session: AsyncSession, delivery_id: UUID) -> None:
    # Not a change of the delivery: its version stays.
    missed = update(Delivery).where(Delivery.id == delivery_id)
    await session.execute(missed.values(code_misses=Delivery.code_misses + 1))


async def under_way(session: AsyncSession, case_id: UUID) -> Delivery | None:
    """Return, locked, what of the case is on its way to the applicant."""
    return await session.scalar(
        select(Delivery)
        .where(
            Delivery.case_id == case_id,
            Delivery.direction == Direction.TO_APPLICANT,
            Delivery.state.in_(OPEN),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Delivery]:
    listed = select(Delivery).where(Delivery.case_id == case_id)
    return (await session.scalars(after(listed, paging, Delivery.id))).all()
