"""What can go wrong in a queue besides what the service's own errors name.

Problem
├── DayClosed, NotOpenThen, WindowPaused                  409
├── TicketIdTaken, TicketReturnOver                       409
└── ArrivalImpossible                                     422
"""

from tongban.problems import Problem


class TicketReturnOver(Problem):
    """A missed ticket comes back once, within a set time."""

    status = 409
    type = "ticket-return-over"
    title = {"zh-CN": "过号票不能再返回排队", "en": "The missed ticket cannot come back any more"}
    detail = {
        "zh-CN": "过号后 {minutes} 分钟内可返回一次。请重新取号。",
        "en": "It can once, within {minutes} minutes of being missed. Take a new ticket.",
    }


class TicketIdTaken(Problem):
    """The id that was sent is another ticket's."""

    status = 409
    type = "ticket-id-taken"
    title = {"zh-CN": "号票编号已被使用", "en": "The id is another ticket's"}
    detail = {
        "zh-CN": "请为新号票生成新的 UUIDv7 编号。",
        "en": "Make a new UUIDv7 for a new ticket.",
    }


class DayClosed(Problem):
    """The site gives no more tickets today."""

    status = 409
    type = "day-closed"
    title = {"zh-CN": "今日已停止取号", "en": "No more tickets today"}
    detail = {
        "zh-CN": "已于 {closed_at} 停止取号，请改日再来或预约。",
        "en": "Closed at {closed_at}; come another day, or book an appointment.",
    }


class NotOpenThen(Problem):
    """At that time no window of the site calls anybody for the matter."""

    status = 409
    type = "not-open-then"
    title = {"zh-CN": "该时间没有窗口办理", "en": "No window is open at that time"}
    detail = {
        "zh-CN": "{arrives_at} 该网点没有窗口办理此事项，最近开放时间：{opens_at}。"
        "请改为开放时间内到达，或预约；当时开放的其他网点：{names}。",
        "en": "At {arrives_at} no window here takes the matter; the next opening: {opens_at}."
        " Come within the hours, or book an appointment; other sites open then: {names}.",
    }


class WindowPaused(Problem):
    """The window pauses."""

    status = 409
    type = "window-paused"
    title = {"zh-CN": "窗口暂停服务", "en": "The window pauses"}
    detail = {
        "zh-CN": "请先恢复 {number} 窗口，再叫号。",
        "en": "Resume window {number} first, then call.",
    }


class ArrivalImpossible(Problem):
    """The estimated arrival is not ahead, or not today."""

    status = 422
    type = "arrival-impossible"
    title = {"zh-CN": "预计到达时间有误", "en": "The estimated arrival is not possible"}
    detail = {
        "zh-CN": "请填写今天稍后的时间；其他日期请预约。",
        "en": "Give a time later today; book an appointment for another day.",
    }
