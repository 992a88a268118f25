"""When a rating can be given, and what a bad one sets off."""

from datetime import date

import pytest

from case_service.errors import AlreadyRated, NotClosedYet, OwnerScoreNotApplicable
from case_service.ratings.rules import call_back, check
from tongban.problems import Problem
from tongban.workdays import Calendar, Deadline, seed_years

CALENDAR = Calendar.from_years(seed_years())


@pytest.mark.parametrize(
    ("is_closed", "is_exchanged", "is_rated", "owner_score", "refusal"),
    [
        (False, False, False, None, NotClosedYet),
        (True, False, True, None, AlreadyRated),
        (True, False, False, 5, OwnerScoreNotApplicable),
        (False, True, True, 5, NotClosedYet),
    ],
)
def test_a_rating_that_cannot_be_given_is_refused(
    is_closed: bool,
    is_exchanged: bool,
    is_rated: bool,
    owner_score: int | None,
    refusal: type[Problem],
) -> None:
    with pytest.raises(refusal):
        check(
            is_closed=is_closed,
            is_exchanged=is_exchanged,
            is_rated=is_rated,
            owner_score=owner_score,
        )


@pytest.mark.parametrize(("is_exchanged", "owner_score"), [(False, None), (True, None), (True, 1)])
def test_a_closed_case_is_rated(is_exchanged: bool, owner_score: int | None) -> None:
    check(is_closed=True, is_exchanged=is_exchanged, is_rated=False, owner_score=owner_score)


@pytest.mark.parametrize("score", [3, 4, 5])
def test_who_is_content_is_not_called_back(score: int) -> None:
    assert call_back(score, date(2026, 3, 2), CALENDAR) is None


@pytest.mark.parametrize("score", [1, 2])
def test_who_is_not_is_called_back_within_five_working_days(score: int) -> None:
    assert call_back(score, date(2026, 3, 2), CALENDAR) == Deadline(date(2026, 3, 9), False)


def test_the_spring_festival_is_not_counted() -> None:
    due = call_back(1, date(2026, 2, 13), CALENDAR)

    assert due is not None
    assert due.due_on > date(2026, 2, 24)
