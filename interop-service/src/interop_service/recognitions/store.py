"""Every SQL statement about recognitions."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.recognitions.rules import RecognitionState
from interop_service.recognitions.tables import Recognition
from tongban.paging import Paging, after

__all__ = ["recognitions", "recognitions_page", "states_of"]


async def recognitions(session: AsyncSession) -> Sequence[Recognition]:
    rows = await session.scalars(select(Recognition).order_by(Recognition.id))
    return rows.all()


async def recognitions_page(
    session: AsyncSession,
    paging: Paging,
    *,
    issuer_district: str | None,
    state: RecognitionState | None,
) -> Sequence[Recognition]:
    statement = select(Recognition)
    if issuer_district is not None:
        statement = statement.filter_by(issuer_district=issuer_district)
    if state is not None:
        statement = statement.filter_by(state=state)
    rows = await session.scalars(after(statement, paging, Recognition.id, descending=True))
    return rows.all()


async def states_of(
    session: AsyncSession, exchange_ids: Collection[UUID]
) -> Sequence[RecognitionState]:
    rows = await session.scalars(
        select(Recognition.state).where(Recognition.exchange_id.in_(exchange_ids))
    )
    return rows.all()
