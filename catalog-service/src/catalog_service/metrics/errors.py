"""What can go wrong in measuring.

Problem
├── MonthsInvalid     422
└── MaterialsUnknown  422
"""

from tongban.problems import Problem

__all__ = ["MaterialsUnknown", "MonthsInvalid"]


class MonthsInvalid(Problem):
    """The months asked for are in the wrong order, to come, or too many."""

    status = 422
    type = "months-invalid"
    title = {"zh-CN": "月份范围有误", "en": "The months don't fit"}
    detail = {
        "zh-CN": "起始月份不能晚于结束月份，结束月份不能晚于本月，一次最多 {most} 个月。",
        "en": "The first month comes before the last, the last is not to come, and there are "
        "{most} at most.",
    }


class MaterialsUnknown(Problem):
    """Nothing in the catalog says what this licence could stand for."""

    status = 422
    type = "materials-unknown"
    title = {"zh-CN": "未指明材料", "en": "Which materials?"}
    detail = {
        "zh-CN": "目录中没有由证照 {licence_type} 免交的材料，请在 materials 中列出材料名称。",
        "en": "The catalog knows no material that {licence_type} waives; name some in materials.",
    }
