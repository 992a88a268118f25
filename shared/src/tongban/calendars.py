"""The working-day calendar as stored in each service's database.

Seeded from the library with the years that are published; a year that is not stored is not
published, and deadlines that reach into it are provisional. The calendar's owner amends it and
tells the others, who keep their copies with `keep_year`.
"""

import time
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.kernel import CalendarDayRow, CalendarYearRow
from tongban.workdays import Calendar, CalendarYear, seed_years

__all__ = ["CalendarCache", "keep_year", "load", "seed"]

FRESH_SECONDS = 5.0


async def load(session: AsyncSession) -> Calendar:
    """Read the stored calendar."""
    days = await session.scalars(select(CalendarDayRow))
    published = await session.scalars(
        select(CalendarYearRow.year).where(CalendarYearRow.is_published)
    )
    return Calendar.from_rows(days, published_years=published)


class CalendarCache:
    """The calendar in memory, read again when it is older than five seconds."""

    def __init__(self) -> None:
        self._calendar: Calendar | None = None
        self._read_at = float("-inf")

    async def get(self, session: AsyncSession) -> Calendar:
        """Return the calendar as of at most five seconds ago."""
        if self._calendar is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            self._calendar = await load(session)
            self._read_at = time.monotonic()
        return self._calendar


async def keep_year(session: AsyncSession, year: CalendarYear, *, sequence: int) -> bool:
    """Store `year` where `sequence` is newer than what is stored; return whether it was."""
    newer = await session.scalar(
        insert(CalendarYearRow)
        .values(year=year.year, is_published=year.is_published, sequence=sequence)
        .on_conflict_do_update(
            index_elements=["year"],
            set_={"is_published": year.is_published, "sequence": sequence},
            where=CalendarYearRow.sequence < sequence,
        )
        .returning(CalendarYearRow.year)
    )
    if newer is None:
        return False
    first, last = date(year.year, 1, 1), date(year.year, 12, 31)
    await session.execute(
        delete(CalendarDayRow).where(CalendarDayRow.day.between(first, last)),
        execution_options={"synchronize_session": False},
    )
    if year.days:
        rows = [{"day": one.day, "kind": one.kind, "name": one.name} for one in year.days]
        await session.execute(insert(CalendarDayRow).values(rows))
    return True


async def seed(session: AsyncSession) -> None:
    """Store the published years that are not stored yet; what is stored stays as it is."""
    known = set(await session.scalars(select(CalendarYearRow.year)))
    for year in seed_years():
        if year.year not in known:
            await keep_year(session, year, sequence=1)
