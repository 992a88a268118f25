"""What can go wrong with coverage.

Problem
├── MatterNowhere                                         404
├── PopulationTooLarge                                    413
└── PlanRefused, PopulationRefused                        422
"""

from tongban.problems import Problem

__all__ = ["MatterNowhere", "PlanRefused", "PopulationRefused", "PopulationTooLarge"]


class MatterNowhere(Problem):
    """No open site handles the matter, so nobody is within its reach."""

    status = 404
    type = "matter-nowhere"
    title = {"zh-CN": "没有网点办理此事项", "en": "No open site handles this matter"}
    detail = {
        "zh-CN": "请核对事项编码 {code}，或在网点导入中列入此事项。",
        "en": "Check the code {code}, or list the matter in a site's import.",
    }


class PopulationRefused(Problem):
    """The population cells are faulty; each fault is listed, nothing was changed."""

    status = 422
    type = "population-refused"
    title = {"zh-CN": "人口网格数据有误", "en": "The population cells were refused"}
    detail = {
        "zh-CN": "请按 errors 逐项修改后重新提交，没有任何内容被修改。",
        "en": "Mend each place listed in errors and send it again; nothing was changed.",
    }


class PopulationTooLarge(Problem):
    """More than is read at once."""

    status = 413
    type = "population-too-large"
    title = {"zh-CN": "人口网格文件过大", "en": "The population file is too large"}
    detail = {
        "zh-CN": "不超过 {megabytes} MB；请合并网格后再提交。",
        "en": "At most {megabytes} MB; use larger cells.",
    }


class PlanRefused(Problem):
    """The plan contradicts itself or names what is not there."""

    status = 422
    type = "plan-refused"
    title = {"zh-CN": "规划条件有误", "en": "The plan was refused"}
    detail = {
        "zh-CN": "请按 errors 逐项修改。",
        "en": "Mend each place listed in errors.",
    }
