"""This aggregate's Problems, besides those of the cases' core.

ContactUnknown         404  no such contact, or not told of yet
ContactRatedAlready    409
ContactTooLongAgo      409
RatingPlaceMissing     422  neither ticket nor receipt
StaffDoNotRate         403
RatingNotFound         404
FollowUpNotNow         409  the follow-up is at another step
AppealedAlready        409
AppealDecidedAlready   409
AppealNotFound         404
OwnAppeal              403  nobody reviews his own appeal
"""

from tongban.problems import Problem

__all__ = [
    "AppealDecidedAlready",
    "AppealNotFound",
    "AppealedAlready",
    "ContactRatedAlready",
    "ContactTooLongAgo",
    "ContactUnknown",
    "FollowUpNotNow",
    "OwnAppeal",
    "RatingNotFound",
    "RatingPlaceMissing",
    "StaffDoNotRate",
]


class ContactUnknown(Problem):
    """No contact under this ticket, or the hall has not told of it yet."""

    status = 404
    type = "contact-unknown"
    title = {"zh-CN": "没有找到该次服务", "en": "No such contact"}
    detail = {
        "zh-CN": "请核对取号单上的编号；刚办完的请稍后重试。",
        "en": "Check the ticket; a contact that just ended takes a moment, so try again.",
    }

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


class ContactRatedAlready(Problem):
    """Each contact is rated once."""

    status = 409
    type = "contact-rated-already"
    title = {"zh-CN": "该次服务已评价", "en": "The contact is rated already"}
    detail = {
        "zh-CN": "每次服务评价一次（一次一评），已收到的评价不能修改。",
        "en": "Each contact is rated once, and a rating stays as it was given.",
    }


class ContactTooLongAgo(Problem):
    """A contact is rated within thirty days."""

    status = 409
    type = "contact-too-long-ago"
    title = {"zh-CN": "该次服务已超过评价期限", "en": "The contact is too long ago"}
    detail = {
        "zh-CN": "请在服务后 {days} 日内评价；如有意见请提交投诉。",
        "en": "Rate within {days} days; make a complaint where something is amiss.",
    }


class RatingPlaceMissing(Problem):
    """What is rated has to be named in one of two ways."""

    status = 422
    type = "rating-place-missing"
    title = {"zh-CN": "未说明评价对象", "en": "What is rated is not told"}
    detail = {
        "zh-CN": "请填写取号单编号 ticket_id，或办件编号 number 与证件末四位 id_tail。",
        "en": "Give the ticket_id, or the case's number with the id_tail.",
    }


class StaffDoNotRate(Problem):
    """Staff neither rate nor enter a rating for somebody."""

    status = 403
    type = "staff-do-not-rate"
    title = {"zh-CN": "工作人员不得评价或代评", "en": "Staff do not rate"}
    detail = {
        "zh-CN": "评价由办事人本人在评价器、网上或凭回执作出。",
        "en": "The applicant rates by himself: at the terminal, online, or by his receipt.",
    }


class RatingNotFound(Problem):
    """None given yet, or not one this caller may see."""

    status = 404
    type = "rating-not-found"
    title = {"zh-CN": "没有找到该评价", "en": "No such rating"}
    detail = {
        "zh-CN": "尚未评价，或不属于您可查看的范围。",
        "en": "None was given yet, or it is not yours to see.",
    }


class FollowUpNotNow(Problem):
    """The follow-up is at another step."""

    status = 409
    type = "follow-up-not-now"
    title = {"zh-CN": "差评整改当前不能进行该操作", "en": "The follow-up is at another step"}
    detail = {
        "zh-CN": "当前状态为 {state}，可以进行：{allowed}。",
        "en": "It is {state}; what can be done now: {allowed}.",
    }
    words = {
        "calling_back": {"zh-CN": "待回访"},
        "correcting": {"zh-CN": "待整改"},
        "answering": {"zh-CN": "待答复"},
        "answered": {"zh-CN": "已答复，可再次评价"},
        "done": {"zh-CN": "已办结"},
        "excluded": {"zh-CN": "申诉成立，不计入统计"},
        "verify": {"zh-CN": "回访核实"},
        "correct": {"zh-CN": "整改"},
        "answer": {"zh-CN": "答复"},
        "rate_again": {"zh-CN": "再次评价"},
    }


class AppealedAlready(Problem):
    """A rating is appealed once."""

    status = 409
    type = "appealed-already"
    title = {"zh-CN": "该评价已申诉", "en": "It is appealed already"}
    detail = {
        "zh-CN": "每条评价申诉一次，请等待复核结果。",
        "en": "A rating is appealed once; wait for the review.",
    }


class AppealNotFound(Problem):
    """Nobody appealed this rating."""

    status = 404
    type = "appeal-not-found"
    title = {"zh-CN": "该评价没有申诉", "en": "There is no appeal"}
    detail = {"zh-CN": "没有需要复核的申诉。", "en": "There is nothing to review."}


class AppealDecidedAlready(Problem):
    """An appeal is decided once."""

    status = 409
    type = "appeal-decided-already"
    title = {"zh-CN": "该申诉已复核", "en": "The appeal is decided already"}
    detail = {
        "zh-CN": "已于 {decided_at} 复核，结果不再更改。",
        "en": "It was decided at {decided_at}, and stays so.",
    }


class OwnAppeal(Problem):
    """Nobody reviews his own appeal."""

    status = 403
    type = "own-appeal"
    title = {"zh-CN": "不得复核本人的申诉", "en": "Nobody reviews his own appeal"}
    detail = {
        "zh-CN": "请由其他督办人员复核。",
        "en": "Have another supervisor review it.",
    }
