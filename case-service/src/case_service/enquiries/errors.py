"""This aggregate's Problems.

EnquiryNotFound         404
EnquiryAnsweredAlready  409
EnquiryNotAnsweredYet   409
EnquiryOver             409  taken back by whoever asked
SupervisorAnswers       403  an overdue complaint
ContactMissing          422  nobody could be answered
"""

from tongban.problems import Problem

__all__ = [
    "ContactMissing",
    "EnquiryAnsweredAlready",
    "EnquiryNotAnsweredYet",
    "EnquiryNotFound",
    "EnquiryOver",
    "SupervisorAnswers",
]


class EnquiryNotFound(Problem):
    """No such enquiry, or not one this caller may see."""

    status = 404
    type = "enquiry-not-found"
    title = {"zh-CN": "没有找到该咨询投诉", "en": "No such enquiry"}
    detail = {
        "zh-CN": "请核对编号；只能查看您本人提交的咨询投诉。",
        "en": "Check the id; you see the enquiries you made yourself.",
    }


class EnquiryAnsweredAlready(Problem):
    """It is answered; an answer stays as it was given."""

    status = 409
    type = "enquiry-answered-already"
    title = {"zh-CN": "该咨询投诉已答复", "en": "It is answered already"}
    detail = {
        "zh-CN": "答复不能修改；如仍有疑问请重新提交。",
        "en": "An answer stays as it was given; ask again where something is left open.",
    }


class EnquiryNotAnsweredYet(Problem):
    """There is no answer to publish."""

    status = 409
    type = "enquiry-not-answered-yet"
    title = {"zh-CN": "该咨询投诉尚未答复", "en": "It is not answered yet"}
    detail = {
        "zh-CN": "答复之后方可整理为常见问题。",
        "en": "Answer it first, then make a common question of it.",
    }


class EnquiryOver(Problem):
    """Whoever asked took it back."""

    status = 409
    type = "enquiry-over"
    title = {"zh-CN": "该咨询投诉已撤回", "en": "It was taken back"}
    detail = {
        "zh-CN": "提出人已撤回，无须答复；如需办理请重新提交。",
        "en": "There is nothing to answer any more; ask anew where needed.",
    }


class SupervisorAnswers(Problem):
    """A complaint that is overdue is answered by a supervisor."""

    status = 403
    type = "supervisor-answers"
    title = {"zh-CN": "逾期投诉由督办人员答复", "en": "A supervisor answers this complaint"}
    detail = {
        "zh-CN": "该投诉已逾期并升级督办，请由督办人员答复。",
        "en": "It is overdue and went to the supervisor, who answers it.",
    }


class ContactMissing(Problem):
    """Without an account and a phone nobody could be answered."""

    status = 422
    type = "contact-missing"
    title = {"zh-CN": "缺少联系方式", "en": "Nobody could be answered"}
    detail = {
        "zh-CN": "代为登记时请填写提出人的平台账号或电话，或注明当面答复。",
        "en": "Give the asker's account or phone, or say that he is answered in person.",
    }
