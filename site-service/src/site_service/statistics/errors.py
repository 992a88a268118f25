"""What can go wrong with statistics.

Problem
└── RangeRefused            422
"""

from tongban.problems import Problem


class RangeRefused(Problem):
    """The range ends before it begins, or is too long."""

    status = 422
    type = "range-refused"
    title = {"zh-CN": "统计区间有误", "en": "The range was refused"}
    detail = {
        "zh-CN": "until 不得早于 from，且区间不超过 {days} 天。",
        "en": "`until` is not before `from`, and the range is at most {days} days long.",
    }
