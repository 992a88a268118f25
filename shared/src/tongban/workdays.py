"""Working days (工作日): which days count for a time limit, and why.

Pure. Weekends and public holidays do not count, the State Council's make-up working days (调休) do.
The first day counted is the day after the start. A year whose holidays the State Council has not
published yet is reckoned by weekends alone, and every answer that rests on it is provisional.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, Self

import chinese_calendar  # type: ignore[import-untyped]  # ships neither stubs nor py.typed

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
# The notice for a year begins with New Year's Day and may move the last days of the year before:
# that of 2019 made 29 December 2018, a Saturday, a working day and the 31st a holiday.
_NEW_YEAR_BEGINS = (12, 29)


class DayKind(StrEnum):
    WORKDAY = "workday"  # 工作日
    WEEKEND = "weekend"  # 周末
    HOLIDAY = "holiday"  # 节假日
    MAKE_UP_WORKDAY = "make_up_workday"  # 调休上班日

    @property
    def is_working(self) -> bool:
        return self in (DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that is not what its weekday says; `name` is the festival's, in Chinese."""

    day: date
    kind: DayKind
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year as the calendar's owner tells it to others."""

    year: int
    is_published: bool
    days: tuple[CalendarDay, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    due_on: date
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Count:
    days: int
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class DayExplained:
    day: date
    is_counted: bool
    is_provisional: bool
    reason_zh: str
    reason_en: str


class DayRow(Protocol):
    """What a stored day must have to be read into a `Calendar`."""

    @property
    def day(self) -> date: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str | None: ...


@dataclass(frozen=True)
class Calendar:
    """The exceptions by year, and the years that are published; an immutable value."""

    exceptions: Mapping[int, Mapping[date, CalendarDay]]
    published_years: frozenset[int]
    _holidays: frozenset[date] = field(init=False, repr=False, compare=False)
    _make_up_days: frozenset[date] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = [day for year in self.exceptions.values() for day in year.values()]
        off = frozenset(day.day for day in known if not day.kind.is_working)
        on = frozenset(day.day for day in known if day.kind.is_working)
        object.__setattr__(self, "_holidays", off)
        object.__setattr__(self, "_make_up_days", on)

    @classmethod
    def from_years(cls, years: Iterable[CalendarYear]) -> Self:
        years = list(years)
        return cls.from_rows(
            (day for year in years for day in year.days),
            published_years=[year.year for year in years if year.is_published],
        )

    @classmethod
    def from_rows(
        cls, rows: Iterable[DayRow], *, published_years: Iterable[int] | None = None
    ) -> Self:
        """A year counts as published when it has a row, unless `published_years` says which."""
        exceptions: dict[int, dict[date, CalendarDay]] = defaultdict(dict)
        for row in rows:
            exceptions[row.day.year][row.day] = CalendarDay(row.day, DayKind(row.kind), row.name)
        return cls(
            exceptions=MappingProxyType(
                {year: MappingProxyType(days) for year, days in exceptions.items()}
            ),
            published_years=frozenset(exceptions if published_years is None else published_years),
        )

    def is_working_day(self, day: date) -> bool:
        if day.weekday() < _SATURDAY:
            return day not in self._holidays
        return day in self._make_up_days

    def kind_of(self, day: date) -> DayKind:
        exception = self._exception(day)
        if exception is not None:
            return exception.kind
        return DayKind.WORKDAY if self.is_working_day(day) else DayKind.WEEKEND

    def is_settled(self, day: date) -> bool:
        """Whether the notice that decides on `day` is published."""
        is_next_years_too = (day.month, day.day) >= _NEW_YEAR_BEGINS
        return day.year in self.published_years and (
            not is_next_years_too or day.year + 1 in self.published_years
        )

    def add_working_days(self, start: date, days: int) -> Deadline:
        """The `days`-th working day after `start`; with none to add, `start` itself."""
        if days < 0:
            raise ValueError(f"a time limit has no negative days: {days}")
        due_on, left = start, days
        while left:
            due_on += _ONE_DAY
            left -= self.is_working_day(due_on)
        return Deadline(due_on, self._is_provisional(start, due_on))

    def working_days_between(self, start: date, end: date) -> Count:
        """The working days after `start` up to and including `end`; negative when `end` is past."""
        if end < start:
            past = self.working_days_between(end, start)
            return Count(-past.days, past.is_provisional)
        counted = sum(map(self.is_working_day, _days_after(start, end)))
        return Count(counted, self._is_provisional(start, end))

    def explain(self, start: date, end: date) -> list[DayExplained]:
        """Each day after `start` up to and including `end`: whether it counts, and why."""
        return [self._explain(day) for day in _days_after(start, end)]

    def _exception(self, day: date) -> CalendarDay | None:
        return self.exceptions.get(day.year, {}).get(day)

    def _is_provisional(self, start: date, end: date) -> bool:
        if start == end:
            return False
        # The last days of a year are settled last, and never before the days ahead of them.
        return not all(map(self.is_settled, _year_ends(start + _ONE_DAY, end)))

    def _explain(self, day: date) -> DayExplained:
        exception, kind = self._exception(day), self.kind_of(day)
        zh, en = _REASONS[kind]
        if exception is not None and exception.name:
            zh = f"{exception.name}{zh}"
            en = f"{en}: {_ENGLISH_NAMES.get(exception.name, exception.name)}"
        is_settled = self.is_settled(day)
        if not is_settled:
            zh += "（节假日安排尚未公布，暂按已知情况推算）"
            en += " (provisional: the holidays are not published yet)"
        return DayExplained(day, self.is_working_day(day), not is_settled, zh, en)


def published_years() -> frozenset[int]:
    """The years that the library knows; it raises `NotImplementedError` for any other."""
    return frozenset(day.year for day in chinese_calendar.holidays)


def seed_rows(from_year: int = 2018, to_year: int | None = None) -> list[CalendarDay]:
    """Every holiday and make-up working day of the published years, as the library has them."""
    last = max(published_years()) if to_year is None else to_year
    by_kind = {
        DayKind.HOLIDAY: chinese_calendar.holidays,
        DayKind.MAKE_UP_WORKDAY: chinese_calendar.workdays,
    }
    return sorted(
        (
            CalendarDay(day, kind, chinese_calendar.Holiday(name).chinese)
            for kind, days in by_kind.items()
            for day, name in days.items()
            if from_year <= day.year <= last
        ),
        key=lambda row: row.day,
    )


def seed_years(from_year: int = 2018, to_year: int | None = None) -> list[CalendarYear]:
    days: dict[int, list[CalendarDay]] = defaultdict(list)
    for row in seed_rows(from_year, to_year):
        days[row.day.year].append(row)
    return [CalendarYear(year, True, tuple(rows)) for year, rows in days.items()]


def _days_after(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=count) for count in range(1, (end - start).days + 1))


def _year_ends(first: date, last: date) -> Iterator[date]:
    """The last day within each year from `first` to `last`."""
    return (min(date(year, 12, 31), last) for year in range(first.year, last.year + 1))


_ENGLISH_NAMES: Mapping[str, str] = MappingProxyType(
    {holiday.chinese: holiday.value for holiday in chinese_calendar.Holiday}
)
_REASONS: Mapping[DayKind, tuple[str, str]] = MappingProxyType(
    {
        DayKind.WORKDAY: ("工作日", "working day"),
        DayKind.WEEKEND: ("周末", "weekend"),
        DayKind.HOLIDAY: ("放假", "public holiday"),
        DayKind.MAKE_UP_WORKDAY: ("调休上班", "make-up working day"),
    }
)
