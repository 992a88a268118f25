"""Problems of seals.

SealNotFound          404
SealAuthorisationNotFound 404
SealNotAuthorised     409  no keeper's word covers this use
NotItsKeeper          403  the caller does not keep this seal
AuthorisationOver     409  revoked already
"""

from tongban.problems import Problem

__all__ = [
    "AuthorisationOver",
    "NotItsKeeper",
    "SealAuthorisationNotFound",
    "SealNotAuthorised",
    "SealNotFound",
]


class SealNotFound(Problem):
    """No such seal on the register."""

    status = 404
    type = "seal-not-found"
    title = {"zh-CN": "没有找到该印章", "en": "No such seal"}
    detail = {
        "zh-CN": "请从印章名册（GET /api/v1/seals）中选择。",
        "en": "Choose one from the register, GET /api/v1/seals.",
    }


class SealAuthorisationNotFound(Problem):
    """The seal has no such authorisation."""

    status = 404
    type = "seal-authorisation-not-found"
    title = {"zh-CN": "没有找到该用印授权", "en": "No such authorisation"}
    detail = {
        "zh-CN": "请从该印章的授权列表中选择。",
        "en": "Choose one from the seal's list of authorisations.",
    }


class SealNotAuthorised(Problem):
    """No keeper's authorisation covers this kind of document today."""

    status = 409
    type = "seal-not-authorised"
    title = {"zh-CN": "用印未获授权", "en": "The seal may not be used for this"}
    detail = {
        "zh-CN": "没有印章保管人对“{kind}”的有效授权，文书不能盖章。请印章保管人出具授权后重试。",
        "en": "No keeper has authorised sealing a “{kind}” today. Ask the seal's keeper for an "
        "authorisation, then try again.",
    }


class NotItsKeeper(Problem):
    """The caller does not keep this seal."""

    status = 403
    type = "not-its-keeper"
    title = {"zh-CN": "您不是该印章的保管人", "en": "You do not keep this seal"}
    detail = {
        "zh-CN": "只有登记在册的印章保管人可以授权用印，请与保管人联系。",
        "en": "Only a keeper on the register authorises its use; ask one of them.",
    }


class AuthorisationOver(Problem):
    """The authorisation was revoked already."""

    status = 409
    type = "authorisation-revoked"
    title = {"zh-CN": "该用印授权已撤销", "en": "The authorisation was revoked already"}
    detail = {
        "zh-CN": "授权已于 {revoked_at} 撤销，无需重复操作；如需用印请重新授权。",
        "en": "It was revoked at {revoked_at}; give a new one where the seal is needed.",
    }
