"""What can go wrong with relying on a partner's document.

Problem
├── PartnerProofNotFound   404: nothing was verified or fetched under that id
└── ProofProvesNothing     409: it does not prove this material, or not any more
"""

from tongban.problems import Problem

__all__ = ["PartnerProofNotFound", "ProofProvesNothing"]


class PartnerProofNotFound(Problem):
    """Nothing of a partner's was verified or fetched under that id, as far as is known here."""

    status = 404
    type = "partner-proof-not-found"
    title = {"zh-CN": "没有该查验或调取结果", "en": "Nothing was verified or fetched under it"}
    detail = {
        "zh-CN": "请核对查验或调取编号；刚刚答复的，请稍候几秒再试。",
        "en": "Check the id of the verification or request; one just answered takes some seconds.",
    }


class ProofProvesNothing(Problem):
    """The partner's document does not prove this material, or not any more."""

    status = 409
    type = "proof-proves-nothing"
    title = {"zh-CN": "该证照不能用于此材料", "en": "The document does not prove this material"}
    detail = {
        "zh-CN": "原因：{reasons}。请为本事项重新查验，或请申请人提交材料。",
        "en": "Reasons: {reasons}. Verify it anew for this matter, or take the material itself.",
    }
