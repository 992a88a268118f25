"""What can go wrong with the register.

Problem
├── EquivalenceNotFound                       404: no such line
└── AgreementUnknown, MatterNotOffered        422: what the line or the question names is not here
"""

from tongban.problems import Problem, Where

__all__ = ["AgreementUnknown", "EquivalenceNotFound", "MatterNotOffered"]


class EquivalenceNotFound(Problem):
    """No such line of the register."""

    status = 404
    type = "equivalence-not-found"
    title = {"zh-CN": "互认目录没有这一条", "en": "No such line of the register"}
    detail = {"zh-CN": "请核对编号。", "en": "Check the id."}


class AgreementUnknown(Problem):
    """The agreement that is named is not one of this district's."""

    status = 422
    type = "agreement-unknown"
    title = {"zh-CN": "没有这份协议", "en": "No such agreement"}
    detail = {
        "zh-CN": "{agreement} 不是本区登记的协议，请先登记协议。",
        "en": "{agreement} is not registered here: register the agreement first.",
    }

    def __init__(self, agreement: str) -> None:
        where = Where.pointer("/agreement", self.title, "unknown")
        super().__init__(errors=[where], agreement=agreement)


class MatterNotOffered(Problem):
    """The matter is not offered under the agreement."""

    status = 422
    type = "matter-not-offered"
    title = {"zh-CN": "协议下没有这个事项", "en": "The matter is not offered under the agreement"}
    detail = {
        "zh-CN": "请核对事项编码，或用 materials 直接列出材料。",
        "en": "Check the matter's code, or list the materials themselves.",
    }

    def __init__(self) -> None:
        super().__init__(errors=[Where.pointer("/matter_code", self.title, "unknown")])
