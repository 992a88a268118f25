"""Every SQL statement about rosters."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.rosters.tables import StaffAbsence, StaffMember, StaffShift


async def lock_roster(session: AsyncSession, site_id: str) -> None:
    """Let nobody else change the site's roster or absences until the commit."""
    key = func.hashtextextended(f"roster:{site_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def members_of(session: AsyncSession, site_id: str) -> Sequence[StaffMember]:
    """Return who works at the site, by name as the token has it."""
    statement = (
        select(StaffMember)
        .where(StaffMember.site_id == site_id, StaffMember.is_active)
        .order_by(StaffMember.subject)
    )
    return (await session.scalars(statement)).all()


async def member(session: AsyncSession, site_id: str, subject: str) -> StaffMember | None:
    return await session.scalar(
        select(StaffMember).where(
            StaffMember.site_id == site_id,
            StaffMember.subject == subject,
            StaffMember.is_active,
        )
    )


async def names_of(session: AsyncSession, member_ids: Collection[UUID]) -> dict[UUID, StaffMember]:
    """Return these members, gone ones too."""
    found = await session.scalars(select(StaffMember).where(StaffMember.id.in_(member_ids)))
    return {one.id: one for one in found}


async def shifts_of(session: AsyncSession, site_id: str) -> Sequence[StaffShift]:
    statement = (
        select(StaffShift)
        .where(StaffShift.site_id == site_id)
        .order_by(StaffShift.role.desc(), StaffShift.id)
    )
    return (await session.scalars(statement)).all()


async def absences_of(
    session: AsyncSession, site_id: str, begins_at: datetime, ends_at: datetime
) -> Sequence[StaffAbsence]:
    """Return the absences that touch the time."""
    statement = (
        select(StaffAbsence)
        .where(
            StaffAbsence.site_id == site_id,
            StaffAbsence.begins_at < ends_at,
            StaffAbsence.ends_at > begins_at,
        )
        .order_by(StaffAbsence.begins_at, StaffAbsence.id)
    )
    return (await session.scalars(statement)).all()


async def absence_for_update(session: AsyncSession, absence_id: UUID) -> StaffAbsence | None:
    return await session.get(StaffAbsence, absence_id, with_for_update=True)


async def put_members(
    session: AsyncSession, site_id: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, UUID]:
    """Keep a member's id while the subject stays; return the ids by subject."""
    await session.execute(
        update(StaffMember)
        .where(StaffMember.site_id == site_id)
        .values(is_active=False)
        .execution_options(synchronize_session=False)
    )
    if rows:
        statement = upsert(StaffMember)
        replaced = {name: statement.excluded[name] for name in ("name", "post", "is_active")}
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["site_id", "subject"],
                set_={**replaced, "updated_at": func.now()},
            ),
            list(rows),
        )
    found = await session.execute(
        select(StaffMember.subject, StaffMember.id).where(
            StaffMember.site_id == site_id, StaffMember.is_active
        )
    )
    return {subject: member_id for subject, member_id in found}


async def replace_shifts(
    session: AsyncSession, site_id: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    await session.execute(
        delete(StaffShift).where(StaffShift.site_id == site_id),
        execution_options={"synchronize_session": False},
    )
    if rows:
        await session.execute(insert(StaffShift), list(rows))
