"""This service's Problems; those of uploaded files are in `materials.errors`.

CaseNotFound          404  no such case, or not one this caller may know of
ProgressNotFound      404  number and tail do not fit together
TooManyTries          429  too many wrong tails for one number
ActionNotAllowed      409  stage, or kind of case
CaseFinished          409  nothing is added to a finished case
MaterialsMissing      409  what is owed before acceptance or forwarding
SamePerson            403  two-person rule
AssignedToAnother     409
HelperMayNotDecide    403
MatterUnknown         409  not heard of yet; try again
MatterRetired         409
SiteUnknown           409
ActionIncomplete      422  the action needs what its body does not tell
ApplicationIncomplete 422  form, answers or evidence do not fit the matter

DocumentNotFound      404
NotClosedYet          409  only a closed case is rated
AlreadyRated          409
OwnerScoreNotApplicable 409  no other district had a part in the case
AuthorisationMissing  422  to act for somebody takes his word
AuthorisationNotAsked 422
AuthorisationEnded    409
DeciderMayNotHelp     403
"""

from case_service.cases.words import ACTIONS, STAGE_NAMES
from tongban.problems import Problem

__all__ = [
    "ActionIncomplete",
    "ActionNotAllowed",
    "AlreadyRated",
    "ApplicationIncomplete",
    "AssignedToAnother",
    "AuthorisationEnded",
    "AuthorisationMissing",
    "AuthorisationNotAsked",
    "CaseFinished",
    "CaseNotFound",
    "DeciderMayNotHelp",
    "DocumentNotFound",
    "HelperMayNotDecide",
    "MaterialsMissing",
    "MatterRetired",
    "MatterUnknown",
    "NotClosedYet",
    "OwnerScoreNotApplicable",
    "ProgressNotFound",
    "SamePerson",
    "SiteUnknown",
    "TooManyTries",
]


class CaseNotFound(Problem):
    """No such case, or none that this caller may know of."""

    status = 404
    type = "case-not-found"
    title = {"zh-CN": "没有找到该办件", "en": "No such case"}
    detail = {
        "zh-CN": "请核对办件编号；只能查看与您有关的办件。",
        "en": "Check the identifier; you see the cases that concern you.",
    }


class ProgressNotFound(Problem):
    """Number and tail do not fit together; which of the two is wrong stays untold."""

    status = 404
    type = "progress-not-found"
    title = {"zh-CN": "没有查到办件", "en": "Nothing found"}
    detail = {
        "zh-CN": "请核对回执上的办件编号，以及证件号码或统一社会信用代码的末四位。",
        "en": "Check the number on the receipt and the last four characters of the identity "
        "number or credit code.",
    }


class TooManyTries(Problem):
    """Too many wrong tails for this number."""

    status = 429
    type = "too-many-tries"
    title = {"zh-CN": "查询次数过多", "en": "Too many tries"}
    detail = {
        "zh-CN": "该编号的末四位多次不符，请在 {seconds} 秒后重试，或到窗口查询。",
        "en": "Try again after {seconds} seconds, or ask at a window.",
    }

    def __init__(self, *, seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(seconds)}, seconds=seconds)


class ActionNotAllowed(Problem):
    """The case's stage or kind does not allow this action."""

    status = 409
    type = "action-not-allowed"
    title = {"zh-CN": "当前环节不能进行该操作", "en": "The case does not allow this action now"}
    detail = {
        "zh-CN": "办件当前环节为 {stage}，您现在可以进行：{allowed}。",
        "en": "The case's stage is {stage}; what you can do now: {allowed}.",
    }
    words = {
        **{stage.value: {"zh-CN": name} for stage, name in STAGE_NAMES.items()},
        **{action.value: {"zh-CN": name} for action, name in ACTIONS.items()},
    }


class CaseFinished(Problem):
    """Nothing is added to a finished case."""

    status = 409
    type = "case-finished"
    title = {"zh-CN": "办件已结束", "en": "The case is finished"}
    detail = {
        "zh-CN": "已结束的办件不能再补充材料，如需办理请重新申请。",
        "en": "No material can be added any more; apply anew where needed.",
    }


class MaterialsMissing(Problem):
    """What is owed before the case can go on; all of it at once."""

    status = 409
    type = "materials-missing"
    title = {"zh-CN": "材料不齐", "en": "Materials are missing"}
    detail = {
        "zh-CN": "还缺：{names}。请补齐后再继续，或出具一次性补正告知书。",
        "en": "Still missing: {names}. Upload them, or request a correction.",
    }


class SamePerson(Problem):
    """Receipt, review and decision are different people's work."""

    status = 403
    type = "same-person"
    title = {"zh-CN": "须由其他人员办理", "en": "Someone else has to do this"}
    detail = {
        "zh-CN": "受理、审查与决定须由不同人员办理（即办件除外），请转交他人。",
        "en": "Acceptance, review and decision are done by different people, save in immediate "
        "matters; hand it to someone else.",
    }


class AssignedToAnother(Problem):
    """The case is somebody else's work in this step."""

    status = 409
    type = "assigned-to-another"
    title = {"zh-CN": "该办件已由他人经办", "en": "The case is somebody else's work"}
    detail = {
        "zh-CN": "请由经办人办理或移交，或请网点负责人、督办员重新分派。",
        "en": "Have whoever has it go on or hand it over, or have it assigned anew by the site's "
        "manager or a supervisor.",
    }


class HelperMayNotDecide(Problem):
    """Who helped with a case neither reviews nor decides it."""

    status = 403
    type = "helper-may-not-decide"
    title = {"zh-CN": "帮办人员不得审批", "en": "Who helped may not decide"}
    detail = {
        "zh-CN": "您曾为该办件提供帮办代办，请由其他人员审查和决定。",
        "en": "You helped with this case; someone else has to review and decide it.",
    }


class MatterUnknown(Problem):
    """The matter is not known here, or not yet."""

    status = 409
    type = "matter-unknown"
    title = {"zh-CN": "未找到该事项", "en": "The matter is not known here"}
    detail = {
        "zh-CN": "请核对事项编码；刚发布的事项请稍后重试。",
        "en": "Check the matter's code; one just published takes a moment, so try again.",
    }

    def __init__(self, *, matter_code: str) -> None:
        super().__init__(headers={"Retry-After": "2"}, matter_code=matter_code)


class MatterRetired(Problem):
    """The matter can't be applied for any more, or not yet."""

    status = 409
    type = "matter-retired"
    title = {"zh-CN": "该事项现不可申请", "en": "The matter can't be applied for now"}
    detail = {
        "zh-CN": "该事项已停用或尚未生效，请在事项目录中查找现行事项。",
        "en": "It is retired or not in force yet; look for the current one in the catalog.",
    }


class SiteUnknown(Problem):
    """The site is not known here, or closed."""

    status = 409
    type = "site-unknown"
    title = {"zh-CN": "未找到该网点", "en": "The site is not known here"}
    detail = {
        "zh-CN": "网点 {site_id} 不存在或已停用，请从网点列表中选择。",
        "en": "Site {site_id} does not exist or is closed; choose one from the list of sites.",
    }


class ApplicationIncomplete(Problem):
    """Form, answers or evidence do not fit what the matter asks."""

    status = 422
    type = "form-incomplete"
    title = {"zh-CN": "申请内容不完整", "en": "The application is incomplete"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示补充后重新提交。",
        "en": "Mend each place listed in errors, then send it again.",
    }


class ActionIncomplete(Problem):
    """The action needs what its body does not tell."""

    status = 422
    type = "action-incomplete"
    title = {"zh-CN": "操作内容不完整", "en": "The action lacks something"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示补充后重新提交。",
        "en": "Add what errors lists, then send it again.",
    }


class DocumentNotFound(Problem):
    """The case has no such document."""

    status = 404
    type = "document-not-found"
    title = {"zh-CN": "没有找到该文书", "en": "No such document"}
    detail = {
        "zh-CN": "请以办件文书列表中的编号读取。",
        "en": "Use an id from the list of the case's documents.",
    }


class NotClosedYet(Problem):
    """Only a closed case is rated."""

    status = 409
    type = "not-closed-yet"
    title = {"zh-CN": "办件尚未办结", "en": "The case is not closed yet"}
    detail = {
        "zh-CN": "办结后方可评价，请在收到办结通知后再来。",
        "en": "It can be rated once it is closed; come back when you are told so.",
    }


class AlreadyRated(Problem):
    """A closed case is rated once."""

    status = 409
    type = "already-rated"
    title = {"zh-CN": "该办件已评价", "en": "The case is rated already"}
    detail = {
        "zh-CN": "每个办结的办件评价一次（一事一评），已收到的评价不能修改。",
        "en": "Each closed case is rated once, and a rating stays as it was given.",
    }


class OwnerScoreNotApplicable(Problem):
    """No other district had a part in the case."""

    status = 409
    type = "owner-score-not-applicable"
    title = {"zh-CN": "该办件不是跨区办件", "en": "The case did not cross districts"}
    detail = {
        "zh-CN": "只有跨区通办的办件才另评对方区，请去掉 owner_score。",
        "en": "Another district is rated only where it handled the case; leave owner_score out.",
    }


class AuthorisationMissing(Problem):
    """To act for somebody takes his word."""

    status = 422
    type = "authorisation-missing"
    title = {"zh-CN": "代办须有授权", "en": "Acting for somebody needs an authorisation"}
    detail = {
        "zh-CN": "请登记授权方式（纸质、指纹或网上）及有效期；只是陪同请选择帮办。",
        "en": "Record how it was given (paper, fingerprint or online) and until when; to only go "
        "along, choose assist.",
    }


class AuthorisationNotAsked(Problem):
    """To go along needs no authorisation."""

    status = 422
    type = "authorisation-not-asked"
    title = {"zh-CN": "帮办无须授权", "en": "Going along needs no authorisation"}
    detail = {
        "zh-CN": "请去掉 authorisation 和 until；如需代为办理请选择代办。",
        "en": "Leave out authorisation and until; choose act_for to act for the applicant.",
    }


class AuthorisationEnded(Problem):
    """The authorisation is over."""

    status = 409
    type = "authorisation-ended"
    title = {"zh-CN": "授权已过期", "en": "The authorisation has ended"}
    detail = {
        "zh-CN": "授权有效期至 {until}，请申请人重新授权。",
        "en": "It was valid until {until}; ask the applicant for a new one.",
    }


class DeciderMayNotHelp(Problem):
    """Who reviewed or decided a case does not help with it."""

    status = 403
    type = "decider-may-not-help"
    title = {"zh-CN": "审批人员不得帮办", "en": "Who decides may not help"}
    detail = {
        "zh-CN": "您已审查或决定该办件，请由其他人员帮办代办。",
        "en": "You reviewed or decided this case; somebody else has to help with it.",
    }
