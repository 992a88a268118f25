"""This aggregate's Problems.

NoticeNotFound    404
NoticeOnItsWay    409  only what was given up is sent again
"""

from tongban.problems import Problem

__all__ = ["NoticeNotFound", "NoticeOnItsWay"]


class NoticeNotFound(Problem):
    """The case has no such notice."""

    status = 404
    type = "notice-not-found"
    title = {"zh-CN": "没有找到该通知", "en": "No such notice"}
    detail = {
        "zh-CN": "请以办件通知列表中的编号操作。",
        "en": "Use an id from the list of the case's notices.",
    }


class NoticeOnItsWay(Problem):
    """It was sent, or will be by itself."""

    status = 409
    type = "notice-on-its-way"
    title = {"zh-CN": "该通知无须重发", "en": "There is no need to send it again"}
    detail = {
        "zh-CN": "通知状态为 {state}；只有发送失败或无联系方式的通知可以重发。",
        "en": "Its state is {state}; only one that failed or reached nobody is sent again.",
    }
