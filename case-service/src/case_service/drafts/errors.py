"""Problems of drafts.

DraftNotFound  404  no such draft, or not one that this caller holds; also a wrong code
DraftOver      409  it is handed in or expired
"""

from tongban.problems import Problem

__all__ = ["DraftNotFound", "DraftOver"]


class DraftNotFound(Problem):
    """No such draft that this caller holds; which of the facts is wrong is untold."""

    status = 404
    type = "draft-not-found"
    title = {"zh-CN": "没有找到该草稿", "en": "No such draft"}
    detail = {
        "zh-CN": "请核对草稿编号与证件号码，或请申请人重新生成一次性接续码。",
        "en": "Check number and identity number, or have the applicant make a new one-time code.",
    }


class DraftOver(Problem):
    """It is handed in or expired."""

    status = 409
    type = "draft-over"
    title = {"zh-CN": "草稿已提交或已过期", "en": "The draft is handed in or expired"}
    detail = {
        "zh-CN": "已提交的请按同一编号查询办件；已过期的请重新填写。",
        "en": "Handed in, it is the case of the same number; expired, begin anew.",
    }
