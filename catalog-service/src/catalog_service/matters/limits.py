"""How a limit that the law counts in calendar days compares with working days. Pure.

There is one rule, and it is this page's: whatever compares a promise with the law, or adds limits
up, converts by it.
"""

from catalog_service.matters.vocabulary import DayUnit

__all__ = ["CALENDAR_DAYS", "WORKING_DAYS", "in_working_days"]

WORKING_DAYS, CALENDAR_DAYS = 5, 7
"""A limit that the law counts in calendar days: of seven, five are taken for working days."""


def in_working_days(days: int, unit: DayUnit) -> int:
    """Return a limit in working days: calendar days × 5 ÷ 7, rounded down, at least one day.

    Rounded down, a promise that fits the converted limit fits the law also in a week without
    holidays. Holidays are left out: a limit is compared before anybody knows when it will run.
    The due day of a case that runs is counted on the calendar itself, not by this rule.
    """
    if unit is DayUnit.WORKING_DAYS:
        return days
    return max(min(days, 1), days * WORKING_DAYS // CALENDAR_DAYS)
