"""Every SQL statement on assistance and authorities."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance.rules import AssistanceMode
from case_service.assistance.tables import Assistance, Authority
from case_service.cases.tables import TimelineEntry
from tongban.paging import Paging, after

__all__ = [
    "acting_for",
    "authorities_of",
    "done_by",
    "get_authority",
    "helpers_of",
    "of_agent",
    "of_case",
]


async def helpers_of(session: AsyncSession, case_id: UUID) -> frozenset[str]:
    helped = select(Assistance.helper).where(Assistance.case_id == case_id)
    return frozenset(await session.scalars(helped))


async def of_case(session: AsyncSession, case_id: UUID, paging: Paging) -> Sequence[Assistance]:
    listed = select(Assistance).where(Assistance.case_id == case_id)
    return (await session.scalars(after(listed, paging, Assistance.id))).all()


async def acting_for(session: AsyncSession, case_id: UUID, helper: str) -> Sequence[Assistance]:
    """Return by what right a helper acts in a case."""
    rows = await session.scalars(
        select(Assistance).where(
            Assistance.case_id == case_id,
            Assistance.helper == helper,
            Assistance.mode == AssistanceMode.ACT_FOR,
        )
    )
    return rows.all()


async def done_by(
    session: AsyncSession, case_id: UUID, actors: Collection[str]
) -> Sequence[TimelineEntry]:
    """Return what these people did in a case, in order."""
    rows = await session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.case_id == case_id, TimelineEntry.actor.in_(actors))
        .order_by(TimelineEntry.id)
    )
    return rows.all()


async def get_authority(
    session: AsyncSession, authority_id: UUID, *, is_locked: bool = False
) -> Authority | None:
    statement = select(Authority).where(Authority.id == authority_id)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def of_agent(
    session: AsyncSession, agent: str, *, principal: str | None, identity_index: bytes
) -> Sequence[Authority]:
    """Return what one person let an agent do, newest first."""
    whose = Authority.principal_index == identity_index
    if principal is not None:
        whose = or_(whose, Authority.principal_subject == principal)
    rows = await session.scalars(
        select(Authority)
        .where(Authority.agent_subject == agent, whose)
        .order_by(Authority.id.desc())
        .limit(100)
    )
    return rows.all()


async def authorities_of(
    session: AsyncSession, subject: str, paging: Paging
) -> Sequence[Authority]:
    """Return a page of what an account gave or was given, newest first."""
    listed = select(Authority).where(
        or_(Authority.principal_subject == subject, Authority.agent_subject == subject)
    )
    return (await session.scalars(after(listed, paging, Authority.id, descending=True))).all()
