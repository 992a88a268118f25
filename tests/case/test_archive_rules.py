"""How long a file is kept, what it is called, what stands against destroying it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.archive.rules import (
    FileAge,
    RetentionLine,
    archive_number,
    class_of,
    obstacles_to,
    retention_ends_on,
)
from case_service.archive.vocabulary import ArchiveState, Obstacle, RetentionClass

CODE = "11610131MB2A12345X4610117001001"
SCHEDULE = [
    RetentionLine(retention=RetentionClass.YEARS_30, matter_type="licence"),
    RetentionLine(retention=RetentionClass.YEARS_10, outcome="withdrawn"),
    RetentionLine(retention=RetentionClass.PERMANENT, matter_code=CODE),
    RetentionLine(retention=RetentionClass.YEARS_10, matter_code=CODE, matter_version=2),
]


@pytest.mark.parametrize(
    ("asked", "retention"),
    [
        ({}, RetentionClass.YEARS_30),
        ({"outcome": "withdrawn"}, RetentionClass.YEARS_10),
        ({"matter_code": CODE}, RetentionClass.PERMANENT),
        ({"matter_code": CODE, "outcome": "withdrawn"}, RetentionClass.PERMANENT),
        ({"matter_code": CODE, "version": 2}, RetentionClass.YEARS_10),
        ({"matter_type": "award"}, RetentionClass.PERMANENT),
    ],
)
def test_the_line_that_asks_most_gives_the_class(
    asked: dict[str, Any], retention: RetentionClass
) -> None:
    case = {"matter_type": "licence", "matter_code": "x", "version": 1, "outcome": "granted"}

    assert class_of(SCHEDULE, **{**case, **asked}) is retention


def test_of_two_that_ask_alike_the_longer_term_counts() -> None:
    lines = [
        RetentionLine(retention=RetentionClass.YEARS_10, matter_type="licence"),
        RetentionLine(retention=RetentionClass.YEARS_30, matter_type="licence"),
    ]

    found = class_of(lines, matter_type="licence", matter_code="x", version=1, outcome="granted")

    assert found is RetentionClass.YEARS_30


@pytest.mark.parametrize(
    ("retention", "closed_on", "ends_on"),
    [
        (RetentionClass.YEARS_10, date(2020, 2, 29), date(2031, 1, 1)),
        (RetentionClass.YEARS_10, date(2020, 12, 31), date(2031, 1, 1)),
        (RetentionClass.YEARS_10, date(2021, 1, 1), date(2032, 1, 1)),
        (RetentionClass.YEARS_30, date(2026, 3, 2), date(2057, 1, 1)),
        (RetentionClass.PERMANENT, date(2026, 3, 2), None),
    ],
)
def test_terms_are_whole_years_after_the_year_of_closing(
    retention: RetentionClass, closed_on: date, ends_on: date | None
) -> None:
    assert retention_ends_on(retention, closed_on) == ends_on


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_what_was_closed_later_is_kept_no_shorter(one: date, other: date) -> None:
    first, last = sorted((one, other))
    ends = [retention_ends_on(RetentionClass.YEARS_30, day) for day in (first, last)]

    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0] <= ends[1]


def test_a_number_tells_fonds_year_and_term() -> None:
    number = archive_number(
        fonds="610171", year=2026, retention=RetentionClass.YEARS_30, running=123
    )

    assert number == "610171-ZW·2026-D30-000123"


def age(**changes: Any) -> FileAge:
    return FileAge(
        **{
            "state": ArchiveState.FILED,
            "is_reopened": False,
            "retention": RetentionClass.YEARS_10,
            "ends_on": date(2026, 3, 2),
            "has_open_hold": False,
            "challenges": [],
            "has_valid_licence": False,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("file", "obstacles"),
    [
        (age(), []),
        (age(state=ArchiveState.TRANSFERRED), []),
        (age(ends_on=date(2026, 3, 3)), [Obstacle.TERM_RUNNING]),
        (age(retention=RetentionClass.PERMANENT, ends_on=None), [Obstacle.PERMANENT]),
        (age(state=ArchiveState.WAITING), [Obstacle.NOT_FILED]),
        (age(state=ArchiveState.DESTROYED), [Obstacle.NOT_FILED]),
        (age(is_reopened=True), [Obstacle.REOPENED]),
        (age(has_open_hold=True), [Obstacle.HELD]),
        (age(challenges=[{"kind": "suit", "state": "filed"}]), [Obstacle.CHALLENGED]),
        (age(challenges=[{"kind": "suit", "state": "upheld"}]), []),
        (age(has_valid_licence=True), [Obstacle.LICENCE_VALID]),
        (age(is_proposed_elsewhere=True), [Obstacle.ELSEWHERE]),
        (
            age(ends_on=None, has_open_hold=True, has_valid_licence=True),
            [Obstacle.TERM_RUNNING, Obstacle.HELD, Obstacle.LICENCE_VALID],
        ),
    ],
)
def test_all_that_stands_against_destruction_is_told(
    file: FileAge, obstacles: list[Obstacle]
) -> None:
    assert obstacles_to(file, today=date(2026, 3, 2)) == obstacles
