"""Use cases of monitoring: how the exchange goes, record by record, and as it happens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.monitoring import store
from interop_service.monitoring.rules import Outcome
from interop_service.monitoring.schemas import (
    BacklogRead,
    FaultsRead,
    MonitoringRead,
    OperationRead,
    TrafficRead,
)
from interop_service.monitoring.tables import OperationRow
from tongban.context import Context
from tongban.ids import first_id_at
from tongban.paging import Paging

__all__ = ["forget", "listen", "operations_page", "summary"]

KEPT: Final = timedelta(days=90)
LOOK_SECONDS: Final = 1.0
BEAT_LOOKS: Final = 10
LONGEST_SECONDS: Final = 600.0
SETTLED: Final = timedelta(seconds=2)
"""Records of several processes are in their order once they are that old."""


async def summary(
    session: AsyncSession,
    *,
    since: datetime,
    until: datetime,
    partner: str | None,
    by_matter: bool,
) -> MonitoringRead:
    """Return traffic, latency and faults of a time, and what waits now."""
    traffic = await store.traffic(
        session, since=since, until=until, partner=partner, by_matter=by_matter
    )
    faults = await store.faults(session, since=since, until=until, partner=partner)
    backlog = await store.backlog(session)
    return MonitoringRead(
        since=since,
        until=until,
        traffic=[TrafficRead.model_validate(dict(row)) for row in traffic],
        faults=[FaultsRead.model_validate(dict(row)) for row in faults],
        backlog=[
            BacklogRead.model_validate(dict(row))
            for row in backlog
            if partner in (None, row["partner"])
        ],
    )


async def operations_page(
    session: AsyncSession, paging: Paging, *, partner: str | None, outcome: Outcome | None
) -> Sequence[OperationRow]:
    return await store.page(session, paging, partner=partner, outcome=outcome)


async def listen(
    context: Context, last: UUID | None, *, partner: str | None
) -> AsyncIterator[bytes]:
    """Yield records as Server-Sent Events: what followed `last`, or what comes from now on."""
    yield b"retry: 2000\n\n"
    ends_at = asyncio.get_running_loop().time() + LONGEST_SECONDS
    last = last or first_id_at(context.clock() - SETTLED)
    looks = 0
    while asyncio.get_running_loop().time() < ends_at:
        async with context.reads() as session:
            rows = await store.since(
                session,
                last,
                before=first_id_at(context.clock() - SETTLED),
                partner=partner,
                limit=500,
            )
        for row in rows:
            last = row.id
            told = OperationRead.model_validate(row).model_dump_json()
            yield f"id: {row.id}\nevent: operation\ndata: {told}\n\n".encode()
        looks = 0 if rows else looks + 1
        if looks and looks % BEAT_LOOKS == 0:
            yield b": \n\n"
        await asyncio.sleep(LOOK_SECONDS)


async def forget(session: AsyncSession, context: Context) -> None:
    """Drop records that are old; the worker's timer."""
    await store.forget(session, at=context.clock(), after=KEPT)
