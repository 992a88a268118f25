"""Every SQL statement about reliances and disputes."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.issued.rules import Ending
from interop_service.reliances.rules import DisputeState, RelianceParty, RelianceState
from interop_service.reliances.tables import Dispute, Reliance
from tongban.paging import Paging, after

__all__ = [
    "alone_with_document",
    "dispute",
    "disputes_of",
    "disputes_page",
    "ending_of",
    "has_open_dispute",
    "listed",
    "lock_dispute",
    "lock_reliance",
    "of_document",
    "open_disputes",
    "overdue_counts",
    "overdue_untold",
    "reliance",
    "reliances_page",
]


async def alone_with_document(session: AsyncSession, number: str) -> None:
    """Wait until nothing else happens to the document: who relies on it and its end don't cross."""
    lock = func.hashtextextended(f"document:{number}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))


async def reliance(session: AsyncSession, reliance_id: UUID) -> Reliance | None:
    return await session.get(Reliance, reliance_id)


async def lock_reliance(session: AsyncSession, reliance_id: UUID) -> Reliance | None:
    return await session.get(Reliance, reliance_id, with_for_update=True, populate_existing=True)


async def of_document(
    session: AsyncSession,
    number: str,
    *,
    party: RelianceParty,
    state: RelianceState | None = None,
    partner: str | None = None,
) -> Sequence[Reliance]:
    """Return, locked, who relies on a document; without a state all that did not end."""
    wanted = select(Reliance).filter_by(document_number=number, party=party)
    if state is None:
        wanted = wanted.where(Reliance.state != RelianceState.ENDED)
    else:
        wanted = wanted.filter_by(state=state)
    if partner is not None:
        wanted = wanted.filter_by(partner=partner)
    rows = await session.scalars(
        wanted.order_by(Reliance.id).with_for_update().execution_options(populate_existing=True)
    )
    return rows.all()


async def reliances_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: RelianceParty | None,
    state: RelianceState | None,
    partner: str | None,
    document_number: str | None,
) -> Sequence[Reliance]:
    wanted = {
        "party": party,
        "state": state,
        "partner": partner,
        "document_number": document_number,
    }
    statement = select(Reliance).filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    rows = await session.scalars(after(statement, paging, Reliance.id, descending=True))
    return rows.all()


async def listed(session: AsyncSession) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Return partner, number and place in its list of each licence that cases rest on here."""
    rows = await session.execute(
        select(Reliance.partner, Reliance.document_number, Reliance.status_list)
        .where(
            Reliance.party == RelianceParty.RELYING,
            Reliance.state != RelianceState.ENDED,
            Reliance.status_list.is_not(None),
        )
        .distinct()
    )
    return [(partner, number, place) for partner, number, place in rows]


async def dispute(session: AsyncSession, dispute_id: UUID) -> Dispute | None:
    return await session.get(Dispute, dispute_id)


async def lock_dispute(session: AsyncSession, dispute_id: UUID) -> Dispute | None:
    return await session.get(Dispute, dispute_id, with_for_update=True, populate_existing=True)


async def disputes_of(session: AsyncSession, reliance_id: UUID) -> Sequence[Dispute]:
    rows = await session.scalars(
        select(Dispute).filter_by(reliance_id=reliance_id).order_by(Dispute.id)
    )
    return rows.all()


async def open_disputes(
    session: AsyncSession, number: str, *, party: RelianceParty, partner: str | None = None
) -> Sequence[Dispute]:
    """Return, locked, the disputes of a document that are not answered yet."""
    wanted = select(Dispute).filter_by(
        document_number=number, party=party, state=DisputeState.RAISED
    )
    if partner is not None:
        wanted = wanted.filter_by(partner=partner)
    rows = await session.scalars(
        wanted.order_by(Dispute.id).with_for_update().execution_options(populate_existing=True)
    )
    return rows.all()


async def overdue_untold(session: AsyncSession, *, on: date, limit: int) -> Sequence[Dispute]:
    """Return, locked, the disputes that should be answered by now, and nobody was told so."""
    rows = await session.scalars(
        select(Dispute)
        .where(
            Dispute.state == DisputeState.RAISED,
            Dispute.due_on < on,
            Dispute.overdue_told_at.is_(None),
        )
        .order_by(Dispute.due_on, Dispute.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def overdue_counts(session: AsyncSession, *, on: date) -> dict[RelianceParty, int]:
    """Return how many disputes are overdue, by which of the two districts this one is."""
    rows = await session.execute(
        select(Dispute.party, func.count())
        .where(Dispute.state == DisputeState.RAISED, Dispute.due_on < on)
        .group_by(Dispute.party)
    )
    return {party: count for party, count in rows}


async def has_open_dispute(session: AsyncSession, number: str) -> bool:
    """Tell whether a document of this district's is disputed."""
    found = select(Dispute.id).filter_by(
        document_number=number, party=RelianceParty.ISSUER, state=DisputeState.RAISED
    )
    return await session.scalar(found.limit(1)) is not None


async def ending_of(session: AsyncSession, number: str) -> tuple[Ending, date] | None:
    """Return how a document of this district's that is no licence ended, as others were told."""
    found = await session.execute(
        select(Reliance.change, Reliance.effective_from)
        .filter_by(document_number=number, party=RelianceParty.ISSUER, state=RelianceState.ENDED)
        .limit(1)
    )
    row = found.first()
    if row is None or row.change is None or row.effective_from is None:
        return None
    return row.change, row.effective_from


async def disputes_page(
    session: AsyncSession,
    paging: Paging,
    *,
    party: RelianceParty | None,
    state: DisputeState | None,
    partner: str | None,
    overdue_on: date | None,
) -> Sequence[Dispute]:
    wanted = {"party": party, "state": state, "partner": partner}
    statement = select(Dispute).filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    if overdue_on is not None:
        statement = statement.where(
            Dispute.state == DisputeState.RAISED, Dispute.due_on < overdue_on
        )
    rows = await session.scalars(after(statement, paging, Dispute.id, descending=True))
    return rows.all()
