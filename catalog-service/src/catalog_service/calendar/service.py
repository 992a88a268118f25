"""Use cases about the calendar: read a year, amend it and tell the others."""

from collections.abc import AsyncIterator, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_service.calendar import store
from catalog_service.calendar.rules import require_year
from catalog_service.events import CalendarChanged
from tongban import audit
from tongban.calendars import keep_year
from tongban.etags import StaleVersion, etag, require_match
from tongban.messages import publish_state
from tongban.workdays import CalendarDay, CalendarYear, DayKind, DayRow

__all__ = ["amend_year", "read_year", "told"]


async def read_year(session: AsyncSession, year: int) -> tuple[CalendarYear, int]:
    """Return the year and its sequence; a year that nobody stored is not published."""
    row = await store.year_of(session, year)
    if row is None:
        return CalendarYear(year, is_published=False), 0
    days = await store.days_of(session, year)
    return CalendarYear(year, row.is_published, _days(days)), row.sequence


async def amend_year(
    session: AsyncSession,
    year: int,
    *,
    is_published: bool | None,
    days: Sequence[CalendarDay] | None,
    actor: str,
    if_match: str | None,
) -> tuple[CalendarYear, int]:
    """Change a year and tell the other services; None leaves a part as it is.

    Raises:
        StaleVersion: 412.
        CalendarYearInvalid: 422.
    """
    row = await store.year_for_update(session, year)
    known = row.sequence if row is not None else 0
    require_match(known, if_match)
    if is_published is None:
        is_published = row is not None and row.is_published
    kept = _days(await store.days_of(session, year)) if days is None else tuple(days)
    require_year(year, kept)
    changed = CalendarYear(year, is_published, tuple(sorted(kept, key=lambda one: one.day)))
    sequence = known + 1
    if not await keep_year(session, changed, sequence=sequence):
        # Somebody stored the year, new until then, at the same moment.
        raise StaleVersion(current=etag(sequence), headers={"ETag": etag(sequence)})
    publish_state(session, _told(changed), sequence=sequence)
    audit.note(
        session,
        actor=actor,
        action="calendar.amend",
        subject=str(year),
        payload=_told(changed).model_dump(mode="json"),
    )
    await session.flush()
    return changed, sequence


async def told(session: AsyncSession) -> AsyncIterator[tuple[CalendarChanged, int]]:
    """Yield each year's state with its sequence."""
    for row in await store.all_years(session):
        days = _days(await store.days_of(session, row.year))
        yield _told(CalendarYear(row.year, row.is_published, days)), row.sequence


def _days(rows: Iterable[DayRow]) -> tuple[CalendarDay, ...]:
    return tuple(CalendarDay(row.day, DayKind(row.kind), row.name) for row in rows)


def _told(year: CalendarYear) -> CalendarChanged:
    return CalendarChanged.model_validate(
        {
            "year": year.year,
            "is_published": year.is_published,
            "days": [{"day": one.day, "kind": one.kind, "name": one.name} for one in year.days],
        }
    )
