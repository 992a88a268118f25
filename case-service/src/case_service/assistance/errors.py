"""This aggregate's Problems, besides those of the cases' core.

AuthorityMissing          403  nobody said that he may act for the applicant
AuthorityEnded            403  its last day is over, it was revoked, or it has not begun
AuthorityOutOfScope       403  another matter, or an action it does not name
AuthorityNotFound         404
AuthorityEvidenceMissing  422
AuthorityDatesWrong       422
AuthorityRevokedAlready   409
OwnAgent                  422  nobody is his own agent
NotThePrincipal           422  the application is not of whoever gave the authority
"""

from tongban.problems import Problem

__all__ = [
    "AuthorityDatesWrong",
    "AuthorityEnded",
    "AuthorityEvidenceMissing",
    "AuthorityMissing",
    "AuthorityNotFound",
    "AuthorityOutOfScope",
    "AuthorityRevokedAlready",
    "NotThePrincipal",
    "OwnAgent",
]


class AuthorityMissing(Problem):
    """Nobody said that this caller may act for the applicant."""

    status = 403
    type = "authority-missing"
    title = {"zh-CN": "缺少代办授权", "en": "There is no authority to act for the applicant"}
    detail = {
        "zh-CN": "请由申请人网上授权，或在窗口登记纸质、指纹授权后再办理。",
        "en": "The applicant gives one online, or it is recorded at a window on paper or by "
        "fingerprint.",
    }


class AuthorityEnded(Problem):
    """The authority is not in force today."""

    status = 403
    type = "authority-ended"
    title = {"zh-CN": "代办授权不在有效期内", "en": "The authority is not in force"}
    detail = {
        "zh-CN": "授权有效期为 {valid_from} 至 {until}（或已被撤销），请申请人重新授权。",
        "en": "It held from {valid_from} until {until}, unless revoked; ask for a new one.",
    }


class AuthorityOutOfScope(Problem):
    """The authority is for something else."""

    status = 403
    type = "authority-out-of-scope"
    title = {"zh-CN": "超出代办授权范围", "en": "The authority does not reach so far"}
    detail = {
        "zh-CN": "授权不包括该事项或该操作（{action}），请申请人扩大授权或本人办理。",
        "en": "It does not cover this matter or action ({action}); ask the applicant for more, "
        "or have him do it.",
    }


class AuthorityNotFound(Problem):
    """No such authority, or not one of this caller's."""

    status = 404
    type = "authority-not-found"
    title = {"zh-CN": "没有找到该授权", "en": "No such authority"}
    detail = {
        "zh-CN": "只能查看您给出或得到的授权。",
        "en": "You see the ones that you gave or were given.",
    }


class AuthorityEvidenceMissing(Problem):
    """On paper or by fingerprint it has evidence."""

    status = 422
    type = "authority-evidence-missing"
    title = {"zh-CN": "缺少授权凭证", "en": "The authority's evidence is missing"}
    detail = {
        "zh-CN": "纸质或指纹授权须登记委托书或指纹留存编号。",
        "en": "Name the paper or the fingerprint record that is kept.",
    }


class AuthorityDatesWrong(Problem):
    """It would be over before it began, or last for ever."""

    status = 422
    type = "authority-dates-wrong"
    title = {"zh-CN": "授权期限有误", "en": "The authority's dates are wrong"}
    detail = {
        "zh-CN": "授权须不早于今日结束、不早于开始日结束，且最长 {years} 年。",
        "en": "It ends today or later, not before it begins, and after {years} years at most.",
    }


class AuthorityRevokedAlready(Problem):
    """An authority is revoked once."""

    status = 409
    type = "authority-revoked-already"
    title = {"zh-CN": "该授权已撤销", "en": "The authority is revoked already"}
    detail = {
        "zh-CN": "已于 {revoked_at} 撤销，无须重复操作。",
        "en": "It was revoked at {revoked_at}; there is nothing left to do.",
    }


class OwnAgent(Problem):
    """Nobody is his own agent."""

    status = 422
    type = "own-agent"
    title = {"zh-CN": "不能授权给本人", "en": "Nobody is his own agent"}
    detail = {
        "zh-CN": "请填写代办人的平台账号。",
        "en": "Give the agent's account.",
    }


class NotThePrincipal(Problem):
    """The application is not of whoever gave the authority."""

    status = 422
    type = "not-the-principal"
    title = {"zh-CN": "申请人不是授权人", "en": "The applicant did not give this authority"}
    detail = {
        "zh-CN": "授权只能用于为授权人本人申请，请核对申请人证件号码。",
        "en": "It serves to apply for whoever gave it; check the applicant's number.",
    }
