"""What can go wrong.

Problem
├── PartnerNotFound                          404: nothing of that name here
└── MessageFault                             what a partner's message meets; says whose fault
    ├── UnknownPartner, SignatureInvalid, KeyRevoked, MessageExpired  401
    ├── SenderMismatch, AgreementDenies, SuiteNotAgreed, EvidenceDenied  403
    ├── DigestMismatch, ProtocolUnsupported                   400
    ├── ExchangeUnknown                                       404
    ├── AlreadyRegistered                                     409
    ├── NonceReplayed, MessageIdReused, ExchangeKnown, OutOfTurn, MessageNotAllowed  409
    ├── MessageTooLarge                                       413
    ├── TooManyMessages                                       429
    ├── MaintenanceUnderWay                                   503, ours
    ├── WrongDistrict                                         421
    ├── MessageUnreadable, PackageUnreadable                  422
    └── EvidenceBacklog                                       503
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from interop_service.wording import DENIALS, MESSAGES
from tongban.problems import FieldError, Problem

__all__ = [
    "AgreementDenies",
    "AlreadyRegistered",
    "DigestMismatch",
    "EvidenceBacklog",
    "EvidenceDenied",
    "ExchangeKnown",
    "ExchangeUnknown",
    "KeyRevoked",
    "MaintenanceUnderWay",
    "MessageExpired",
    "MessageFault",
    "MessageIdReused",
    "MessageNotAllowed",
    "MessageTooLarge",
    "MessageUnreadable",
    "NonceReplayed",
    "OutOfTurn",
    "PackageUnreadable",
    "PartnerNotFound",
    "ProtocolUnsupported",
    "SenderMismatch",
    "SignatureInvalid",
    "SuiteNotAgreed",
    "TooManyMessages",
    "UnknownPartner",
    "WrongDistrict",
]


class PartnerNotFound(Problem):
    """No such partner."""

    status = 404
    type = "partner-not-found"
    title = {"zh-CN": "没有这个合作区", "en": "No such partner"}
    detail = {
        "zh-CN": "{district} 不是本区的合作区，请核对区划代码。",
        "en": "{district} is no partner of this district: check the code.",
    }


class MessageFault(Problem):
    """What is wrong with a partner's message: whose fault, and whether to send it again."""

    fault: ClassVar[Literal["yours", "ours"]] = "yours"
    retry: ClassVar[bool] = False

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(
            errors=errors, headers=headers, fault=self.fault, retry=self.retry, **facts
        )


class UnknownPartner(MessageFault):
    """The sender is not an active partner of this district."""

    status = 401
    type = "unknown-partner"
    # Both districts register each other by hand: the other's half may be yet to come.
    retry = True
    title = {"zh-CN": "不是本区已接通的合作区", "en": "Not an active partner of this district"}
    detail = {
        "zh-CN": "请先由双方管理员登记地址和密钥，再用同一消息编号重发。",
        "en": "Have both administrators register endpoint and keys, then send the same message.",
    }


class SignatureInvalid(MessageFault):
    """The signature does not prove the message."""

    status = 401
    type = "signature-invalid"
    # A rotated key is registered by hand: the message is good once that is done.
    retry = True
    title = {"zh-CN": "签名无效", "en": "The signature is not valid"}
    detail = {
        "zh-CN": "原因：{reason}。请核对登记的签名公钥和签名所含内容。",
        "en": "Reason: {reason}. Check the registered signing key and what the signature covers.",
    }


class AlreadyRegistered(MessageFault):
    """A partner changes its keys by a message that its known keys prove."""

    status = 409
    type = "already-registered"
    title = {"zh-CN": "已是合作区", "en": "A partner already"}
    detail = {
        "zh-CN": "{district} 已接通；更换公钥请用已登记的密钥签名发送换钥通知。",
        "en": "{district} is connected: announce new keys, signed by one that is known.",
    }


class KeyRevoked(MessageFault):
    """The key was revoked: whoever holds it proves nothing any more."""

    status = 401
    type = "key-revoked"
    # The message is good under another key.
    retry = True
    title = {"zh-CN": "签名密钥已吊销", "en": "The signing key is revoked"}
    detail = {
        "zh-CN": "请换用其他已登记的密钥签名，用同一消息编号重发。",
        "en": "Sign by another registered key and send it under the same message id.",
    }


class TooManyMessages(MessageFault):
    """More than this district takes of one partner in that time."""

    status = 429
    type = "too-many-messages"
    retry = True
    title = {"zh-CN": "消息过于频繁", "en": "Too many messages"}
    detail = {
        "zh-CN": "超过约定上限（{limit}），请按 Retry-After 稍后重发。",
        "en": "Over the agreed limit ({limit}): send it again after Retry-After.",
    }


class MaintenanceUnderWay(MessageFault):
    """This district is closed for maintenance; nothing is wrong with the message."""

    status = 503
    type = "maintenance"
    fault = "ours"
    retry = True
    title = {"zh-CN": "本区停机维护", "en": "Closed for maintenance"}
    detail = {
        "zh-CN": "预计 {ends_at} 恢复，请按 Retry-After 稍后重发。",
        "en": "Until {ends_at}: send it again after Retry-After.",
    }


class MessageExpired(MessageFault):
    """The signature was made too long ago, or in the future."""

    status = 401
    type = "message-expired"
    retry = True
    title = {"zh-CN": "消息已过有效时间", "en": "The message is outside its time window"}
    detail = {
        "zh-CN": "请核对时钟，重新签名后用同一消息编号重发。",
        "en": "Check the clock, sign anew, and send it under the same message id.",
    }


class DigestMismatch(MessageFault):
    """The body is not the one that was digested."""

    status = 400
    type = "digest-mismatch"
    retry = True
    title = {"zh-CN": "正文与摘要不符", "en": "The body does not match its digest"}
    detail = {
        "zh-CN": "正文在传输中被改动，或 Content-Digest 不是 {algorithm}，请重发。",
        "en": "The body was altered on its way, or Content-Digest is not {algorithm}: send again.",
    }


class ProtocolUnsupported(MessageFault):
    """Another version of the protocol."""

    status = 400
    type = "protocol-unsupported"
    title = {"zh-CN": "不支持该协议版本", "en": "This protocol version is not supported"}
    detail = {
        "zh-CN": "本区支持的版本：{supported}（地址、Tongban-Protocol 和正文均须一致）。",
        "en": "Versions supported here: {supported}; path, Tongban-Protocol and body agree on it.",
    }


class NonceReplayed(MessageFault):
    """This signature was seen before."""

    status = 409
    type = "nonce-replayed"
    retry = True
    title = {"zh-CN": "签名随机数已用过", "en": "The nonce was used before"}
    detail = {
        "zh-CN": "重发时消息编号不变，随机数须更换。",
        "en": "A retry keeps its message id and takes a new nonce.",
    }


class MessageIdReused(MessageFault):
    """The message id belongs to another body."""

    status = 409
    type = "message-id-reused"
    title = {"zh-CN": "消息编号已用于其他内容", "en": "The message id was used for another body"}
    detail = {
        "zh-CN": "内容不同的消息请换用新的编号。",
        "en": "Use a new id for a message with other content.",
    }


class ExchangeKnown(MessageFault):
    """The exchange was opened by another message."""

    status = 409
    type = "exchange-known"
    title = {"zh-CN": "互通编号已存在", "en": "The exchange exists already"}
    detail = {
        "zh-CN": "重发请沿用原消息编号；新的办件请用新的互通编号。",
        "en": "Retry under the first message's id; a new case needs a new exchange id.",
    }


class OutOfTurn(MessageFault):
    """The exchange is not yet, or no longer, where this message belongs."""

    status = 409
    type = "out-of-turn"
    # What it waits for may still be under way between the two districts.
    retry = True
    title = {"zh-CN": "与当前环节不符", "en": "Not this message's turn"}
    detail = {
        "zh-CN": "该笔办件当前为“{state}”，可以发送：{possible}。请稍后用同一消息编号重发。",
        "en": "The exchange is {state} now and takes: {possible}. Send the same message later.",
    }
    words = MESSAGES


class MessageNotAllowed(MessageFault):
    """That side never sends this in this mode."""

    status = 409
    type = "message-not-allowed"
    title = {"zh-CN": "该模式下不应由发送区发送", "en": "Not the sender's to send in this mode"}
    detail = {
        "zh-CN": "{mode} 模式下，{side} 一方可以发送：{allowed}。",
        "en": "In the {mode} mode the {side} side sends: {allowed}.",
    }
    words = MESSAGES


class AgreementDenies(MessageFault):
    """No agreement in force lets this case come here."""

    status = 403
    type = "agreement-denies"
    title = {"zh-CN": "协议不允许", "en": "The agreement does not allow it"}
    detail = {
        "zh-CN": "原因：{reasons}。请核对双方协议。",
        "en": "Reasons: {reasons}. Check the agreement between the districts.",
    }
    words = DENIALS


class SuiteNotAgreed(MessageFault):
    """The message is signed by another suite than its agreement chose."""

    status = 403
    type = "suite-not-agreed"
    title = {"zh-CN": "密码套件与协议不符", "en": "Not the suite that was agreed"}
    detail = {
        "zh-CN": "消息以 {used} 签名，协议 {agreement} 选定的是 {agreed}。"
        "请以 {agreed} 重新签名后再发。",
        "en": "The message is signed by {used}; agreement {agreement} chose {agreed}. "
        "Sign it by {agreed} and send it again.",
    }
    retry = True


class EvidenceDenied(MessageFault):
    """Consent, purpose, limit or agreement forbid that the evidence is handed over."""

    status = 403
    type = "evidence-denied"
    title = {"zh-CN": "不得调取该证明", "en": "This evidence may not be handed over"}
    detail = {
        "zh-CN": "原因：{reasons}。请核对申请人授权、用途、期限和双方协议。",
        "en": "Reasons: {reasons}. Check the consent, its purpose and limit, and the agreement.",
    }
    words = DENIALS


class SenderMismatch(MessageFault):
    """The body names another sender than the one who signed."""

    status = 403
    type = "sender-mismatch"
    title = {"zh-CN": "正文的发送区与签名不符", "en": "Signed by another district than it names"}
    detail = {
        "zh-CN": "签名方为 {signed_by}，正文写的是 {named}。",
        "en": "Signed by {signed_by}, but it names {named}.",
    }


class WrongDistrict(MessageFault):
    """The message is meant for another district."""

    status = 421
    type = "wrong-district"
    title = {"zh-CN": "消息送错了区", "en": "This is another district"}
    detail = {
        "zh-CN": "本区为 {district}，请核对登记的地址。",
        "en": "This district is {district}: check the registered endpoint.",
    }


class ExchangeUnknown(MessageFault):
    """No exchange of that id with the sender."""

    status = 404
    type = "exchange-unknown"
    # A district that was restored from a backup learns of it when the two reconcile.
    retry = True
    title = {"zh-CN": "没有这笔跨区办件", "en": "No such exchange with the sender"}
    detail = {"zh-CN": "请核对互通编号。", "en": "Check the exchange's id."}


class MessageTooLarge(MessageFault):
    """More than one message may hold."""

    status = 413
    type = "message-too-large"
    title = {"zh-CN": "消息过大", "en": "The message is too large"}
    detail = {"zh-CN": "至多 {limit} 字节。", "en": "At most {limit} bytes."}


class MessageUnreadable(MessageFault):
    """The body is not the message that belongs here."""

    status = 422
    type = "message-unreadable"
    title = {"zh-CN": "消息内容有误", "en": "The message is not well formed"}
    detail = {"zh-CN": "请按 errors 修改。", "en": "Mend each place listed in errors."}


class PackageUnreadable(MessageFault):
    """The encrypted part can't be opened, or what is inside is not whole."""

    status = 422
    type = "package-unreadable"
    title = {"zh-CN": "加密内容无法读取", "en": "The encrypted part cannot be read"}
    detail = {
        "zh-CN": "原因：{reason}。请核对本区加密公钥和材料摘要。",
        "en": "Reason: {reason}. Check our encryption key and the materials' digests.",
    }


class EvidenceBacklog(MessageFault):
    """This district's log is not sealed in time: nothing is taken that could not be proven."""

    fault = "ours"
    retry = True
    status = 503
    type = "evidence-backlog"
    title = {"zh-CN": "存证积压，暂停收发", "en": "The log lags: nothing is exchanged for now"}
    detail = {
        "zh-CN": "本区报文日志未能及时封存。请稍后用同一消息编号重发；本区运维请检查工作进程。",
        "en": "This district's log is not sealed in time. Send the same message again later; its "
        "operators look after the worker.",
    }

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "60"})
