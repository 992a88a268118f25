"""What can go wrong with the measures for the old.

Problem
├── MeasureNotFound                                       404
├── MeasureNotAsked                                       409
└── CheckRefused, MeasuresRefused                         422
"""

from tongban.problems import Problem


class MeasureNotFound(Problem):
    """No such measure."""

    status = 404
    type = "measure-not-found"
    title = {"zh-CN": "没有这项适老举措", "en": "No such measure"}
    detail = {
        "zh-CN": "请核对举措编号 {code}，可在 /api/v1/elderly/measures 查询。",
        "en": "Check {code}; /api/v1/elderly/measures lists them all.",
    }


class MeasureNotAsked(Problem):
    """The measure is not asked of sites of this kind."""

    status = 409
    type = "measure-not-asked"
    title = {"zh-CN": "该类网点不适用此举措", "en": "The measure is not asked of such a site"}
    detail = {
        "zh-CN": "{code} 只适用于：{kinds}。",
        "en": "{code} is asked of {kinds} only.",
    }


class CheckRefused(Problem):
    """A check contradicts itself or lacks its evidence; nothing was stored."""

    status = 422
    type = "check-refused"
    title = {"zh-CN": "检查记录有误", "en": "The check was refused"}
    detail = {
        "zh-CN": "请按 errors 逐项补正，没有任何内容被修改。",
        "en": "Mend each place listed in errors; nothing was changed.",
    }


class MeasuresRefused(Problem):
    """The measures contradict each other; nothing was changed."""

    status = 422
    type = "measures-refused"
    title = {"zh-CN": "适老举措有误", "en": "The measures were refused"}
    detail = {
        "zh-CN": "请按 errors 逐项修改，没有任何内容被修改。",
        "en": "Mend each place listed in errors; nothing was changed.",
    }
