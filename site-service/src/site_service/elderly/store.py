"""Every SQL statement about the measures for the old."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.elderly.tables import (
    ElderlyCheck,
    ElderlyMeasure,
    FamilyAuthorityItem,
    FamilyTelling,
)
from tongban.kernel import OutboxRow
from tongban.paging import Paging, after


async def wait_for_other_imports(session: AsyncSession) -> None:
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended("elderly.import", 0)))
    )


async def measures(session: AsyncSession) -> Sequence[ElderlyMeasure]:
    """Return the measures in force, in order."""
    statement = (
        select(ElderlyMeasure)
        .where(ElderlyMeasure.retired_on.is_(None))
        .order_by(ElderlyMeasure.nth)
    )
    return (await session.scalars(statement)).all()


async def measure(session: AsyncSession, code: str) -> ElderlyMeasure | None:
    return await session.get(ElderlyMeasure, code)


async def put_measures(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]], *, on: date
) -> None:
    """Store them; those not named are retired, for checks name them."""
    codes = [row["code"] for row in rows]
    statement = upsert(ElderlyMeasure)
    replaced = {name: statement.excluded[name] for name in rows[0] if name != "code"}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["code"], set_=replaced), list(rows)
    )
    await session.execute(
        update(ElderlyMeasure)
        .where(ElderlyMeasure.code.not_in(codes), ElderlyMeasure.retired_on.is_(None))
        .values(retired_on=on)
        .execution_options(synchronize_session=False)
    )


async def put_family_items(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(
        delete(FamilyAuthorityItem), execution_options={"synchronize_session": False}
    )
    if rows:
        await session.execute(insert(FamilyAuthorityItem), list(rows))


async def family_items(session: AsyncSession) -> Sequence[FamilyAuthorityItem]:
    statement = select(FamilyAuthorityItem).order_by(FamilyAuthorityItem.nth)
    return (await session.scalars(statement)).all()


async def telling(session: AsyncSession, visit_id: UUID) -> FamilyTelling | None:
    return await session.get(FamilyTelling, visit_id)


async def put_telling(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """Note that it was told; what was told first stays."""
    await session.execute(
        upsert(FamilyTelling).values(row).on_conflict_do_nothing(index_elements=["visit_id"])
    )


async def newest_checks(
    session: AsyncSession, site_ids: Collection[str] | None = None
) -> Sequence[ElderlyCheck]:
    """Return each site's newest check of each measure."""
    statement = (
        select(ElderlyCheck)
        .ext(distinct_on(ElderlyCheck.site_id, ElderlyCheck.measure_code))
        .order_by(
            ElderlyCheck.site_id,
            ElderlyCheck.measure_code,
            ElderlyCheck.checked_at.desc(),
            ElderlyCheck.id.desc(),
        )
    )
    if site_ids is not None:
        statement = statement.where(ElderlyCheck.site_id.in_(site_ids))
    return (await session.scalars(statement)).all()


async def checks_of(
    session: AsyncSession, site_id: str, measure_code: str | None, paging: Paging
) -> Sequence[ElderlyCheck]:
    """Return a page of the site's checks, newest first."""
    statement = select(ElderlyCheck).where(ElderlyCheck.site_id == site_id)
    if measure_code is not None:
        statement = statement.where(ElderlyCheck.measure_code == measure_code)
    return (await session.scalars(after(statement, paging, ElderlyCheck.id, descending=True))).all()


async def known_checks(
    session: AsyncSession, site_ids: Collection[str]
) -> set[tuple[str, str, Any]]:
    """Return site, measure and time of the checks that are stored."""
    rows = await session.execute(
        select(ElderlyCheck.site_id, ElderlyCheck.measure_code, ElderlyCheck.checked_at).where(
            ElderlyCheck.site_id.in_(site_ids)
        )
    )
    return {(row.site_id, row.measure_code, row.checked_at) for row in rows}


async def add_checks(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        await session.execute(insert(ElderlyCheck), list(rows))
        await session.execute(insert(OutboxRow), list(told))
