"""Every SQL statement about roll-ups."""

import math
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments.tables import Appointment
from site_service.queue.tables import Ticket
from site_service.statistics.rules import (
    AT_ONCE,
    CLASSES,
    DISTRICT,
    GROWTH,
    ON_TIME,
    Cover,
    Cut,
    Span,
    Tally,
    month_end,
)
from site_service.statistics.tables import CountedMonth, CountingProgress, StaleDay, TallyRow

COUNTS = (
    "taken",
    "served",
    "abandoned",
    "no_show",
    "unrecorded",
    "called",
    "cases",
    "wait_seconds",
    "service_seconds",
    "service_squares",
    "appointments",
    "appointments_missed",
    "appointment_calls",
    "appointments_on_time",
)
_COLUMNS = f"site_id, cut, span, starts_on, key, {', '.join(COUNTS)}, waits"

# What became of a ticket is told by its last call: one that came back after a missed call and
# gave up then had waited, one that never came back had not come.
_FACTS = """
SELECT t.site_id,
  t.window_id::text AS window_id,
  t.area,
  to_char(t.placed_at AT TIME ZONE 'Asia/Shanghai', 'HH24') AS hour,
  coalesce(t.called_as, t.call_class) AS call_class,
  1 AS taken,
  (t.state = 'done')::int AS served,
  (is_over AND NOT came_to_nothing AND NOT is_unrecorded)::int AS abandoned,
  (t.state = 'missed' OR is_over AND came_to_nothing)::int AS no_show,
  is_unrecorded::int AS unrecorded,
  (t.called_at IS NOT NULL)::int AS called,
  (t.case_id IS NOT NULL)::int AS cases,
  waited AS wait_seconds,
  CASE WHEN t.state = 'done' THEN extract(epoch FROM t.done_at - t.called_at) END
    AS service_seconds,
  0 AS appointments,
  0 AS appointments_missed,
  (t.due_at IS NOT NULL AND t.called_at IS NOT NULL)::int AS appointment_calls,
  coalesce(t.called_at <= greatest(t.due_at, t.placed_at) + :on_time AND t.due_at IS NOT NULL,
    false)::int AS appointments_on_time,
  CASE WHEN waited IS NULL THEN NULL WHEN waited <= :at_once THEN 0
    ELSE least(:classes - 1, ceil(ln(waited / :at_once) / :growth))::int END AS class
FROM tickets AS t,
  LATERAL (SELECT
    t.state IN ('withdrawn', 'lapsed') AS is_over,
    t.called_at IS NOT NULL AND (t.returned_at IS NULL OR t.called_at > t.returned_at)
      AS came_to_nothing,
    t.kiosk_code IS NOT NULL AND t.state = 'lapsed' AND t.called_at IS NULL
      AND (t.created_at AT TIME ZONE 'Asia/Shanghai')::date > t.day AS is_unrecorded,
    CASE WHEN t.called_at IS NOT NULL
      THEN greatest(0, extract(epoch FROM t.called_at - t.placed_at))::float8 END AS waited
  ) AS told
WHERE t.day = :day
UNION ALL
SELECT a.site_id, v.window_id::text, v.area,
  to_char(a.starts_at AT TIME ZONE 'Asia/Shanghai', 'HH24'), 'appointment',
  0, 0, 0, 0, 0, 0, 0, NULL, NULL, 1, (a.state = 'no_show')::int, 0, 0, NULL
FROM appointments AS a
JOIN visits AS v ON v.appointment_id = a.id AND v.nth = 1
WHERE a.day = :day AND a.state IN ('booked', 'checked_in', 'no_show')
"""

# One pass over the day's facts makes every cut, of each site and of the district.
_COUNT_DAY = f"""
WITH facts AS ({_FACTS}),
by_class AS (
  SELECT site_id, window_id, area, hour, call_class, class,
    grouping(site_id) AS no_site, grouping(window_id) AS no_window, grouping(area) AS no_area,
    grouping(hour) AS no_hour, grouping(call_class) AS no_class, count(*) AS n,
    {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in COUNTS if "squares" not in name)},
    coalesce(sum(service_seconds * service_seconds), 0) AS service_squares
  FROM facts
  GROUP BY GROUPING SETS (
    (site_id, class), (site_id, window_id, class), (site_id, area, class), (site_id, hour, class),
    (site_id, call_class, class), (site_id, area, hour, class),
    (class), (area, class), (hour, class), (call_class, class), (area, hour, class))
)
INSERT INTO tallies ({_COLUMNS})
SELECT CASE WHEN no_site = 1 THEN '' ELSE site_id END,
  CASE WHEN no_window = 0 THEN 'window' WHEN no_area + no_hour = 0 THEN 'area_hour'
    WHEN no_area = 0 THEN 'area' WHEN no_hour = 0 THEN 'hour'
    WHEN no_class = 0 THEN 'call_class' ELSE 'whole' END,
  'day', :day,
  coalesce(window_id, CASE WHEN no_area + no_hour = 0 THEN area || '/' || hour END,
    area, hour, call_class, ''),
  {", ".join(f"sum({name})" for name in COUNTS)},
  coalesce(jsonb_object_agg(class, n) FILTER (WHERE class IS NOT NULL), '{{}}')
FROM by_class
-- Who was never called, or came for an appointment without one, stood at no window.
WHERE no_window = 1 OR window_id IS NOT NULL
GROUP BY site_id, window_id, area, hour, call_class,
  no_site, no_window, no_area, no_hour, no_class
"""  # noqa: S608  # the names are this module's own

_SUM_MONTH = f"""
WITH summed AS (
  SELECT site_id, cut, key, {", ".join(f"sum({name}) AS {name}" for name in COUNTS)}
  FROM tallies WHERE span = 'day' AND starts_on BETWEEN :month AND :end
  GROUP BY site_id, cut, key
),
classes AS (
  SELECT site_id, cut, key, jsonb_object_agg(class, n) AS waits FROM (
    SELECT site_id, cut, key, class, sum(n::int) AS n
    FROM tallies, LATERAL jsonb_each_text(waits) AS w (class, n)
    WHERE span = 'day' AND starts_on BETWEEN :month AND :end
    GROUP BY site_id, cut, key, class
  ) AS each GROUP BY site_id, cut, key
)
INSERT INTO tallies ({_COLUMNS})
SELECT site_id, cut, 'month', :month, key, {", ".join(COUNTS)}, coalesce(waits, '{{}}')
FROM summed LEFT JOIN classes USING (site_id, cut, key)
"""  # noqa: S608  # the names are this module's own


async def progress(session: AsyncSession) -> CountingProgress | None:
    """Return until when changes were looked for."""
    return await session.get(CountingProgress, 1, with_for_update=True)


async def database_time(session: AsyncSession) -> datetime:
    """Return the database's time, by which rows are stamped."""
    at: datetime = (await session.scalars(select(func.now()))).one()
    return at


async def note_changed(session: AsyncSession, since: datetime | None) -> None:
    """Note the days on which tickets or appointments changed since then; all where None."""
    tickets, appointments = select(Ticket.day), select(Appointment.day)
    if since is not None:
        tickets = tickets.where(Ticket.updated_at >= since)
        appointments = appointments.where(Appointment.updated_at >= since)
    await _note(session, union(tickets, appointments))


async def note_days(session: AsyncSession, first: date, last: date) -> None:
    """Note these days to be counted anew, where they were counted or have tickets."""
    within = select(Ticket.day).where(Ticket.day.between(first, last))
    counted = select(TallyRow.starts_on).where(
        TallyRow.site_id == DISTRICT,
        TallyRow.cut == Cut.WHOLE,
        TallyRow.span == Span.DAY,
        TallyRow.starts_on.between(first, last),
    )
    await _note(session, union(within, counted))


async def _note(session: AsyncSession, days: Any) -> None:
    await session.execute(insert(StaleDay).from_select(["day"], days).on_conflict_do_nothing())


async def take_stale(session: AsyncSession, *, limit: int) -> Sequence[date]:
    """Return the days to be counted next, and take them off the list.

    The latest day first, which most want to see, then those that have waited longest: days that
    are noted again and again keep no other day from its turn.
    """
    latest = select(func.max(StaleDay.day)).scalar_subquery()
    order = ((StaleDay.day == latest).desc(), StaleDay.noted_at, StaleDay.day.desc())
    chosen = select(StaleDay.day).order_by(*order).limit(limit).scalar_subquery()
    taken = await session.scalars(
        delete(StaleDay).where(StaleDay.day.in_(chosen)).returning(StaleDay.day),
        execution_options={"synchronize_session": False},
    )
    return sorted(taken)


async def count_day(session: AsyncSession, day: date) -> None:
    """Count a day anew, whatever was counted of it before; its month is to be summed again."""
    month = day.replace(day=1)
    await _drop(session, Span.DAY, day)
    await session.execute(
        text(_COUNT_DAY),
        {
            "day": day,
            "on_time": ON_TIME,
            "at_once": AT_ONCE,
            "classes": CLASSES,
            "growth": math.log(GROWTH),
        },
    )
    await session.execute(delete(CountedMonth).where(CountedMonth.month == month))
    await _drop(session, Span.MONTH, month)


async def _drop(session: AsyncSession, span: Span, starts_on: date) -> None:
    await session.execute(
        delete(TallyRow).where(TallyRow.span == span, TallyRow.starts_on == starts_on),
        execution_options={"synchronize_session": False},
    )


async def months_to_sum(session: AsyncSession, before: date) -> Sequence[date]:
    """Return the months that ended before this day, are counted day by day, and not summed."""
    month = func.date_trunc("month", TallyRow.starts_on).cast(TallyRow.starts_on.type)
    found = await session.scalars(
        select(month)
        .where(
            TallyRow.site_id == DISTRICT,
            TallyRow.cut == Cut.WHOLE,
            TallyRow.span == Span.DAY,
            TallyRow.starts_on < before.replace(day=1),
            month.not_in(select(CountedMonth.month)),
            month.not_in(
                select(func.date_trunc("month", StaleDay.day).cast(TallyRow.starts_on.type))
            ),
        )
        .distinct()
        .order_by(month)
    )
    return found.all()


async def sum_month(session: AsyncSession, month: date, *, at: datetime) -> None:
    """Sum a month's days."""
    await _drop(session, Span.MONTH, month)
    await session.execute(text(_SUM_MONTH), {"month": month, "end": month_end(month)})
    session.add(CountedMonth(month=month, counted_at=at))
    await session.flush()


async def counted_months(session: AsyncSession, first: date, last: date) -> Sequence[date]:
    """Return the months that are summed."""
    found = await session.scalars(
        select(CountedMonth.month).where(CountedMonth.month.between(first, last))
    )
    return found.all()


async def counted_at(session: AsyncSession) -> datetime | None:
    """Return when days were last counted."""
    at: datetime | None = await session.scalar(select(CountingProgress.counted_at))
    return at


async def tallies(
    session: AsyncSession, site_ids: Collection[str], cut: Cut, covered: Cover
) -> list[tuple[str, Span, date, str, Tally]]:
    """Return the roll-ups that make up a range: site, span, its first day, key and tally."""
    is_in_range = or_(
        (TallyRow.span == Span.MONTH) & TallyRow.starts_on.in_(covered.months),
        (TallyRow.span == Span.DAY) & TallyRow.starts_on.in_(covered.days),
    )
    rows = await session.execute(
        select(
            TallyRow.site_id,
            TallyRow.span,
            TallyRow.starts_on,
            TallyRow.key,
            *(getattr(TallyRow, name) for name in COUNTS),
            TallyRow.waits,
        ).where(TallyRow.site_id.in_(site_ids), TallyRow.cut == cut, is_in_range)
    )
    return [
        (site_id, span, starts_on, key, _tally(counts, waits))
        for site_id, span, starts_on, key, *counts, waits in rows
    ]


async def mean_waits(
    session: AsyncSession, site_ids: Collection[str], days: Collection[date], hour: int
) -> dict[str, float]:
    """Return the mean wait in seconds of who came in that hour of those days, by site."""
    called = func.sum(TallyRow.called)
    rows = await session.execute(
        select(TallyRow.site_id, func.sum(TallyRow.wait_seconds) / called)
        .where(
            TallyRow.site_id.in_(site_ids),
            TallyRow.cut == Cut.HOUR,
            TallyRow.span == Span.DAY,
            TallyRow.starts_on.in_(days),
            TallyRow.key == f"{hour:02d}",
        )
        .group_by(TallyRow.site_id)
        .having(called > 0)
    )
    return {site_id: float(seconds) for site_id, seconds in rows}


def _tally(counts: Sequence[Any], waits: dict[str, int]) -> Tally:
    told = dict(zip(COUNTS, counts, strict=True))
    return Tally(**told, waits={int(number): count for number, count in waits.items()})
