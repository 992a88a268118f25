"""The words of the archive (档案用语)."""

from enum import StrEnum

__all__ = [
    "ArchiveState",
    "DestructionState",
    "HoldGround",
    "Obstacle",
    "RetentionClass",
    "TransferState",
]


class RetentionClass(StrEnum):
    """保管期限: how long a case's file is kept (机关档案管理规定; codes by DA/T 13)."""

    PERMANENT = "permanent"  # 永久
    YEARS_30 = "years_30"  # 定期30年
    YEARS_10 = "years_10"  # 定期10年


class ArchiveState(StrEnum):
    WAITING = "waiting"  # 待归档
    FILED = "filed"  # 已归档
    TRANSFERRED = "transferred"  # 已移交
    DESTROYED = "destroyed"  # 已销毁


class HoldGround(StrEnum):
    """Why a file must not be destroyed, whatever its term."""

    REVIEW = "review"  # 复议
    SUIT = "suit"  # 诉讼
    INSPECTION = "inspection"  # 监督检查
    OTHER = "other"  # 其他


class Obstacle(StrEnum):
    """What stands against destroying a file."""

    NOT_FILED = "not_filed"  # 未归档
    REOPENED = "reopened"  # 重新办理中
    PERMANENT = "kept_for_ever"  # 永久保管
    TERM_RUNNING = "term_running"  # 保管期限未满
    HELD = "held"  # 已冻结
    CHALLENGED = "challenged"  # 复议诉讼未结
    LICENCE_VALID = "licence_valid"  # 证照有效
    ELSEWHERE = "proposed_already"  # 已在其他销毁清册


class TransferState(StrEnum):
    PREPARING = "preparing"  # 打包中
    READY = "ready"  # 待移交
    ACKNOWLEDGED = "acknowledged"  # 已接收
    BROKEN = "broken"  # 校验不符


class DestructionState(StrEnum):
    PROPOSED = "proposed"  # 待审批
    APPROVED = "approved"  # 已批准
    REJECTED = "rejected"  # 未批准
    DONE = "done"  # 已销毁
