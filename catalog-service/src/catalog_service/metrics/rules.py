"""How the reform is measured (压减比例), in words and in numbers. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

__all__ = [
    "FORMULA",
    "MATERIALS_TARGET_PERCENT",
    "SAVING_FORMULA",
    "TIME_TARGET_PERCENT",
    "By",
    "Saving",
    "copies_of",
    "month_ends",
    "reduction",
    "savings",
    "yearly",
]

MATERIALS_TARGET_PERCENT = 50
TIME_TARGET_PERCENT = 70
DAYS_A_YEAR = 365


class By(StrEnum):
    """What the measures are told for, one by one."""

    MATTER = "matter"  # 事项
    BODY = "body"  # 实施主体
    MATTER_TYPE = "matter_type"  # 事项类型
    AREA = "area"  # 业务领域


FORMULA: Mapping[str, str] = MappingProxyType(
    {
        "zh-CN": "材料压减 = 1 − 现行必要材料数 ÷ 改革前必要材料数；"
        "时限压减 = 1 − 承诺办结时限 ÷ 法定办结时限（工作日）；"
        "较改革前时限压减 = 1 − 承诺办结时限 ÷ 改革前办结时限；"
        "法定办结时限、改革前时限按自然日计的，折算为工作日：× 5 ÷ 7，向下取整，不足 1 日按 1 日；"
        "分组比例按组内合计数计算，没有改革前材料数据的事项不计入材料压减。",
        "en": "materials reduction = 1 − required materials now ÷ required materials before; "
        "time reduction = 1 − promised ÷ statutory working days; since the baseline = "
        "1 − promised ÷ baseline days; a statutory or baseline limit in calendar days is "
        "converted to working days: × 5 ÷ 7, rounded down, at least 1; a group's reduction is "
        "that of its sums; matters without a baseline are left out of the materials.",
    }
)
SAVING_FORMULA: Mapping[str, str] = MappingProxyType(
    {
        "zh-CN": "每年节省份数 = 可免交材料的份数 × 年办件量；"
        "年办件量由近期办件按半衰期加权的速率折算；"
        "有适用条件的材料按每件都需提交估算，是上限。",
        "en": "copies saved a year = copies of the waived materials × cases a year; cases a year "
        "from the rate at which cases came lately, older ones weighing less; a material with a "
        "condition is taken to be needed in each case: an upper bound.",
    }
)


def reduction(before: int, now: int) -> float | None:
    """Return the part that was cut, rounded to four digits; None where nothing was to cut."""
    return round(1 - now / before, 4) if before else None


def month_ends(first: date, last: date) -> Iterator[date]:
    """Yield the last day of each month from `first`'s on; of the last month, `last` itself."""
    month = first.replace(day=1)
    while month <= last:
        following = (month + timedelta(days=31)).replace(day=1)
        yield min(following - timedelta(days=1), last)
        month = following


def yearly(weighted: float, half_life: timedelta) -> float:
    """Return how many cases a year come at the rate that a fading count stands for.

    At a steady rate such a count comes to rate × half-life ÷ ln 2.
    """
    rate = weighted * math.log(2) / (half_life / timedelta(days=1))
    return rate * DAYS_A_YEAR


def copies_of(material: Mapping[str, Any]) -> int:
    """Return how many sheets on paper a material is: what is electronic saves none."""
    counts = material.get("counts")
    if counts is not None:
        return int(counts["original"]) + int(counts["copy"])
    return 0 if material["form"] == "electronic" else int(material["copies"])


@dataclass(frozen=True)
class Saving:
    """What one matter's applicants would no longer bring."""

    code: str
    name: str
    materials: Sequence[str]
    copies_a_case: int
    cases_a_year: float

    @property
    def copies_a_year(self) -> float:
        return self.copies_a_case * self.cases_a_year


def savings(
    rows: Iterable[tuple[str, str, Mapping[str, Any]]], cases_a_year: Mapping[str, float]
) -> list[Saving]:
    """Rank matters by the copies a year that waiving these materials would save."""
    found: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
    for code, name, material in rows:
        found.setdefault(code, (name, []))[1].append(material)
    made = [
        Saving(
            code=code,
            name=name,
            materials=[one["name"] for one in materials],
            copies_a_case=sum(map(copies_of, materials)),
            cases_a_year=cases_a_year.get(code, 0.0),
        )
        for code, (name, materials) in found.items()
    ]
    return sorted(made, key=lambda one: (-one.copies_a_year, -one.copies_a_case, one.code))
