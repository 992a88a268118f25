"""What a year of the working-day calendar must be (工作日历). Pure."""

from collections.abc import Iterator, Sequence

from catalog_service.errors import CalendarYearInvalid
from tongban.problems import FieldError, Where
from tongban.workdays import CalendarDay, DayKind

__all__ = ["require_year"]

SATURDAY = 5


def require_year(year: int, days: Sequence[CalendarDay]) -> None:
    """Refuse days that don't make the calendar of `year`, telling each.

    Raises:
        CalendarYearInvalid: 422.
    """
    faults = [*_outside(year, days), *_repeated(days), *_working_weekdays(days)]
    if faults:
        raise CalendarYearInvalid(year=year, errors=faults)


def _outside(year: int, days: Sequence[CalendarDay]) -> Iterator[FieldError]:
    for at, one in enumerate(days):
        if one.day.year != year:
            yield _fault(at, "day", zh=f"不在 {year} 年", en=f"is not in {year}")


def _repeated(days: Sequence[CalendarDay]) -> Iterator[FieldError]:
    seen = set()
    for at, one in enumerate(days):
        if one.day in seen:
            yield _fault(at, "day", zh="日期重复", en="stands there twice")
        seen.add(one.day)


def _working_weekdays(days: Sequence[CalendarDay]) -> Iterator[FieldError]:
    for at, one in enumerate(days):
        if one.kind is DayKind.MAKE_UP_WORKDAY and one.day.weekday() < SATURDAY:
            yield _fault(
                at,
                "kind",
                zh="调休上班日应为周六或周日",
                en="a make-up working day is a Saturday or a Sunday",
            )


def _fault(at: int, field: str, *, zh: str, en: str) -> FieldError:
    return Where.pointer(f"/days/{at}/{field}", {"zh-CN": zh, "en": en})
