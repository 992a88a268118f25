"""What can go wrong on the way.

Problem
└── TravelUnavailable                                     503
"""

from tongban.problems import Problem

__all__ = ["TravelUnavailable"]


class TravelUnavailable(Problem):
    """The routing server that the district chose does not answer."""

    status = 503
    type = "travel-unavailable"
    title = {"zh-CN": "路径规划服务暂不可用", "en": "The routing server does not answer"}
    detail = {
        "zh-CN": "{server} 没有正常应答，请稍后重试；运维人员可改用 SITE_TRAVEL=straight。",
        "en": "{server} did not answer properly; try again later. Operators may set"
        " SITE_TRAVEL=straight.",
    }
