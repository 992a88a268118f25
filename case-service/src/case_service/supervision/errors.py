"""This aggregate's Problems.

OrderNotFound          404
OrderAnswered          409
RecomputationNotFound  404
"""

from tongban.problems import Problem

__all__ = ["OrderAnswered", "OrderNotFound", "RecomputationNotFound"]


class OrderNotFound(Problem):
    """No such order, or not this caller's."""

    status = 404
    type = "order-not-found"
    title = {"zh-CN": "没有该督办单", "en": "There is no such supervision order"}
    detail = {
        "zh-CN": "请核对督办单编号；其他网点的督办单由该网点或督办人员处理。",
        "en": "Check its id; another site's orders are answered there, or by supervision.",
    }


class OrderAnswered(Problem):
    """An order is answered once."""

    status = 409
    type = "order-answered"
    title = {"zh-CN": "督办单已答复", "en": "The supervision order is answered already"}
    detail = {
        "zh-CN": "已于 {answered_at} 答复，无须重复答复。",
        "en": "It was answered at {answered_at}; there is nothing left to do.",
    }


class RecomputationNotFound(Problem):
    """No such recomputation."""

    status = 404
    type = "recomputation-not-found"
    title = {"zh-CN": "没有该次时限重算", "en": "There is no such recomputation"}
    detail = {
        "zh-CN": "请从时限重算列表中选择。",
        "en": "Choose one from the list of recomputations.",
    }
