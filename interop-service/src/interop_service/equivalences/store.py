"""Every SQL statement about the register of what counts as equal."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.equivalences.rules import EquivalentKind
from interop_service.equivalences.tables import Equivalence, EquivalenceVersion
from tongban.paging import Paging, after

__all__ = ["alone_with_line", "equivalence", "equivalences_page", "line", "lines_of", "versions_of"]


async def alone_with_line(session: AsyncSession, *, agreement: str) -> None:
    """Wait until nobody else keeps a line under the agreement: the first of its key is one."""
    lock = func.hashtextextended(f"equivalences:{agreement}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))


async def line(
    session: AsyncSession, *, agreement: str, kind: EquivalentKind, our_type: str, their_type: str
) -> Equivalence | None:
    found: Equivalence | None = await session.scalar(
        select(Equivalence).filter_by(
            agreement=agreement, kind=kind, our_type=our_type, their_type=their_type
        )
    )
    return found


async def equivalence(session: AsyncSession, equivalence_id: UUID) -> Equivalence | None:
    return await session.get(Equivalence, equivalence_id)


async def lines_of(session: AsyncSession, agreement: str) -> Sequence[Equivalence]:
    rows = await session.scalars(
        select(Equivalence).filter_by(agreement=agreement).order_by(Equivalence.id)
    )
    return rows.all()


async def versions_of(session: AsyncSession, equivalence_id: UUID) -> Sequence[EquivalenceVersion]:
    rows = await session.scalars(
        select(EquivalenceVersion)
        .filter_by(equivalence_id=equivalence_id)
        .order_by(EquivalenceVersion.version)
    )
    return rows.all()


async def equivalences_page(
    session: AsyncSession,
    paging: Paging,
    *,
    partner: str | None,
    agreement: str | None,
    kind: EquivalentKind | None,
) -> Sequence[Equivalence]:
    statement = select(Equivalence)
    wanted = {"partner": partner, "agreement": agreement, "kind": kind}
    statement = statement.filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    rows = await session.scalars(after(statement, paging, Equivalence.id))
    return rows.all()
