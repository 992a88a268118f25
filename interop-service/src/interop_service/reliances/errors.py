"""What can go wrong with reliances and disputes; what a partner's letter meets is in `errors`.

Problem
├── RelianceNotFound, DisputeNotFound         404: no such thing
├── RelianceStepRefused, DisputeAnswered      409: not here, or not now
├── DisputeOpen                               409: doubted already
└── LicenceStillStands                        409: a licence is ended where it is kept
"""

from interop_service.wording import DISPUTE_STATES, RELIANCE_STEPS
from tongban.problems import Problem

__all__ = [
    "DisputeAnswered",
    "DisputeNotFound",
    "DisputeOpen",
    "LicenceStillStands",
    "RelianceNotFound",
    "RelianceStepRefused",
]


class RelianceNotFound(Problem):
    """No such reliance."""

    status = 404
    type = "reliance-not-found"
    title = {"zh-CN": "没有这条采信记录", "en": "Nothing was relied on under this id"}
    detail = {"zh-CN": "请核对采信编号。", "en": "Check the reliance's id."}


class DisputeNotFound(Problem):
    """No such dispute."""

    status = 404
    type = "dispute-not-found"
    title = {"zh-CN": "没有这项异议", "en": "No such dispute"}
    detail = {"zh-CN": "请核对异议编号。", "en": "Check the dispute's id."}


class RelianceStepRefused(Problem):
    """It is the other side's step, or there is nothing to dispute any more."""

    status = 409
    type = "reliance-step-refused"
    title = {"zh-CN": "当前不能进行该操作", "en": "This may not be done now"}
    detail = {
        "zh-CN": "该采信当前为“{state}”，本区可以：{possible}。",
        "en": "It is {state}; this side may: {possible}.",
    }
    words = RELIANCE_STEPS


class DisputeOpen(Problem):
    """This district disputes the document already."""

    status = 409
    type = "dispute-open"
    title = {"zh-CN": "本区已对该证照提出异议", "en": "This district disputes it already"}
    detail = {
        "zh-CN": "请等待签发区答复异议 {dispute_id}，补充情况请联系对方业务联络人。",
        "en": "Wait for the issuer's answer to dispute {dispute_id}, or call its contact.",
    }


class DisputeAnswered(Problem):
    """The dispute was answered, or is the other district's to answer."""

    status = 409
    type = "dispute-answered"
    title = {"zh-CN": "该异议不能由本区答复", "en": "This dispute is not to be answered here"}
    detail = {
        "zh-CN": "该异议当前为“{state}”，只有签发区可以答复一次。",
        "en": "It is {state}; its issuer alone answers it, once.",
    }
    words = DISPUTE_STATES


class LicenceStillStands(Problem):
    """A licence is ended by an act of law where it is kept; the rest follows by itself."""

    status = 409
    type = "licence-still-stands"
    title = {"zh-CN": "须先依法处理该证照", "en": "The licence has to be ended first"}
    detail = {
        "zh-CN": "{document_number} 是本区证照：请先注销、撤销、撤回或吊销"
        "（/licences/{{id}}/rescind 等），异议随之成立并告知各采信区。",
        "en": "{document_number} is a licence of this district: cancel, rescind, withdraw or "
        "revoke it (/licences/{{id}}/rescind, …); the dispute is then upheld by itself.",
    }
