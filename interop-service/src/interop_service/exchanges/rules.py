"""The words of an exchange, who is told apart by them, and when a message is sent again.

Pure. Both districts keep their own view of the same exchange: the near side (收件区) received the
applicant, the owner (办理区) decides. How an exchange moves is in `modes`.
"""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

__all__ = [
    "UNDER_WAY",
    "DeliveryState",
    "FaultOf",
    "HopClock",
    "Light",
    "MessageKind",
    "ReceiptKind",
    "Side",
    "State",
    "backoff_seconds",
    "concert_outcome",
    "light_of",
]

LONGEST_BACKOFF_SECONDS: Final = 300.0
UNDER_WAY: Final = timedelta(seconds=60)
"""How long a message that is being sent is left alone: longer than any attempt."""


class Side(StrEnum):
    """Which of the two districts this one is."""

    NEAR = "near"  # 收件区
    OWNER = "owner"  # 办理区

    @property
    def other(self) -> "Side":
        return Side.OWNER if self is Side.NEAR else Side.NEAR


class State(StrEnum):
    """Where an exchange is; both sides use the same words."""

    PREPARED = "prepared"  # 待发送
    SENT = "sent"  # 已发送
    RECEIVED = "received"  # 办理区已签收
    CORRECTING = "correcting"  # 待补正
    ACCEPTED = "accepted"  # 已受理
    SUSPENDED = "suspended"  # 特别程序中
    DECIDED = "decided"  # 已决定
    CONCLUDED = "concluded"  # 已办结
    HANDED_OVER = "handed_over"  # 已交付申请人
    ARCHIVED = "archived"  # 已归档
    FAILED = "failed"  # 失败


class MessageKind(StrEnum):
    """What goes between the two districts."""

    PACKAGE = "package"  # 办件材料包
    CORRECTIONS_REQUESTED = "corrections_requested"  # 一次性告知补正
    CORRECTED = "corrected"  # 已补正
    ACCEPTED = "accepted"  # 已受理
    SUSPENDED = "suspended"  # 中止计时
    RESUMED = "resumed"  # 恢复计时
    EXTENDED = "extended"  # 延期
    DECIDED = "decided"  # 已决定
    LICENCE_ISSUED = "licence_issued"  # 已出证
    DELIVERED = "delivered"  # 已送达
    RESULT = "result"  # 办理结果
    HANDED_OVER = "handed_over"  # 已交付申请人
    WITHDRAWAL_REQUESTED = "withdrawal_requested"  # 申请撤回
    RATED = "rated"  # 好差评
    ARCHIVED = "archived"  # 已归档
    CONCERT = "concert"  # 联办进展
    REMOTE_HELP = "remote_help"  # 远程视频帮办
    PROGRESS = "progress"  # 办理进度, 旧版未分类的消息


class HopClock(StrEnum):
    """Which clock runs while a district has the case in hand."""

    FORWARD = "forward"  # 转送时限
    NOTICE = "notice"  # 受理告知时限
    CORRECTION = "correction"  # 补正时限
    PROMISED = "promised"  # 承诺办结时限
    SUSPENSION = "suspension"  # 特别程序所需时间
    ISSUE = "issue"  # 颁发送达时限
    HAND_OVER = "hand_over"  # 交付时限


class Light(StrEnum):
    """红黄灯 of a hop, charged to the district that has the case in hand."""

    GREEN = "green"  # 绿灯
    YELLOW = "yellow"  # 黄灯
    RED = "red"  # 红灯


class ReceiptKind(StrEnum):
    """What became of a message that was taken."""

    RECEIVED = "received"  # 已签收
    SUPERSEDED = "superseded"  # 已签收, 办件已进入后续环节


class DeliveryState(StrEnum):
    """Whether a message still has to go."""

    DUE = "due"  # 待送达
    DELIVERED = "delivered"  # 已送达
    FAILED = "failed"  # 对方拒收
    DEAD = "dead"  # 逾期未送达
    DISCARDED = "discarded"  # 已放弃发送


class FaultOf(StrEnum):
    """Whose fault it is that a message did not get through, as its sender records it."""

    OURS = "ours"  # 我方原因
    THEIRS = "theirs"  # 对方原因
    NETWORK = "network"  # 网络原因


def backoff_seconds(attempts: int, chance: float) -> float:
    """Return how long to wait after the `attempts`-th try: 1, 2, 4 … 300 seconds, spread by chance.

    `chance` in [0, 1) spreads it between half and all, so that many messages to one partner that
    comes back do not arrive at once.
    """
    whole = min(2.0 ** min(attempts - 1, 16), LONGEST_BACKOFF_SECONDS)
    return whole * (0.5 + chance / 2)


def light_of(due_on: date | None, *, on: date) -> Light | None:
    """Return the light of a hop: yellow on its last day, red after it; None where nothing is due.

    What ended is asked about the day on which it did.
    """
    if due_on is None:
        return None
    if on > due_on:
        return Light.RED
    return Light.YELLOW if on == due_on else Light.GREEN


# What ends a joint case: one refusal refuses the whole, and the gravest is told.
_GRAVEST_FIRST = ("denied", "declined", "withdrawn")


def concert_outcome(outcomes: Collection[str | None]) -> str | None:
    """Return the outcome of a joint case; None while one of the districts has not concluded."""
    if None in outcomes:
        return None
    return next((one for one in _GRAVEST_FIRST if one in outcomes), "granted")
