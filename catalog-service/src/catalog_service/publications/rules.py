"""How a bulk publication goes. Pure."""

from enum import StrEnum

__all__ = ["PublicationState"]


class PublicationState(StrEnum):
    """批量发布状态."""

    WAITING = "waiting"  # 等待执行
    DONE = "done"  # 已完成
    REFUSED = "refused"  # 未通过
