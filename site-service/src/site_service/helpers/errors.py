"""What can go wrong with helpers.

Problem
├── AccompanimentNotFound, HomeVisitNotFound              404
├── AlreadyAccompanied, AccompanimentOver                 409
├── HelperBusy, HelperNotOnDuty, NoHelperFree             409
├── HomeVisitActionNotAllowed, HomeVisitAhead, VisitOver  409
└── NotTheHelper                                          403
"""

from tongban.problems import Problem


class AccompanimentNotFound(Problem):
    """No such accompaniment, or not the caller's."""

    status = 404
    type = "accompaniment-not-found"
    title = {"zh-CN": "没有这次陪办", "en": "No such accompaniment"}
    detail = {
        "zh-CN": "请核对陪办编号，只能查看本人或本网点的陪办。",
        "en": "Check its id; one sees one's own or those of one's site.",
    }


class HomeVisitNotFound(Problem):
    """No such home visit, or not the caller's."""

    status = 404
    type = "home-visit-not-found"
    title = {"zh-CN": "没有这次上门服务", "en": "No such home visit"}
    detail = {
        "zh-CN": "请核对编号，只能查看本人或本网点的上门服务。",
        "en": "Check its id; one sees one's own or those of one's site.",
    }


class AlreadyAccompanied(Problem):
    """A helper goes along with this visit already."""

    status = 409
    type = "already-accompanied"
    title = {"zh-CN": "已有帮办员陪办", "en": "A helper goes along already"}
    detail = {
        "zh-CN": "{helper} 正在陪办；如需更换请交接（hand-over）。",
        "en": "{helper} does; to change, hand the visit over.",
    }


class AccompanimentOver(Problem):
    """It has ended."""

    status = 409
    type = "accompaniment-over"
    title = {"zh-CN": "陪办已结束", "en": "The accompaniment is over"}
    detail = {
        "zh-CN": "请为新的号票重新安排帮办员。",
        "en": "Ask for a helper anew, for a new ticket.",
    }


class VisitOver(Problem):
    """The ticket or appointment is over, so nobody goes along."""

    status = 409
    type = "visit-over"
    title = {"zh-CN": "该号票或预约已结束", "en": "The visit is over"}
    detail = {
        "zh-CN": "当前状态 {state}，请在取号或签到后安排。",
        "en": "It is {state}; ask once there is a ticket or an appointment ahead.",
    }


class HelperNotOnDuty(Problem):
    """The helper is not there now; `free` names those who are."""

    status = 409
    type = "helper-not-on-duty"
    title = {"zh-CN": "帮办员不在岗", "en": "The helper is not on duty"}
    detail = {
        "zh-CN": "{helper} 此时不在岗。可安排：{free}。",
        "en": "{helper} is not on duty then. Free: {free}.",
    }


class HelperBusy(Problem):
    """The helper goes along with somebody; `free` names those who do not."""

    status = 409
    type = "helper-busy"
    title = {"zh-CN": "帮办员正在陪办他人", "en": "The helper goes along with somebody"}
    detail = {
        "zh-CN": "{helper} 一对一陪办中。可安排：{free}。",
        "en": "{helper} helps one person at a time. Free: {free}.",
    }


class NoHelperFree(Problem):
    """Every helper on duty goes along with somebody."""

    status = 409
    type = "no-helper-free"
    title = {"zh-CN": "暂时没有空闲的帮办员", "en": "No helper is free"}
    detail = {
        "zh-CN": "请稍候再试或另选时间，也可由窗口人员协助。",
        "en": "Try again shortly, choose another time, or let a clerk help.",
    }


class NotTheHelper(Problem):
    """Only the helper who goes along ticks steps, or the site's manager."""

    status = 403
    type = "not-the-helper"
    title = {"zh-CN": "不是当前帮办员", "en": "Somebody else goes along"}
    detail = {
        "zh-CN": "当前帮办员是 {helper}，请先交接。",
        "en": "{helper} does; have the visit handed over first.",
    }


class HomeVisitAhead(Problem):
    """What is yet to come cannot have been done."""

    status = 409
    type = "home-visit-ahead"
    title = {"zh-CN": "上门服务尚未开始", "en": "The home visit is yet to come"}
    detail = {
        "zh-CN": "约定时间为 {starts_at}，上门当天方可登记完成；提前上门请先改约。",
        "en": "It is for {starts_at}; note it as done on that day, or schedule it anew first.",
    }


class HomeVisitActionNotAllowed(Problem):
    """The home visit's state does not allow this."""

    status = 409
    type = "home-visit-action-not-allowed"
    title = {"zh-CN": "上门服务当前状态不能进行该操作", "en": "Its state does not allow this"}
    detail = {
        "zh-CN": "当前状态 {state}，可进行的操作：{allowed}。",
        "en": "It is {state}; what is allowed: {allowed}.",
    }
