"""Problems of handovers.

HandoverNotFound       404
HandoverAcknowledged   409  once is enough
"""

from tongban.problems import Problem

__all__ = ["HandoverAcknowledged", "HandoverNotFound"]


class HandoverNotFound(Problem):
    """No such handover, or another department's."""

    status = 404
    type = "handover-not-found"
    title = {"zh-CN": "没有找到该移交单", "en": "No such handover"}
    detail = {
        "zh-CN": "请从本部门的移交列表中选择。",
        "en": "Choose one from your department's list.",
    }


class HandoverAcknowledged(Problem):
    """It was acknowledged before."""

    status = 409
    type = "handover-acknowledged"
    title = {"zh-CN": "该移交单已签收", "en": "The handover is acknowledged already"}
    detail = {
        "zh-CN": "已于 {acknowledged_at} 签收，无须重复操作。",
        "en": "It was acknowledged at {acknowledged_at}; there is nothing left to do.",
    }
