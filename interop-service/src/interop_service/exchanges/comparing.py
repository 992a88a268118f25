"""Every SQL statement about reconciliation: when it is wanted, and what is compared."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from interop_service.exchanges.rules import State
from interop_service.exchanges.tables import Delivery, Exchange, Reconciliation

__all__ = [
    "changed_ids",
    "due_reconciliations",
    "lock_deliveries_behind",
    "lock_exchanges",
    "lock_reconciliation",
    "reconciliations",
    "want_reconciliation",
]

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def want_reconciliation(session: AsyncSession, partner: str, *, at: datetime) -> None:
    """Have a partner reconciled with at `at` at the latest."""
    statement = insert(Reconciliation).values(
        partner=partner, wanted_at=at, since=NEVER, examined=0, mended=0
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["partner"],
            set_={"wanted_at": func.least(Reconciliation.wanted_at, at)},
        )
    )


async def due_reconciliations(
    session: AsyncSession, *, at: datetime, lease: timedelta
) -> Sequence[Reconciliation]:
    """Take up the partners that it is time to reconcile with, so that no other worker does."""
    rows = await session.scalars(
        select(Reconciliation)
        .where(Reconciliation.wanted_at <= at)
        .order_by(Reconciliation.wanted_at)
        .with_for_update(skip_locked=True)
    )
    due = rows.all()
    for row in due:
        row.wanted_at = at + lease
    return due


async def lock_reconciliation(session: AsyncSession, partner: str) -> Reconciliation:
    return await session.get_one(Reconciliation, partner, with_for_update=True)


async def reconciliations(session: AsyncSession) -> Sequence[Reconciliation]:
    rows = await session.scalars(select(Reconciliation).order_by(Reconciliation.partner))
    return rows.all()


async def changed_ids(
    session: AsyncSession,
    partner: str,
    *,
    since: datetime,
    behind: UUID | None,
    until: UUID | None,
    most: int,
) -> set[UUID]:
    """Return a page of what changed since, by id: those between `behind` and `until`."""
    statement = select(Exchange.id).where(
        Exchange.partner == partner,
        Exchange.updated_at >= since,
        Exchange.state != State.FAILED,
    )
    if behind is not None:
        statement = statement.where(Exchange.id > behind)
    if until is not None:
        statement = statement.where(Exchange.id <= until)
    return set(await session.scalars(statement.order_by(Exchange.id).limit(most)))


async def lock_exchanges(
    session: AsyncSession, partner: str, ids: Sequence[UUID]
) -> Sequence[Exchange]:
    """Lock those of these exchanges that are with the partner, all at once and in their order."""
    rows = await session.scalars(
        select(Exchange)
        .where(Exchange.partner == partner, Exchange.id.in_(ids))
        .order_by(Exchange.id)
        .with_for_update()
    )
    return rows.all()


async def lock_deliveries_behind(
    session: AsyncSession, ordinals: Mapping[UUID, int]
) -> Mapping[UUID, Sequence[Delivery]]:
    """Lock the messages of exchanges that come after the `ordinals`, with their bodies."""
    if not ordinals:
        return {}
    behind = func.unnest(
        cast(list(ordinals), ARRAY(Uuid)), cast(list(ordinals.values()), ARRAY(Integer))
    ).table_valued("exchange_id", "ordinal")
    behind = behind.render_derived(name="behind")
    rows = await session.scalars(
        select(Delivery)
        .join(behind, Delivery.exchange_id == behind.c.exchange_id)
        .where(Delivery.ordinal > behind.c.ordinal)
        .order_by(Delivery.exchange_id, Delivery.ordinal)
        .options(undefer(Delivery.body))
        .with_for_update(of=Delivery)
    )
    of_exchange = groupby(rows, key=lambda row: row.exchange_id)
    return {exchange_id: list(found) for exchange_id, found in of_exchange}
