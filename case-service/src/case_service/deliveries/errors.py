"""Problems of deliveries.

DeliveryNotFound         404
DeliveryStepNotAllowed   409  not in this state, or not by this way
DeliveryUnderWay         409  one at a time
NothingToDeliver         409  nothing was decided yet
DeliveryDetailMissing    422  the way needs what is not told
LockerCodeWrong          409
LockerCodeBlocked        429  too many wrong codes
"""

from tongban.problems import Problem

__all__ = [
    "DeliveryDetailMissing",
    "DeliveryNotFound",
    "DeliveryStepNotAllowed",
    "DeliveryUnderWay",
    "LockerCodeBlocked",
    "LockerCodeWrong",
    "NothingToDeliver",
]


class DeliveryNotFound(Problem):
    """No such delivery, or none that this caller may know of."""

    status = 404
    type = "delivery-not-found"
    title = {"zh-CN": "没有找到该送达记录", "en": "No such delivery"}
    detail = {
        "zh-CN": "请从办件的送达列表中选择。",
        "en": "Choose one from the case's list of deliveries.",
    }


class DeliveryStepNotAllowed(Problem):
    """Not in this state, or not by this way."""

    status = 409
    type = "delivery-step-not-allowed"
    title = {"zh-CN": "当前状态不能进行该操作", "en": "The delivery does not allow this now"}
    detail = {
        "zh-CN": "送达状态为 {state}，现在可以进行：{allowed}。",
        "en": "The delivery is {state}; what can be done now: {allowed}.",
    }
    words = {
        "prepared": {"zh-CN": "待寄送"},
        "sent": {"zh-CN": "已寄出"},
        "delivered": {"zh-CN": "已签收"},
        "returned": {"zh-CN": "已退回"},
        "send": {"zh-CN": "寄出"},
        "confirm": {"zh-CN": "签收"},
        "return": {"zh-CN": "退回"},
    }


class DeliveryUnderWay(Problem):
    """One delivery at a time."""

    status = 409
    type = "delivery-under-way"
    title = {"zh-CN": "已有送达在进行", "en": "A delivery is under way already"}
    detail = {
        "zh-CN": "请先确认签收或登记退回，再登记新的送达。",
        "en": "Confirm it or note its return before preparing another.",
    }


class NothingToDeliver(Problem):
    """Nothing was decided yet."""

    status = 409
    type = "nothing-to-deliver"
    title = {"zh-CN": "尚无可送达的结果", "en": "There is nothing to deliver yet"}
    detail = {
        "zh-CN": "办件作出决定（需出证的，出证）后才能登记结果送达。",
        "en": "A result goes out once it is decided and, where one is owed, the licence issued.",
    }


class DeliveryDetailMissing(Problem):
    """The way needs what is not told."""

    status = 422
    type = "delivery-detail-missing"
    title = {"zh-CN": "送达信息不完整", "en": "The delivery lacks something"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示补充后重新提交。",
        "en": "Add what errors lists, then send it again.",
    }


class LockerCodeWrong(Problem):
    """The code does not open the locker."""

    status = 409
    type = "locker-code-wrong"
    title = {"zh-CN": "取件码不符", "en": "The code is wrong"}
    detail = {
        "zh-CN": "请核对取件码；还可以尝试 {left} 次。",
        "en": "Check the code; {left} tries are left.",
    }


class LockerCodeBlocked(Problem):
    """Too many wrong codes."""

    status = 429
    type = "locker-code-blocked"
    title = {"zh-CN": "取件码错误次数过多", "en": "Too many wrong codes"}
    detail = {
        "zh-CN": "该柜格已锁定，请到窗口凭有效证件领取。",
        "en": "The locker is blocked; collect it at a window with a proof of identity.",
    }
