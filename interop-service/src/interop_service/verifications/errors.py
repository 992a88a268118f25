"""What can go wrong with verifying a licence; what a partner's letter meets is in `errors`.

Problem
├── VerificationNotFound       404: no such question
├── VerificationNotAllowed     403: agreement or register forbid it
└── LicenceNotGenuine          422: what was shown is no licence that the partner sealed
"""

from interop_service.wording import DENIALS, OBJECTIONS
from tongban.problems import Problem, Where

__all__ = ["LicenceNotGenuine", "VerificationNotAllowed", "VerificationNotFound"]


class VerificationNotFound(Problem):
    """No such question."""

    status = 404
    type = "verification-not-found"
    title = {"zh-CN": "没有这次查验", "en": "No such verification"}
    detail = {"zh-CN": "请核对查验编号。", "en": "Check the verification's id."}


class VerificationNotAllowed(Problem):
    """No agreement, or no line of the register, lets this be asked."""

    status = 403
    type = "verification-not-allowed"
    title = {"zh-CN": "不得查验该证照", "en": "This licence may not be asked about"}
    detail = {
        "zh-CN": "原因：{reasons}。请核对双方协议和互认目录。",
        "en": "Reasons: {reasons}. Check the agreement and the register of what counts as equal.",
    }
    words = DENIALS


class LicenceNotGenuine(Problem):
    """What was shown is no licence that the partner sealed."""

    status = 422
    type = "licence-not-genuine"
    title = {"zh-CN": "不是对方区盖章的证照", "en": "Not sealed by that district"}
    detail = {
        "zh-CN": "原因：{reason}。请核对证照文件是否完整，或改用证照编号、二维码查验。",
        "en": "Reason: {reason}. Check that the file is whole, or ask by number or QR code.",
    }
    words = OBJECTIONS

    def __init__(self, reason: str) -> None:
        super().__init__(errors=[Where.pointer("/document", self.title, reason)], reason=reason)
