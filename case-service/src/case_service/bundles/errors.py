"""Problems of bundles.

BundleNotFound     404  no such bundle, or none that this caller may know of
LifeEventUnknown   409  not heard of (yet), or retired
NothingApplies     422  the answers call for none of its matters
BundleNotReady     409  not every part is decided
"""

from tongban.problems import Problem

__all__ = ["BundleNotFound", "BundleNotReady", "LifeEventUnknown", "NothingApplies"]


class BundleNotFound(Problem):
    """No such bundle, or none that this caller may know of."""

    status = 404
    type = "bundle-not-found"
    title = {"zh-CN": "没有找到该联办申请", "en": "No such bundle"}
    detail = {
        "zh-CN": "只能查看与您有关的联办申请，请核对编号。",
        "en": "You see those that concern you; check the identifier.",
    }


class LifeEventUnknown(Problem):
    """The life event is not known here, or can't be applied for any more."""

    status = 409
    type = "life-event-unknown"
    title = {"zh-CN": "未找到该一件事", "en": "The life event is not known here"}
    detail = {
        "zh-CN": "请核对编码；刚发布的请稍后重试，已停用的请分别申请各事项。",
        "en": "Check its code; one just published takes a moment; of a retired one, apply for the "
        "matters one by one.",
    }

    def __init__(self, *, life_event: str) -> None:
        super().__init__(headers={"Retry-After": "2"}, life_event=life_event)


class NothingApplies(Problem):
    """The answers call for none of its matters."""

    status = 422
    type = "nothing-applies"
    title = {"zh-CN": "按所答情形没有需要办理的事项", "en": "Nothing is to be applied for"}
    detail = {
        "zh-CN": "请核对情形答复；无须办理的不必提交。",
        "en": "Check the answers; where nothing applies, nothing is handed in.",
    }


class BundleNotReady(Problem):
    """Not every part is decided."""

    status = 409
    type = "bundle-not-ready"
    title = {"zh-CN": "尚有事项未作出决定", "en": "Not every part is decided"}
    detail = {
        "zh-CN": "待决定的办件：{waiting}。结果一并交付；申请人可要求先行领取（release）。",
        "en": "Still undecided: {waiting}. Results are handed over together, unless the applicant "
        "asks for what is ready (release).",
    }
