"""What staff meet who look at exchanges, or change partners and agreements.

Problem
├── AgreementNotFound, ChangeNotFound, DeadLetterNotFound,
│   ExchangeNotFound, KeyNotFound, MaintenanceNotFound  404: nothing so named
├── ImportRefused, KeysUnusable, PeriodUpsideDown  422
├── ChangeDecided, PartnerNotActive, RemoteHelpRefused  409: not now
└── SecondPersonNeeded                       403: a change to a partner takes two persons
"""

from interop_service.wording import MESSAGES
from tongban.problems import FieldError, Problem

__all__ = [
    "AgreementNotFound",
    "ChangeDecided",
    "ChangeNotFound",
    "DeadLetterNotFound",
    "ExchangeNotFound",
    "ImportRefused",
    "KeyNotFound",
    "KeysUnusable",
    "MaintenanceNotFound",
    "PartnerNotActive",
    "PeriodUpsideDown",
    "RemoteHelpRefused",
    "SecondPersonNeeded",
]


class PartnerNotActive(Problem):
    """The partner can't be reached yet."""

    status = 409
    type = "partner-not-active"
    title = {"zh-CN": "合作区尚未接通", "en": "The partner is not connected yet"}
    detail = {
        "zh-CN": "请先登记 {district} 的地址和公钥；已暂停的，请先恢复。",
        "en": "Register the endpoint and the public keys of {district} first, or resume it.",
    }


class AgreementNotFound(Problem):
    """No such agreement."""

    status = 404
    type = "agreement-not-found"
    title = {"zh-CN": "没有这份协议", "en": "No such agreement"}
    detail = {"zh-CN": "请核对协议编号：{code}。", "en": "Check the code: {code}."}


class ChangeNotFound(Problem):
    """No such change to a partner."""

    status = 404
    type = "change-not-found"
    title = {"zh-CN": "没有这份登记申请", "en": "No such change"}
    detail = {"zh-CN": "请核对编号。", "en": "Check the id."}


class DeadLetterNotFound(Problem):
    """No dead letter has this id: there is none, or it was dealt with."""

    status = 404
    type = "dead-letter-not-found"
    title = {"zh-CN": "没有这条死信", "en": "No such dead letter"}
    detail = {
        "zh-CN": "消息 {message_id} 不存在，或已重发、已放弃。",
        "en": "The message {message_id} is not there, or was sent again or given up.",
    }


class ExchangeNotFound(Problem):
    """No such exchange, for a caller of this district."""

    status = 404
    type = "exchange-not-found"
    title = {"zh-CN": "没有这笔跨区办件", "en": "No such exchange"}
    detail = {"zh-CN": "请核对互通编号。", "en": "Check the exchange's id."}


class RemoteHelpRefused(Problem):
    """The owner does not have the case yet, or no longer."""

    status = 409
    type = "remote-help-refused"
    title = {"zh-CN": "当前不能登记远程帮办", "en": "No remote help can be offered now"}
    detail = {
        "zh-CN": "该笔办件{state}；远程视频帮办在办理区签收之后、办结之前登记。",
        "en": "The exchange is {state}; remote help is offered while the owner has the case.",
    }
    words = MESSAGES


class ChangeDecided(Problem):
    """The change is not at the point where that may be done."""

    status = 409
    type = "change-decided"
    title = {"zh-CN": "登记申请不在该环节", "en": "The change is not at that point"}
    detail = {
        "zh-CN": "该申请当前为“{state}”，不能进行“{step}”。",
        "en": "It is {state} now, so there is no {step}.",
    }
    words = {
        "asked": {"zh-CN": "待核实"},
        "entered": {"zh-CN": "待复核"},
        "approved": {"zh-CN": "已通过"},
        "refused": {"zh-CN": "已退回"},
        "endorse": {"zh-CN": "核实"},
        "approve": {"zh-CN": "复核通过"},
        "refuse": {"zh-CN": "退回"},
    }


class SecondPersonNeeded(Problem):
    """Who entered a change may not approve it."""

    status = 403
    type = "second-person-needed"
    title = {"zh-CN": "须由另一人复核", "en": "Another person has to approve"}
    detail = {
        "zh-CN": "录入或核实的人不能复核，请由另一位管理员办理。",
        "en": "Who entered or endorsed it may not approve it: ask another administrator.",
    }


class MaintenanceNotFound(Problem):
    """No such maintenance."""

    status = 404
    type = "maintenance-not-found"
    title = {"zh-CN": "没有这次停机维护", "en": "No such maintenance"}
    detail = {"zh-CN": "请核对编号。", "en": "Check the id."}


class KeyNotFound(Problem):
    """The partner has no such key."""

    status = 404
    type = "key-not-found"
    title = {"zh-CN": "合作区没有这个公钥", "en": "The partner has no such key"}
    detail = {"zh-CN": "请核对 kid：{key_id}。", "en": "Check the kid: {key_id}."}


class ImportRefused(Problem):
    """The rows don't fit together; none was kept."""

    status = 422
    type = "import-refused"
    title = {"zh-CN": "导入未完成", "en": "Nothing was imported"}
    detail = {
        "zh-CN": "请按 errors 逐项修改后重新导入，本次没有保存任何内容。",
        "en": "Mend each place listed in errors and import again; nothing was kept.",
    }


class PeriodUpsideDown(Problem):
    """The period ends before it begins."""

    status = 422
    type = "period-upside-down"
    title = {"zh-CN": "起止时间颠倒", "en": "The period ends before it begins"}
    detail = {
        "zh-CN": "since（{since}）须早于 until（{until}）。",
        "en": "`since` ({since}) must be before `until` ({until}).",
    }


class KeysUnusable(Problem):
    """The key set can't serve an exchange."""

    status = 422
    type = "keys-unusable"
    title = {"zh-CN": "密钥集不可用", "en": "The key set cannot be used"}
    detail = {
        "zh-CN": "原因：{reason}。需要 Ed25519 签名公钥（use sig）和 X25519 加密公钥（use enc），"
        "每个都有 kid，不得含私钥。",
        "en": "Reason: {reason}. Give an Ed25519 signing key (use sig) and an X25519 encryption "
        "key (use enc), each with a kid, none private.",
    }

    def __init__(self, reason: str) -> None:
        where = FieldError(pointer="/keys", detail=self.title, code=reason)
        super().__init__(errors=[where], reason=reason)
