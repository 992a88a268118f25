"""How the reform is measured (压减比例), in words and in numbers. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FORMULA", "MATERIALS_TARGET_PERCENT", "TIME_TARGET_PERCENT", "reduction"]

MATERIALS_TARGET_PERCENT = 50
TIME_TARGET_PERCENT = 70

FORMULA: Mapping[str, str] = MappingProxyType(
    {
        "zh-CN": "材料压减 = 1 − 现行必要材料数 ÷ 改革前必要材料数；"
        "时限压减 = 1 − 承诺办结时限 ÷ 法定办结时限（工作日）；"
        "分组比例按组内合计数计算，没有改革前材料数据的事项不计入材料压减。",
        "en": "materials reduction = 1 − required materials now ÷ required materials before; "
        "time reduction = 1 − promised ÷ statutory working days; a group's reduction is that of "
        "its sums; matters without a baseline are left out of the materials.",
    }
)


def reduction(before: int, now: int) -> float | None:
    """Return the part that was cut, rounded to four digits; None where nothing was to cut."""
    return round(1 - now / before, 4) if before else None
