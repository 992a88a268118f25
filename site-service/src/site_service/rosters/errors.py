"""What can go wrong with rosters.

Problem
├── AbsenceNotFound, StaffNotFound                        404
├── NobodyLeft                                            409
└── RosterRefused                                         422
"""

from tongban.problems import Problem


class StaffNotFound(Problem):
    """Nobody of that name works at the site."""

    status = 404
    type = "staff-not-found"
    title = {"zh-CN": "该网点没有这位工作人员", "en": "Nobody such works at the site"}
    detail = {
        "zh-CN": "请核对人员编号 {subject}，人员随排班表登记。",
        "en": "Check {subject}; staff are registered with the site's roster.",
    }


class AbsenceNotFound(Problem):
    """No such absence at the site."""

    status = 404
    type = "absence-not-found"
    title = {"zh-CN": "没有这条离岗记录", "en": "No such absence"}
    detail = {
        "zh-CN": "请在 /api/v1/sites/{site_id}/roster 核对离岗记录。",
        "en": "See /api/v1/sites/{site_id}/roster for the site's absences.",
    }


class NobodyLeft(Problem):
    """First and deputy would both be away.

    `gaps` tells which window, from when until when; `appointments`, who is booked there then.
    """

    status = 409
    type = "nobody-left"
    title = {"zh-CN": "A角B角同时离岗", "en": "First and deputy would both be away"}
    detail = {
        "zh-CN": "窗口 {windows} 将无人值守。请先安排替班；"
        "确需如此时以 despite_gaps=true 再次提交。",
        "en": "Nobody would be at window {windows}. Find somebody first, or send it again with"
        " despite_gaps=true.",
    }


class RosterRefused(Problem):
    """The roster contradicts itself; each fault is listed, nothing was changed."""

    status = 422
    type = "roster-refused"
    title = {"zh-CN": "排班表有误", "en": "The roster was refused"}
    detail = {
        "zh-CN": "请按 errors 逐项修改后重新提交，没有任何内容被修改。",
        "en": "Mend each place listed in errors and send it again; nothing was changed.",
    }
