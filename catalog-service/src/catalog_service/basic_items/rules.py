"""What a basic item is, and what may be done with one. Pure."""

from enum import StrEnum

__all__ = ["ItemState"]


class ItemState(StrEnum):
    """基本目录事项状态, as the authority above says."""

    IN_FORCE = "in_force"  # 在用
    WITHDRAWN = "withdrawn"  # 已取消
