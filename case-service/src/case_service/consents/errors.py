"""This aggregate's Problems.

ConsentMissing          409  nobody agreed to this
ConsentNotFound         404
ConsentEvidenceMissing  422
ConsentOver             422
ConsentNotRevocable     409
ConsentRevokedAlready   409
"""

from tongban.problems import Problem

__all__ = [
    "ConsentEvidenceMissing",
    "ConsentMissing",
    "ConsentNotFound",
    "ConsentNotRevocable",
    "ConsentOver",
    "ConsentRevokedAlready",
]


class ConsentMissing(Problem):
    """The person has not agreed to this, or not any more."""

    status = 409
    type = "consent-missing"
    title = {"zh-CN": "缺少申请人的同意", "en": "The applicant has not agreed to this"}
    detail = {
        "zh-CN": "需要申请人就 {purpose}（{scope}）作出同意：网上确认，"
        "或在窗口以纸质、指纹方式登记。",
        "en": "It needs the applicant's consent to {purpose} ({scope}): given online, or recorded "
        "at a window on paper or by fingerprint.",
    }


class ConsentNotFound(Problem):
    """No such consent, or not this caller's."""

    status = 404
    type = "consent-not-found"
    title = {"zh-CN": "没有找到该同意记录", "en": "No such consent"}
    detail = {
        "zh-CN": "请以同意记录列表中的编号操作；只能操作本人的同意。",
        "en": "Use an id from the list of consents; you see your own.",
    }


class ConsentEvidenceMissing(Problem):
    """What was not given online needs its paper or print."""

    status = 422
    type = "consent-evidence-missing"
    title = {"zh-CN": "缺少同意的留存凭证", "en": "The consent's evidence is missing"}
    detail = {
        "zh-CN": "纸质或指纹方式的同意须登记留存凭证编号。",
        "en": "Name the paper or the fingerprint record that is kept.",
    }


class ConsentOver(Problem):
    """It would be over before it began."""

    status = 422
    type = "consent-over"
    title = {"zh-CN": "同意的有效期已过", "en": "The consent would be over already"}
    detail = {
        "zh-CN": "请填写晚于当前时间的有效期，或不填。",
        "en": "Give a time in the future, or leave it out.",
    }


class ConsentNotRevocable(Problem):
    """What was done by it can't be undone."""

    status = 409
    type = "consent-not-revocable"
    title = {"zh-CN": "该同意不可撤回", "en": "This consent can't be revoked"}
    detail = {
        "zh-CN": "给出同意时已告知不可撤回；如有异议请提交投诉。",
        "en": "That was told when it was given; object by a complaint.",
    }


class ConsentRevokedAlready(Problem):
    """A consent is revoked once."""

    status = 409
    type = "consent-revoked-already"
    title = {"zh-CN": "该同意已撤回", "en": "The consent is revoked already"}
    detail = {
        "zh-CN": "已于 {revoked_at} 撤回，无须重复操作。",
        "en": "It was revoked at {revoked_at}; there is nothing left to do.",
    }
