"""Every SQL statement on reliances."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case
from case_service.reliances.tables import PartnerProof, Reliance
from case_service.reliances.vocabulary import RelianceState
from tongban.paging import Paging, after

__all__ = ["affected", "case_for_update", "get_for_update", "of_case", "proof"]

_OF_CASE = ("matter_code", "matter_name", "stage", "outcome", "site_id")


async def proof(session: AsyncSession, proof_id: UUID) -> PartnerProof | None:
    return await session.get(PartnerProof, proof_id)


async def get_for_update(session: AsyncSession, reliance_id: UUID) -> Reliance | None:
    return await session.get(Reliance, reliance_id, with_for_update=True, populate_existing=True)


async def case_for_update(session: AsyncSession, case_id: UUID) -> Case:
    return await session.get_one(Case, case_id, with_for_update=True, populate_existing=True)


async def of_case(session: AsyncSession, case_id: UUID) -> Sequence[Reliance]:
    """Return what a case rests on, oldest first."""
    found = select(Reliance).where(Reliance.case_id == case_id).order_by(Reliance.id)
    return (await session.scalars(found)).all()


async def affected(
    session: AsyncSession,
    paging: Paging,
    *,
    states: Sequence[RelianceState],
    issuer_district: str | None,
    document_number: str | None,
) -> Sequence[RowMapping]:
    """Return a page of reliances in these states, each with its case, newest first."""
    columns = [getattr(Case, name) for name in _OF_CASE]
    wanted = (
        select(*Reliance.__table__.columns, *columns)
        .join(Case, Case.id == Reliance.case_id)
        .where(Reliance.state.in_(states))
    )
    if issuer_district is not None:
        wanted = wanted.where(Reliance.issuer_district == issuer_district)
    if document_number is not None:
        wanted = wanted.where(Reliance.document_number == document_number)
    rows = await session.execute(after(wanted, paging, Reliance.id, descending=True))
    return rows.mappings().all()
