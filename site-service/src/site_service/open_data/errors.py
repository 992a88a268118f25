"""What can go wrong with open data.

Problem
└── NotPublished            404
"""

from tongban.problems import Problem


class NotPublished(Problem):
    """Nothing public has this id."""

    status = 404
    type = "not-published"
    title = {"zh-CN": "没有这条开放数据", "en": "Nothing public has this id"}
    detail = {
        "zh-CN": "请核对标识 {id}，可从列表中取得；撤销的事项和草稿网点不公开。",
        "en": "Check the id {id}; the lists tell them. Retired matters and drafts are not public.",
    }
