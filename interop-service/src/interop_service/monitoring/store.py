"""Every SQL statement about what was observed, and what waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges.rules import DeliveryState
from interop_service.exchanges.tables import Delivery, Exchange
from interop_service.monitoring.rules import Outcome
from interop_service.monitoring.tables import OperationRow
from interop_service.partners.tables import Partner
from tongban.paging import Paging, after

__all__ = ["backlog", "faults", "forget", "page", "since", "traffic"]


async def traffic(
    session: AsyncSession, *, since: datetime, until: datetime, partner: str | None, by_matter: bool
) -> Sequence[RowMapping]:
    """Count the attempts of a time by partner, direction and, where wanted, matter."""
    row = OperationRow
    keys: list[ColumnElement[Any]] = [row.partner.expression, row.direction.expression]
    if by_matter:
        keys.append(Exchange.matter_code.expression)
    statement = select(
        *keys,
        func.count().label("attempts"),
        *(func.count().filter(row.outcome == outcome).label(outcome.value) for outcome in Outcome),
        *(
            func.percentile_cont(share)
            .within_group(row.milliseconds)
            .filter(row.outcome == Outcome.TAKEN)
            .label(name)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        ),
    ).where(row.at >= since, row.at < until)
    if by_matter:
        statement = statement.outerjoin(Exchange, Exchange.id == row.exchange_id)
    if partner is not None:
        statement = statement.where(row.partner == partner)
    found = await session.execute(statement.group_by(*keys).order_by(*keys))
    return found.mappings().all()


async def faults(
    session: AsyncSession, *, since: datetime, until: datetime, partner: str | None
) -> Sequence[RowMapping]:
    """Count the faults of a time by partner, direction, whose and which; most frequent first."""
    row = OperationRow
    keys = (row.partner, row.direction, row.fault_of, row.fault)
    statement = select(*keys, func.count().label("count")).where(
        row.at >= since, row.at < until, row.fault.is_not(None)
    )
    if partner is not None:
        statement = statement.where(row.partner == partner)
    found = await session.execute(
        statement.group_by(*keys).order_by(func.count().desc(), *keys).limit(200)
    )
    return found.mappings().all()


async def backlog(session: AsyncSession) -> Sequence[RowMapping]:
    """Tell of each partner what waits for it, since when, and how its line is."""
    waiting = (
        select(
            Delivery.partner,
            func.count().filter(Delivery.state == DeliveryState.DUE).label("waiting"),
            func.min(Delivery.created_at)
            .filter(Delivery.state == DeliveryState.DUE)
            .label("oldest_at"),
            func.count().filter(Delivery.state == DeliveryState.DEAD).label("dead"),
        )
        .where(Delivery.state.in_((DeliveryState.DUE, DeliveryState.DEAD)))
        .group_by(Delivery.partner)
        .subquery()
    )
    found = await session.execute(
        select(
            Partner.district.label("partner"),
            Partner.state,
            Partner.failures,
            Partner.paused_until,
            func.coalesce(waiting.c.waiting, 0).label("waiting"),
            waiting.c.oldest_at,
            func.coalesce(waiting.c.dead, 0).label("dead"),
        )
        .outerjoin(waiting, waiting.c.partner == Partner.district)
        .order_by(Partner.district)
    )
    return found.mappings().all()


async def page(
    session: AsyncSession, paging: Paging, *, partner: str | None, outcome: Outcome | None
) -> Sequence[OperationRow]:
    statement = select(OperationRow)
    if partner is not None:
        statement = statement.where(OperationRow.partner == partner)
    if outcome is not None:
        statement = statement.where(OperationRow.outcome == outcome)
    rows = await session.scalars(after(statement, paging, OperationRow.id, descending=True))
    return rows.all()


async def since(
    session: AsyncSession, last: UUID, *, before: UUID, partner: str | None, limit: int
) -> Sequence[OperationRow]:
    """Return what was kept after a record and before another, oldest first."""
    statement = (
        select(OperationRow)
        .where(OperationRow.id > last, OperationRow.id < before)
        .order_by(OperationRow.id)
        .limit(limit)
    )
    if partner is not None:
        statement = statement.where(OperationRow.partner == partner)
    return (await session.scalars(statement)).all()


async def forget(session: AsyncSession, *, at: datetime, after: timedelta) -> None:
    await session.execute(
        delete(OperationRow).where(OperationRow.at < at - after),
        execution_options={"synchronize_session": False},
    )
