"""How long a file is kept, what it is called, and when it may go (保管期限、档号、销毁).

Pure: values in, values out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from case_service.archive.vocabulary import ArchiveState, Obstacle, RetentionClass
from case_service.cases.rules import ChallengeState

__all__ = [
    "CATEGORY",
    "YEARS",
    "FileAge",
    "RetentionLine",
    "archive_number",
    "class_of",
    "obstacles_to",
    "open_challenges",
    "retention_ends_on",
]

CATEGORY: Final = "ZW"
"""档案门类代码: files of government service."""

YEARS: Final = MappingProxyType(
    {RetentionClass.PERMANENT: None, RetentionClass.YEARS_30: 30, RetentionClass.YEARS_10: 10}
)
_CODES: Final = MappingProxyType(
    {
        RetentionClass.PERMANENT: "Y",
        RetentionClass.YEARS_30: "D30",
        RetentionClass.YEARS_10: "D10",
    }
)
"""保管期限代码 (DA/T 13-2022)."""


@dataclass(frozen=True, kw_only=True)
class RetentionLine:
    """保管期限表的一行: what it asks of a case (None asks nothing), and the class it gives."""

    retention: RetentionClass
    matter_type: str | None = None
    matter_code: str | None = None
    matter_version: int | None = None
    outcome: str | None = None

    def fits(self, *, matter_type: str, matter_code: str, version: int, outcome: str) -> bool:
        """Tell whether the line is about such a case."""
        asked = (
            (self.matter_type, matter_type),
            (self.matter_code, matter_code),
            (self.matter_version, version),
            (self.outcome, outcome),
        )
        return all(wanted is None or wanted == told for wanted, told in asked)

    @property
    def weight(self) -> int:
        """How much it asks: a version says more than a matter, a matter than an end, then a type.

        That a case ended without a decision says more than what type of matter it was about.
        """
        return (
            8 * (self.matter_version is not None)
            + 4 * (self.matter_code is not None)
            + 2 * (self.outcome is not None)
            + (self.matter_type is not None)
        )


def class_of(
    schedule: Iterable[RetentionLine],
    *,
    matter_type: str,
    matter_code: str,
    version: int,
    outcome: str,
) -> RetentionClass:
    """Return the class by the line that asks most; of equals the longest; permanent by none.

    What no line of the schedule is about is kept for ever until one is: nothing goes by oversight.
    """
    fitting = [
        line
        for line in schedule
        if line.fits(
            matter_type=matter_type, matter_code=matter_code, version=version, outcome=outcome
        )
    ]
    if not fitting:
        return RetentionClass.PERMANENT
    most = max(line.weight for line in fitting)
    classes = {line.retention for line in fitting if line.weight == most}
    return next(one for one in RetentionClass if one in classes)


def retention_ends_on(retention: RetentionClass, closed_on: date) -> date | None:
    """Return the first day on which a file is kept no longer; None where it is for ever.

    Terms count whole calendar years, from the 1 January after the case was closed.
    """
    years = YEARS[retention]
    return None if years is None else date(closed_on.year + 1 + years, 1, 1)


def archive_number(*, fonds: str, year: int, retention: RetentionClass, running: int) -> str:
    """Return a 档号: fonds-category·year-term-piece (DA/T 13-2022)."""
    return f"{fonds}-{CATEGORY}·{year}-{_CODES[retention]}-{running:06}"


@dataclass(frozen=True, kw_only=True)
class FileAge:
    """What the law asks about a file before it goes."""

    state: ArchiveState
    is_reopened: bool
    retention: RetentionClass
    ends_on: date | None
    has_open_hold: bool
    challenges: Sequence[dict[str, Any]]
    has_valid_licence: bool
    is_proposed_elsewhere: bool = False


def open_challenges(challenges: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the reviews and suits that are not over."""
    return [one for one in challenges if one.get("state") == ChallengeState.FILED.value]


def obstacles_to(file: FileAge, *, today: date) -> list[Obstacle]:
    """Return all that stands against destroying a file today, none where it may go."""
    is_kept = file.state in (ArchiveState.FILED, ArchiveState.TRANSFERRED)
    is_permanent = file.retention is RetentionClass.PERMANENT
    # A file handed over to the archives is theirs: what stays here is a copy, under the same term.
    found = {
        Obstacle.NOT_FILED: not is_kept,
        Obstacle.REOPENED: file.is_reopened,
        Obstacle.PERMANENT: is_permanent,
        Obstacle.TERM_RUNNING: not is_permanent and (file.ends_on is None or today < file.ends_on),
        Obstacle.HELD: file.has_open_hold,
        Obstacle.CHALLENGED: bool(open_challenges(file.challenges)),
        Obstacle.LICENCE_VALID: file.has_valid_licence,
        Obstacle.ELSEWHERE: file.is_proposed_elsewhere,
    }
    return [obstacle for obstacle, stands in found.items() if stands]
