"""What a rating is (好差评): five to one, once per contact and once per closed case.

Pure: values in, values out.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from case_service.errors import AlreadyRated, NotClosedYet, OwnerScoreNotApplicable
from case_service.ratings.errors import ContactRatedAlready, ContactTooLongAgo
from tongban.workdays import Calendar, Deadline

__all__ = [
    "BEST",
    "CALL_BACK_DAYS",
    "WORST",
    "RatingSource",
    "call_back",
    "check",
    "check_contact",
    "tally_keys",
]

WORST: Final = 1  # 非常不满意
BEST: Final = 5  # 非常满意
CALL_BACK_DAYS: Final = 5
CONTACT_DAYS: Final = 30
_CALLED_BACK_UP_TO: Final = 2  # 不满意


class RatingSource(StrEnum):
    APPLICANT = "applicant"  # 本人评价
    AGENT = "agent"  # 代办人评价
    TERMINAL = "terminal"  # 窗口评价器
    EXCHANGE = "exchange"  # 跨区评价


def check(*, is_closed: bool, is_exchanged: bool, is_rated: bool, owner_score: int | None) -> None:
    """Refuse a rating that can't be given.

    Raises:
        NotClosedYet: one matter, one rating (一事一评), and only once it is done.
        AlreadyRated: it was given before, and stays as it was given.
        OwnerScoreNotApplicable: no other district had a part in the case.
    """
    if not is_closed:
        raise NotClosedYet
    if is_rated:
        raise AlreadyRated
    if owner_score is not None and not is_exchanged:
        raise OwnerScoreNotApplicable


def check_contact(
    *, served_at: datetime, is_rated: bool, owner_score: int | None, at: datetime
) -> None:
    """Refuse a rating of a contact (一次一评) that can't be given.

    Raises:
        ContactRatedAlready, ContactTooLongAgo
        OwnerScoreNotApplicable: a contact is with this district alone.
    """
    if is_rated:
        raise ContactRatedAlready
    if at - served_at > timedelta(days=CONTACT_DAYS):
        raise ContactTooLongAgo(days=CONTACT_DAYS)
    if owner_score is not None:
        raise OwnerScoreNotApplicable


def call_back(score: int, on: date, calendar: Calendar) -> Deadline | None:
    """Return by when a bad rating is called back (回访); None for any other."""
    if score > _CALLED_BACK_UP_TO:
        return None
    return calendar.add_working_days(on, CALL_BACK_DAYS)


def tally_keys(
    *, site_id: str | None, window_id: str | None, matter_code: str | None
) -> list[tuple[str, str, str]]:
    """Return the sums that a rating counts in, as (site, window, matter); empty means any.

    In one order for everybody, so that two ratings never wait for one another.
    """
    site, window, matter = site_id or "", window_id or "", matter_code or ""
    keys = {("", "", ""), (site, "", ""), ("", "", matter), (site, "", matter)}
    if site:
        keys.add((site, window, ""))
    return sorted(keys)
