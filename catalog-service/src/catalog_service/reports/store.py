"""Every SQL statement about reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.basic_items.tables import BasicItem
from catalog_service.matters.rules import TOLD
from catalog_service.matters.tables import MatterVersion
from catalog_service.reports.rules import Report
from catalog_service.reports.tables import UpwardReport

__all__ = ["claims", "note_reported", "versions"]


async def versions(
    session: AsyncSession, *, unreported_only: bool, limit: int | None = None
) -> Sequence[Row[str, int, str, int, Any, Any, dict[str, Any]]]:
    """Return the versions that were told to others, or those told since their last report."""
    key = func.concat("matter-", MatterVersion.code, "-", cast(MatterVersion.number, Text))
    statement = (
        select(
            MatterVersion.code,
            MatterVersion.number,
            MatterVersion.state,
            MatterVersion.sequence,
            MatterVersion.effective_from,
            MatterVersion.retired_on,
            MatterVersion.content,
        )
        .where(MatterVersion.state.in_([*TOLD]))
        .order_by(MatterVersion.id)
        .limit(limit)
    )
    if unreported_only:
        statement = statement.outerjoin(UpwardReport, UpwardReport.key == key).where(
            MatterVersion.sequence > func.coalesce(UpwardReport.sequence, 0)
        )
    return (await session.execute(statement)).all()


async def claims(
    session: AsyncSession, *, unreported_only: bool, limit: int | None = None
) -> Sequence[Row[str, str, int, datetime | None]]:
    """Return the claimed items, or those that changed since their last report."""
    statement = (
        select(BasicItem.code, BasicItem.name, BasicItem.version, BasicItem.claimed_at)
        .where(BasicItem.claimed_at.is_not(None))
        .order_by(BasicItem.code)
        .limit(limit)
    )
    if unreported_only:
        key = func.concat("claim-", BasicItem.code)
        statement = statement.outerjoin(UpwardReport, UpwardReport.key == key).where(
            BasicItem.version > func.coalesce(UpwardReport.sequence, 0)
        )
    return (await session.execute(statement)).all()


async def note_reported(session: AsyncSession, reports: Sequence[Report], *, at: datetime) -> None:
    statement = insert(UpwardReport)
    changed = {name: statement.excluded[name] for name in ("sequence", "digest", "reported_at")}
    statement = statement.on_conflict_do_update(index_elements=["key"], set_=changed)
    rows = [
        {"key": one.key, "sequence": one.sequence, "digest": one.digest, "reported_at": at}
        for one in reports
    ]
    connection = await session.connection()
    await connection.execute(statement, rows)
