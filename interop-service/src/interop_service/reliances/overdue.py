"""Disputes not answered in ten working days by their issuer (异议逾期): told once, and counted."""

from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.events import DisputeOverdue
from interop_service.reliances import store
from interop_service.reliances.rules import RelianceParty
from tongban.clock import local_date
from tongban.context import Context
from tongban.messages import publish

__all__ = ["OVERDUE", "watch_disputes"]

AT_ONCE: Final = 200
OVERDUE: Final = Gauge(
    "tongban_interop_disputes_overdue",
    "Disputes not answered by their day: as issuer ours to answer, as relying the partner's",
    ["party"],
)

log = structlog.get_logger(__name__)


async def watch_disputes(session: AsyncSession, context: Context) -> None:
    """Tell of each dispute once that it is overdue, and how many are; the worker's timer."""
    at = context.clock()
    today = local_date(at)
    for row in await store.overdue_untold(session, on=today, limit=AT_ONCE):
        if row.due_on is None:
            raise AssertionError("an overdue dispute has its day")
        row.overdue_told_at = at
        event = DisputeOverdue(
            dispute_id=row.id,
            reliance_id=row.reliance_id,
            party=row.party.value,
            partner=row.partner,
            document_number=row.document_number,
            due_on=row.due_on,
        )
        publish(session, event, of=row)
        log.warning("dispute.overdue", dispute_id=str(row.id), party=row.party.value)
    await session.flush()
    counts = await store.overdue_counts(session, on=today)
    for party in RelianceParty:
        OVERDUE.labels(party.value).set(counts.get(party, 0))
