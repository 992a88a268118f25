"""Opening hours by the district's calendar."""

from datetime import datetime

import pytest

from site_service.sites.rules import HoursInvalid, check_hours, is_open_at, weekly_hours
from tongban.clock import SHANGHAI
from tongban.workdays import Calendar, seed_years

CALENDAR = Calendar.from_years(seed_years(2026, 2026))
HALL = "Mo-Fr 09:00-17:00; Sa 09:00-12:00; PH off"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("expression", "at", "is_open"),
    [
        (HALL, "2026-10-09T16:59", True),
        (HALL, "2026-10-09T17:00", False),
        # 2026-10-10 is a Saturday that the State Council made a working day.
        (HALL, "2026-10-10T16:30", True),
        ("Mo-Fr 09:00-17:00", "2026-10-10T10:00", True),
        (HALL, "2026-10-17T11:30", True),
        (HALL, "2026-10-17T16:30", False),
        (HALL, "2026-10-18T10:00", False),
        # 2026-10-01 is a Thursday, and a public holiday.
        (HALL, "2026-10-01T10:00", False),
        ("Mo-Fr 09:00-17:00", "2026-10-01T10:00", False),
        ("Mo-Su 08:00-21:00", "2026-10-01T10:00", True),
        ("24/7", "2026-10-01T03:00", True),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "2026-10-01T11:00", True),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "2026-10-01T13:00", False),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "2026-10-09T13:00", True),
        ("Mo-Fr 09:00-12:00,14:00-17:30", "2026-10-09T13:00", False),
        ("off", "2026-10-09T13:00", False),
    ],
)
def test_a_site_is_open_by_its_hours_and_the_calendar(
    expression: str, at: str, is_open: bool
) -> None:
    check_hours(expression)

    assert is_open_at(expression, local(at), CALENDAR) is is_open


@pytest.mark.parametrize(
    "expression", ["", "garbage", "25:00-26:00", "Mo-Fr 09:00", "Mo-Fr,PH 09:00-17:00", "SH off"]
)
def test_hours_that_cannot_be_kept_are_refused(expression: str) -> None:
    with pytest.raises(HoursInvalid):
        check_hours(expression)


SHUT: tuple[tuple[str, str], ...] = ()
DAY = (("09:00", "17:00"),)
TWICE = (("09:00", "12:00"), ("14:00", "17:30"))
NIGHT = (("00:00", "02:00"), ("22:00", "24:00"))
WHOLE = (("00:00", "24:00"),)


@pytest.mark.parametrize(
    ("expression", "week"),
    [
        ("Mo-Fr 09:00-17:00", (DAY, DAY, DAY, DAY, DAY, SHUT, SHUT)),
        (HALL, (DAY, DAY, DAY, DAY, DAY, (("09:00", "12:00"),), SHUT)),
        ("Mo-Fr 09:00-12:00,14:00-17:30", (TWICE, TWICE, TWICE, TWICE, TWICE, SHUT, SHUT)),
        # A later rule takes a day over, and one after a comma adds to it.
        ("Mo-Fr 09:00-17:00; We off", (DAY, DAY, SHUT, DAY, DAY, SHUT, SHUT)),
        ("Mo-Fr 09:00-17:00, Sa 09:00-17:00", (DAY, DAY, DAY, DAY, DAY, DAY, SHUT)),
        # Past midnight: each day has the end of the night before and its own beginning.
        ("Mo-Su 22:00-02:00", (NIGHT,) * 7),
        ("Fr 22:00-02:00", (*(SHUT,) * 4, NIGHT[1:], NIGHT[:1], SHUT)),
        ("24/7", (WHOLE,) * 7),
        ("off", (SHUT,) * 7),
        ("PH 10:00-12:00", (SHUT,) * 7),
        # Weeks that differ have no weekly rule: by month, by date, by number.
        ("May-Sep: Mo-Fr 08:00-17:00; Oct-Apr: Mo-Fr 09:00-17:00", None),
        ("Mo-Fr 09:00-17:00; Dec 31 off", None),
        ("Mo[1] 09:00-12:00", None),
        ("week 1-53/2 Mo 09:00-10:00", None),
        ("Mo-Fr 09:00-17:00; week 53 off", None),
        # Of one year alone, or from a year on.
        ("Mo-Fr 09:00-17:00; 2027 Oct 01-07 off", None),
        ("Mo-Fr 09:00-17:00; 2031 Dec 31 09:00-12:00", None),
        ("2030-2040 Mo-Fr 09:00-17:00", None),
        ("2019+ Mo-Fr 09:00-17:00", None),
    ],
)
def test_a_week_is_told_where_every_week_is_alike(expression: str, week: object) -> None:
    assert weekly_hours(expression) == week
