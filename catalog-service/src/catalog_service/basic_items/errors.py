"""What can go wrong with basic items.

Problem
├── BasicItemNotFound   404
├── BasicItemNotClaimed 409
├── BasicItemClaimed    409
├── BasicItemWithdrawn  409
└── BasicItemsFaulty    422
"""

from tongban.problems import Problem

__all__ = [
    "BasicItemClaimed",
    "BasicItemNotClaimed",
    "BasicItemNotFound",
    "BasicItemWithdrawn",
    "BasicItemsFaulty",
]


class BasicItemNotFound(Problem):
    """No basic item of that code came from above."""

    status = 404
    type = "basic-item-not-found"
    title = {"zh-CN": "没有该基本目录事项", "en": "No such basic item"}
    detail = {
        "zh-CN": "基本目录中没有 {code}；基本目录由上级下发，请先导入。",
        "en": "The basic catalog has no {code}; it comes from above and is imported.",
    }


class BasicItemNotClaimed(Problem):
    """A district carries out what it claimed from the basic catalog; it invents nothing."""

    status = 409
    type = "basic-item-not-claimed"
    title = {"zh-CN": "基本目录事项未认领", "en": "The basic item is not claimed"}
    detail = {
        "zh-CN": "基本编码 {basic_code} 不在基本目录中或未认领，请先导入并认领，再编制实施清单。",
        "en": "The basic code {basic_code} is not in the basic catalog, or not claimed; import "
        "and claim it, then draft the matter.",
    }


class BasicItemClaimed(Problem):
    """An item is claimed once."""

    status = 409
    type = "basic-item-claimed"
    title = {"zh-CN": "已认领", "en": "Claimed already"}
    detail = {
        "zh-CN": "基本目录事项 {code} 已认领，可直接编制实施清单。",
        "en": "Basic item {code} is claimed; draft the matter.",
    }


class BasicItemWithdrawn(Problem):
    """The authority above has taken the item out of the basic catalog."""

    status = 409
    type = "basic-item-withdrawn"
    title = {"zh-CN": "基本目录事项已取消", "en": "The basic item is withdrawn"}
    detail = {
        "zh-CN": "基本目录事项 {code} 已由上级取消，不能认领或发布；在施事项请办理停用。",
        "en": "Basic item {code} was withdrawn above: it can't be claimed or published; retire "
        "the matter where it is in force.",
    }


class BasicItemsFaulty(Problem):
    """Nothing was imported; each fault is listed with its row."""

    status = 422
    type = "basic-items-faulty"
    title = {"zh-CN": "基本目录有误", "en": "The basic items have faults"}
    detail = {
        "zh-CN": "未导入任何内容，请按 errors 中各项修改后重新导入。",
        "en": "Nothing was imported; mend each place listed in errors, then import again.",
    }
