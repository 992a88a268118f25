"""What the ten measures are worth at a site, and what is missing (适老服务评分规则).

Pure. The score of a site is 100 × Σ(weight × value) ÷ Σ(weight) over the measures that apply to
its kind: 1 where met, one half where met in part, 0 where not met, never checked, or where the
check has run out. Basis: 国办发 2020 年第 45 号, 市政办发 2020 年第 32 号.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

__all__ = [
    "VALUES",
    "Aspect",
    "Checked",
    "EvidenceKind",
    "Lack",
    "Measured",
    "Outcome",
    "Score",
    "evidence_lacking",
    "lack_of",
    "score",
    "valid_until",
]


class Aspect(StrEnum):
    """The four aspects of the ten measures."""

    ACCESS = "access"  # 通行便利化
    FAST_HANDLING = "fast_handling"  # 办事快捷化
    CARING_FACILITIES = "caring_facilities"  # 设施暖心化
    QUALITY = "quality"  # 服务品质化


class Outcome(StrEnum):
    """What a check found."""

    MET = "met"  # 已落实
    PARTLY = "partly"  # 部分落实
    NOT_MET = "not_met"  # 未落实


class EvidenceKind(StrEnum):
    """By what a check is shown."""

    PHOTO = "photo"  # 照片
    FILE = "file"  # 文件
    TEXT = "text"  # 文字说明


class Lack(StrEnum):
    """Why a measure does not count in full."""

    UNCHECKED = "unchecked"  # 未检查
    EXPIRED = "expired"  # 检查过期
    PARTLY = "partly"  # 部分落实
    NOT_MET = "not_met"  # 未落实


VALUES: Mapping[Outcome, float] = MappingProxyType(
    {Outcome.MET: 1.0, Outcome.PARTLY: 0.5, Outcome.NOT_MET: 0.0}
)


class Measured(Protocol):
    """What the rules look at in a measure."""

    @property
    def code(self) -> str: ...
    @property
    def aspect(self) -> Aspect: ...
    @property
    def weight(self) -> int: ...
    @property
    def applies_to(self) -> Sequence[str]: ...


class Checked(Protocol):
    """What the rules look at in a check."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def valid_until(self) -> date: ...


def applies(measure: Measured, kind: str) -> bool:
    """Tell whether the measure is asked of sites of that kind; none named are all."""
    return not measure.applies_to or kind in measure.applies_to


def lack_of(check: Checked | None, on: date) -> Lack | None:
    """Return why the measure does not count in full on that day; None where it does."""
    if check is None:
        return Lack.UNCHECKED
    if check.valid_until < on:
        return Lack.EXPIRED
    return {Outcome.MET: None, Outcome.PARTLY: Lack.PARTLY, Outcome.NOT_MET: Lack.NOT_MET}[
        check.outcome
    ]


def value_of(check: Checked | None, on: date) -> float:
    """Return what the check is worth on that day, 0 to 1."""
    if check is None or check.valid_until < on:
        return 0.0
    return VALUES[check.outcome]


@dataclass(frozen=True, slots=True)
class Score:
    """How far a site does what the measures ask, of 100; None where none apply."""

    total: float | None
    aspects: Mapping[Aspect, float | None]


def score(
    measures: Iterable[Measured], checks: Mapping[str, Checked], *, kind: str, on: date
) -> Score:
    """Return the score of a site of that kind, by its newest check of each measure."""
    asked = [one for one in measures if applies(one, kind)]
    return Score(
        total=_share(asked, checks, on),
        aspects={
            aspect: _share([one for one in asked if one.aspect is aspect], checks, on)
            for aspect in Aspect
        },
    )


def _share(asked: Sequence[Measured], checks: Mapping[str, Checked], on: date) -> float | None:
    whole = sum(one.weight for one in asked)
    if whole == 0:
        return None
    reached = sum(one.weight * value_of(checks.get(one.code), on) for one in asked)
    return round(100 * reached / whole, 1)


def valid_until(checked_on: date, days: int) -> date:
    """Return the last day on which a check counts."""
    return checked_on + timedelta(days=days)


def evidence_lacking(
    outcome: Outcome, wanted: Sequence[EvidenceKind], given: Iterable[EvidenceKind]
) -> list[EvidenceKind]:
    """Return the kinds of evidence without which it cannot be said that a measure is met."""
    if outcome is Outcome.NOT_MET:
        return []
    there = set(given)
    return [kind for kind in wanted if kind not in there]
