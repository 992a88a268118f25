"""Every SQL statement on bundles."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles.rules import UNDECIDED
from case_service.bundles.tables import Bundle, LifeEvent
from case_service.cases.rules import Outcome, Stage
from case_service.cases.tables import Case
from tongban.paging import Paging, after

__all__ = [
    "find",
    "life_event",
    "lock",
    "lock_parts",
    "of_account",
    "parts_of",
    "states_of",
    "undecided_in",
]


async def life_event(session: AsyncSession, code: str) -> LifeEvent | None:
    return await session.get(LifeEvent, code)


async def find(session: AsyncSession, bundle_id: UUID) -> Bundle | None:
    return await session.get(Bundle, bundle_id)


async def lock(session: AsyncSession, bundle_id: UUID) -> Bundle | None:
    """Return the bundle, locked, as it is now. Its cases are never locked behind it."""
    found = select(Bundle).where(Bundle.id == bundle_id).with_for_update()
    return await session.scalar(found.execution_options(populate_existing=True))


async def parts_of(session: AsyncSession, bundle_id: UUID) -> Sequence[Case]:
    """Return the bundle's cases, as they are now, in the order they were made."""
    found = select(Case).where(Case.bundle_id == bundle_id).order_by(Case.id)
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def lock_parts(session: AsyncSession, bundle_id: UUID) -> Sequence[Case]:
    """Return the bundle's cases, locked in the order of their ids.

    Whoever changes several locks them all before he locks the bundle.
    """
    found = select(Case).where(Case.bundle_id == bundle_id).order_by(Case.id).with_for_update()
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def states_of(
    session: AsyncSession, bundle_id: UUID
) -> Sequence[tuple[UUID, Stage, Outcome | None]]:
    """Return id, stage and outcome of each of the bundle's cases."""
    found = select(Case.id, Case.stage, Case.outcome).where(Case.bundle_id == bundle_id)
    rows = await session.execute(found.order_by(Case.id))
    return [(case_id, stage, outcome) for case_id, stage, outcome in rows]


async def of_account(session: AsyncSession, subject: str, paging: Paging) -> Sequence[Bundle]:
    """Return a page of what an account applied for, newest first, and one more."""
    concerns = or_(Bundle.applicant_subject == subject, Bundle.submitted_by == subject)
    statement = after(select(Bundle).where(concerns), paging, Bundle.id, descending=True)
    return (await session.scalars(statement)).all()


async def undecided_in(
    session: AsyncSession, bundle_ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """Return, by bundle, the cases that its results wait for; of a released one nothing does."""
    statement = (
        select(Case.bundle_id, func.array_agg(Case.id))
        .join(Bundle, Bundle.id == Case.bundle_id)
        .where(
            Case.bundle_id.in_(bundle_ids),
            Case.stage.in_(UNDECIDED),
            Bundle.released_at.is_(None),
        )
        .group_by(Case.bundle_id)
    )
    rows = await session.execute(statement)
    return {bundle_id: list(ids) for bundle_id, ids in rows if bundle_id is not None}
