"""What can go wrong when a life event waits for a second person.

Problem
├── NothingProposed         409
├── ProposerCantPublish     409
└── ProposalFaulty          409
"""

from tongban.problems import Problem

__all__ = ["NothingProposed", "ProposalFaulty", "ProposerCantPublish"]


class NothingProposed(Problem):
    """There is nothing to publish or to take back."""

    status = 409
    type = "nothing-proposed"
    title = {"zh-CN": "没有待发布的“一件事”", "en": "Nothing is proposed"}
    detail = {
        "zh-CN": "“一件事” {code} 没有待发布的内容，请先导入。",
        "en": "Nothing is proposed for the life event {code}; import it first.",
    }


class ProposerCantPublish(Problem):
    """Whoever brought a life event in does not publish it."""

    status = 409
    type = "proposer-cant-publish"
    title = {"zh-CN": "导入人不能发布", "en": "The importer can't publish"}
    detail = {
        "zh-CN": "“一件事” {code} 由您导入，请由另一位事项管理员或系统管理员发布。",
        "en": "You imported the life event {code}; another editor or an administrator publishes.",
    }


class ProposalFaulty(Problem):
    """Its matters have changed since it was proposed."""

    status = 409
    type = "proposal-faulty"
    title = {"zh-CN": "“一件事”已不能发布", "en": "The life event no longer fits its matters"}
    detail = {
        "zh-CN": "导入之后所涉事项有变动，请按 errors 修改后重新导入。",
        "en": "Its matters have changed since it was imported: mend it as `errors` say, and import "
        "it anew.",
    }
