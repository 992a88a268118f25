"""What can go wrong with a request for evidence; what a partner's letter meets is in `errors`.

Problem
├── EvidenceRequestNotFound, EvidenceGone     404: not here, or not any more
├── EvidenceNotAllowed                        403: consent, purpose, limit or agreement forbid it
├── EvidenceStepRefused                       409: not its turn, or the other side's
└── DocumentUnfit                             422: what was offered is no sealed document of ours
"""

from interop_service.wording import DENIALS, EVIDENCE_STEPS, OBJECTIONS
from tongban.problems import Problem, Where

__all__ = [
    "DocumentUnfit",
    "EvidenceGone",
    "EvidenceNotAllowed",
    "EvidenceRequestNotFound",
    "EvidenceStepRefused",
]


class EvidenceRequestNotFound(Problem):
    """No such request, for this caller."""

    status = 404
    type = "evidence-request-not-found"
    title = {"zh-CN": "没有这笔证明调取", "en": "No such request for evidence"}
    detail = {"zh-CN": "请核对调取编号。", "en": "Check the request's id."}


class EvidenceGone(Problem):
    """There is nothing to show: not yet delivered, or its time is over."""

    status = 404
    type = "evidence-gone"
    title = {"zh-CN": "没有可查看的证明", "en": "There is no evidence to show"}
    detail = {
        "zh-CN": "该笔调取当前为“{state}”；证明只在提供之后、期限之内可以查看。",
        "en": "The request is {state}; evidence shows once delivered, and within its limit.",
    }
    words = EVIDENCE_STEPS


class EvidenceNotAllowed(Problem):
    """The evidence may not be asked for."""

    status = 403
    type = "evidence-not-allowed"
    title = {"zh-CN": "不得调取该证明", "en": "This evidence may not be fetched"}
    detail = {
        "zh-CN": "原因：{reasons}。请核对申请人授权、用途、期限和双方协议。",
        "en": "Reasons: {reasons}. Check the consent, its purpose and limit, and the agreement.",
    }
    words = DENIALS


class EvidenceStepRefused(Problem):
    """It is not this step's turn, or the other side's to take."""

    status = 409
    type = "evidence-step-refused"
    title = {"zh-CN": "当前不能进行该操作", "en": "The request does not allow this step now"}
    detail = {
        "zh-CN": "该笔调取当前为“{state}”，本区可以：{possible}。",
        "en": "The request is {state}; this side may: {possible}.",
    }
    words = EVIDENCE_STEPS


class DocumentUnfit(Problem):
    """What is offered as evidence is no sealed document of this district."""

    status = 422
    type = "document-unfit"
    title = {"zh-CN": "不是本区盖章的证明", "en": "Not a sealed document of this district"}
    detail = {
        "zh-CN": "原因：{reason}。请提供本区签发并盖章的电子证照或证明。",
        "en": "Reason: {reason}. Offer a licence or certificate that this district sealed.",
    }
    words = OBJECTIONS

    def __init__(self, reason: str) -> None:
        super().__init__(errors=[Where.pointer("/document", self.title, reason)], reason=reason)
