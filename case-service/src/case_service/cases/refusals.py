"""Why a step of the machine is refused (办理受限), besides stage, role and person.

ProcedureNotAllowed  409  a suspension without a special procedure that may stop the clock
ExtensionTooLong     409
ExtensionTooLate     409  the limit has passed
NotOverdueYet        409  a termination for a date that has not passed
OutOfOrder           409  a step dated before the one it follows
DepartmentNotAsked   403
NotTheLead           403
CommitmentBroken     409  a grant in spite of a broken promise
LicenceStands        409  a case reopened while its licence is valid
DuplicateApplication 409  one of this applicant and matter is open already
NoDepartment         409  a department's work list, asked for by who has none
NoSite               422  a site's work list, and no site
"""

from case_service.matters.procedures import PROCEDURES
from tongban.problems import Problem

__all__ = [
    "CommitmentBroken",
    "DepartmentNotAsked",
    "DuplicateApplication",
    "ExtensionTooLate",
    "ExtensionTooLong",
    "LicenceStands",
    "NoDepartment",
    "NoSite",
    "NotOverdueYet",
    "NotTheLead",
    "OutOfOrder",
    "ProcedureNotAllowed",
]


class DuplicateApplication(Problem):
    """One of this applicant and matter is open already."""

    status = 409
    type = "duplicate-application"
    title = {"zh-CN": "该事项已有在办件", "en": "One of this matter is open already"}
    detail = {
        "zh-CN": "同一申请人的该事项正在办理（{numbers}），请勿重复提交；"
        "确需再次申请（如另一场所），请将 {confirm} 设为 true 后重新提交。",
        "en": "This applicant's case of this matter is under way ({numbers}). If it is to be one "
        "more, such as for other premises, send it again with {confirm} set to true.",
    }


class ProcedureNotAllowed(Problem):
    """The clock stops only for what the matter's version lists, and for a licence's hearing."""

    status = 409
    type = "procedure-not-allowed"
    title = {"zh-CN": "该特别程序不能中止计时", "en": "This procedure does not stop the clock"}
    detail = {
        "zh-CN": "该事项可以中止计时的特别程序为：{allowed}。请选择其中之一，或继续办理。",
        "en": "For this matter the clock stops for: {allowed}. Choose one of them, or go on.",
    }
    words = PROCEDURES


class ExtensionTooLong(Problem):
    """Longer than law or matter allow."""

    status = 409
    type = "extension-too-long"
    title = {"zh-CN": "延长天数超过上限", "en": "The extension is too long"}
    detail = {
        "zh-CN": "本办件最多可延长 {most} 个工作日，请减少天数。",
        "en": "This case can be extended by {most} working days at most.",
    }


class ExtensionTooLate(Problem):
    """A limit is extended before it passes."""

    status = 409
    type = "extension-too-late"
    title = {"zh-CN": "期限已过，不能延长", "en": "The limit has passed"}
    detail = {
        "zh-CN": "法定期限已于 {due_on} 届满，期限须在届满前延长；请尽快作出决定。",
        "en": "It ended on {due_on}, and is extended only before it ends: decide the case now.",
    }


class NotOverdueYet(Problem):
    """Nobody is out of time yet."""

    status = 409
    type = "not-overdue-yet"
    title = {"zh-CN": "期限尚未届满", "en": "The time given is not over"}
    detail = {
        "zh-CN": "申请人的期限至 {due_on}，届满前不能以逾期为由终止；没有期限的不适用该理由。",
        "en": "The applicant has until {due_on}; the case can't end for lateness before that, nor "
        "where no such date runs.",
    }


class OutOfOrder(Problem):
    """A step can't be dated before the one that it follows."""

    status = 409
    type = "out-of-order"
    title = {"zh-CN": "办理时间早于上一步", "en": "The step is dated before the last one"}
    detail = {
        "zh-CN": "上一步的时间为 {last}，本次操作的时间不能更早；请校准系统时钟后重试。",
        "en": "The last step was at {last}; set the system's clock right, then try again.",
    }


class DepartmentNotAsked(Problem):
    """The caller's department was not asked, or has answered."""

    status = 403
    type = "department-not-asked"
    title = {"zh-CN": "未征求贵部门意见", "en": "Your department's opinion is not waited for"}
    detail = {
        "zh-CN": "等待意见的部门：{waiting}。您的账号所属部门不在其中或已出具意见。",
        "en": "Still waited for: {waiting}. The department of your account is not among them.",
    }


class NotTheLead(Problem):
    """The lead department concludes a joint review."""

    status = 403
    type = "not-the-lead"
    title = {"zh-CN": "须由牵头部门审查", "en": "The lead department concludes the review"}
    detail = {
        "zh-CN": "本办件由 {department} 牵头，请由其汇总各部门意见后审查。",
        "en": "{department} leads this case and concludes its review.",
    }


class CommitmentBroken(Problem):
    """What was promised in a material's place is not so."""

    status = 409
    type = "commitment-broken"
    title = {"zh-CN": "承诺不实，不能准予", "en": "A commitment was broken"}
    detail = {
        "zh-CN": "核查发现以下承诺不实：{names}。请作出不予决定，或由申请人撤回后重新申请。",
        "en": "Found untrue: {names}. Deny the case, or let the applicant withdraw and apply anew.",
    }


class LicenceStands(Problem):
    """The licence that the case resulted in is valid."""

    status = 409
    type = "licence-stands"
    title = {"zh-CN": "所发证照仍然有效", "en": "Its licence is still valid"}
    detail = {
        "zh-CN": "请先依法撤销、撤回或吊销证照 {licence_number}，再重新办理。",
        "en": "Rescind, withdraw or revoke licence {licence_number} first, then reopen the case.",
    }


class NoDepartment(Problem):
    """The caller belongs to no department."""

    status = 409
    type = "no-department"
    title = {"zh-CN": "您的账号没有所属部门", "en": "Your account has no department"}
    detail = {
        "zh-CN": "请改用 mine、role 或 site 工作台，或请管理员为账号设置部门。",
        "en": "Ask for mine, role or site, or have the account given its department.",
    }


class NoSite(Problem):
    """A site's work list, and no site."""

    status = 422
    type = "no-site"
    title = {"zh-CN": "请指明网点", "en": "Which site?"}
    detail = {
        "zh-CN": "请用 site_id 指明网点，或使用属于某一网点的账号。",
        "en": "Name it by site_id, or sign in as somebody who works at one.",
    }
