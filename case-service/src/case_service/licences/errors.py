"""Problems of licences.

LicenceNotFound          404
LicenceActNotAllowed     409  an act that does not end a licence in this state
LicenceNotSucceeded      409  no longer to be varied, renewed or issued again
StatusListNotFound       404
ShowCodeInvalid          404  unknown, shown before, or too late
EndingIncomplete         422  the act needs what is not told
"""

from tongban.problems import Problem

__all__ = [
    "EndingIncomplete",
    "LicenceActNotAllowed",
    "LicenceNotFound",
    "LicenceNotSucceeded",
    "ShowCodeInvalid",
    "StatusListNotFound",
]


class LicenceNotFound(Problem):
    """No such licence, or none that this caller may see."""

    status = 404
    type = "licence-not-found"
    title = {"zh-CN": "没有找到该证照", "en": "No such licence"}
    detail = {
        "zh-CN": "只能查看您本人的证照；查验他人出示的证照请使用证照上的查验码。",
        "en": "You see your own licences; check one that is shown to you by its verification code.",
    }


class LicenceActNotAllowed(Problem):
    """An act that does not end a licence in this state."""

    status = 409
    type = "licence-act-not-allowed"
    title = {"zh-CN": "该证照当前状态不能进行此操作", "en": "The licence's state does not allow it"}
    detail = {
        "zh-CN": "证照状态为 {state}，可以进行：{allowed}。",
        "en": "The licence is {state}; what can be done to it: {allowed}.",
    }
    words = {
        "valid": {"zh-CN": "有效"},
        "superseded": {"zh-CN": "已换发"},
        "cancelled": {"zh-CN": "已注销"},
        "rescinded": {"zh-CN": "已撤销"},
        "withdrawn": {"zh-CN": "已撤回"},
        "revoked": {"zh-CN": "已吊销"},
        "cancel": {"zh-CN": "注销"},
        "rescind": {"zh-CN": "撤销"},
        "withdraw": {"zh-CN": "撤回"},
        "revoke": {"zh-CN": "吊销"},
    }


class LicenceNotSucceeded(Problem):
    """It is no longer to be varied, renewed or issued again."""

    status = 409
    type = "licence-not-succeeded"
    title = {
        "zh-CN": "该证照不能变更、延续或补发",
        "en": "The licence can't be varied, renewed or issued again",
    }
    detail = {
        "zh-CN": "证照 {licence_number} 已失效或已换发；请申请首次核发，或选择现行有效的证照。",
        "en": "Licence {licence_number} is no longer in force or was replaced: apply for a first"
        " one, or choose the one in force.",
    }


class StatusListNotFound(Problem):
    """No licence has a place in this list."""

    status = 404
    type = "status-list-not-found"
    title = {"zh-CN": "没有该状态列表", "en": "No such status list"}
    detail = {
        "zh-CN": "请使用证照中所载的状态列表地址。",
        "en": "Use the address of the status list that the licence tells.",
    }


class ShowCodeInvalid(Problem):
    """Unknown, shown before, or too late: which one is not told."""

    status = 404
    type = "show-code-invalid"
    title = {"zh-CN": "亮证码无效", "en": "The code is not valid"}
    detail = {
        "zh-CN": "亮证码只能使用一次且一分钟内有效，请持证人重新生成。",
        "en": "A code works once, within a minute: ask the holder to make a new one.",
    }


class EndingIncomplete(Problem):
    """The act needs what is not told, or rests on another ground."""

    status = 422
    type = "ending-incomplete"
    title = {"zh-CN": "内容不全", "en": "Something is missing"}
    detail = {"zh-CN": "请按提示补充。", "en": "Supply what each error names."}
