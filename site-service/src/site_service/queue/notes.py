"""What displays and phones hear of a queue (排队动态): notes in one order, site by site.

The stream's row is locked from a note until the commit, so a site's notes are numbered without a
gap and in the order in which they became true: who read up to a number has missed nothing before
it. A use case writes its note last, that the row is held as short as can be.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from site_service.queue.tables import QueueNote, QueueStream

KEPT = timedelta(days=2)


async def write(
    session: AsyncSession, site_id: str, kind: str, facts: Mapping[str, Any], *, at: datetime
) -> None:
    """Write a note, after all else."""
    await session.flush()
    counted: ReturningInsert[tuple[int]] = (
        insert(QueueStream)
        .values(site_id=site_id, last=1)
        .on_conflict_do_update(index_elements=["site_id"], set_={"last": QueueStream.last + 1})
        .returning(QueueStream.last)
    )
    numbered = counted.cte("numbered")
    note = select(
        literal(site_id),
        numbered.c.last,
        literal(kind),
        literal(dict(facts), JSONB),
        literal(at, QueueNote.at.type),
    )
    await session.execute(
        insert(QueueNote).from_select(["site_id", "number", "kind", "facts", "at"], note)
    )


async def last_numbers(session: AsyncSession, site_ids: Collection[str]) -> dict[str, int]:
    """Return the number of each site's last note."""
    rows = await session.execute(
        select(QueueStream.site_id, QueueStream.last).where(QueueStream.site_id.in_(site_ids))
    )
    return {site_id: last for site_id, last in rows}


async def after(
    session: AsyncSession, site_id: str, number: int, *, most: int
) -> Sequence[QueueNote]:
    """Return the notes that follow a number."""
    found = await session.scalars(
        select(QueueNote)
        .where(QueueNote.site_id == site_id, QueueNote.number > number)
        .order_by(QueueNote.number)
        .limit(most)
    )
    return found.all()


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Drop the notes that nobody resumes from any more."""
    await session.execute(
        delete(QueueNote).where(QueueNote.at < before),
        execution_options={"synchronize_session": False},
    )
