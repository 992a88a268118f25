"""The calendar's SQL, over the kernel's tables."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.kernel import CalendarDayRow, CalendarYearRow

__all__ = ["all_years", "days_of", "year_for_update", "year_of"]


def _year(year: int) -> Select[CalendarYearRow]:
    return select(CalendarYearRow).where(CalendarYearRow.year == year)


async def year_of(session: AsyncSession, year: int) -> CalendarYearRow | None:
    return await session.scalar(_year(year))


async def year_for_update(session: AsyncSession, year: int) -> CalendarYearRow | None:
    return await session.scalar(_year(year).with_for_update())


async def all_years(session: AsyncSession) -> Sequence[CalendarYearRow]:
    return (await session.scalars(select(CalendarYearRow).order_by(CalendarYearRow.year))).all()


async def days_of(session: AsyncSession, year: int) -> Sequence[CalendarDayRow]:
    found = await session.scalars(
        select(CalendarDayRow)
        .where(CalendarDayRow.day.between(date(year, 1, 1), date(year, 12, 31)))
        .order_by(CalendarDayRow.day)
    )
    return found.all()
