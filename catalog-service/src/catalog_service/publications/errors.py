"""What can go wrong with bulk publications.

Problem
├── PublicationNotFound 404
└── NothingToPublish    409
"""

from tongban.problems import Problem

__all__ = [
    "NothingToPublish",
    "PublicationNotFound",
]


class PublicationNotFound(Problem):
    """No bulk publication has that id."""

    status = 404
    type = "publication-not-found"
    title = {"zh-CN": "没有该批量发布", "en": "No such publication"}
    detail = {
        "zh-CN": "请核对发起批量发布时返回的编号。",
        "en": "Check the id that the start of the publication answered.",
    }


class NothingToPublish(Problem):
    """A bulk publication takes submitted versions."""

    status = 409
    type = "nothing-to-publish"
    title = {"zh-CN": "没有待发布的版本", "en": "Nothing is submitted"}
    detail = {
        "zh-CN": "没有已提交发布的版本，请先提交（submit）。",
        "en": "No version is submitted; submit some first.",
    }
