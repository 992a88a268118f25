"""What a notice is (通知), how it is tried again, and when it is given up.

Pure: values in, values out.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

__all__ = [
    "ATTEMPTS",
    "NoticeKind",
    "NoticeState",
    "next_attempt",
    "plain_facts",
]


class NoticeKind(StrEnum):
    ACCEPTED = "accepted"  # 受理通知
    CORRECTION = "correction"  # 补正通知
    DECLINED = "declined"  # 不予受理通知
    SUSPENDED = "suspended"  # 中止计时通知
    RESUMED = "resumed"  # 恢复计时通知
    EXTENDED = "extended"  # 延期通知
    DECIDED = "decided"  # 决定通知
    READY = "ready"  # 领取通知
    TERMINATED = "terminated"  # 终止通知
    SUPPLY_DUE = "supply_due"  # 容缺补交提醒
    LICENCE_EXPIRING = "licence_expiring"  # 证照到期提醒
    RENEWAL_LATE = "renewal_late"  # 延续申请逾期提醒
    DEEMED_RENEWED = "deemed_renewed"  # 逾期视为准予延续通知
    LICENCE_ENDED = "licence_ended"  # 证照失效通知
    RATING_CALL_BACK = "rating_call_back"  # 差评回访通知
    RATING_ANSWERED = "rating_answered"  # 差评答复通知
    DEEMED_ACCEPTED = "deemed_accepted"  # 逾期视为受理通知
    ENQUIRY_ANSWERED = "enquiry_answered"  # 咨询投诉答复通知
    PART_FAILED = "part_failed"  # 联办事项未办成通知
    BUNDLE_READY = "bundle_ready"  # 联办结果已齐通知
    FEE_DUE = "fee_due"  # 缴费通知
    FEE_REFUNDED = "fee_refunded"  # 退费通知


class NoticeState(StrEnum):
    WAITING = "waiting"  # 待发送
    SENT = "sent"  # 已发送
    UNREACHABLE = "unreachable"  # 无联系方式
    DEAD = "dead"  # 发送失败


ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=6)


def next_attempt(attempts: int, at: datetime) -> datetime | None:
    """Return when a notice that failed `attempts` times goes again; None once it is given up."""
    if attempts >= ATTEMPTS:
        return None
    # 30 s, 2 min, 8 min … : an outage of a night is outlived, a wrong number is not rung for days.
    pause: timedelta = _FIRST_PAUSE * 4 ** max(0, attempts - 1)
    return at + min(pause, _LONGEST_PAUSE)


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they are stored: days and instants as text, nothing that is not there."""
    return {name: _plain(value) for name, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return value
