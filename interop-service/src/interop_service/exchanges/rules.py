"""How an exchange moves, who holds the case at each point, and when a message is sent again.

Pure. Both districts keep their own view of the same exchange: the near side (收件区) received the
applicant, the owner (办理区) decides.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from interop_service.errors import OutOfTurn

__all__ = [
    "TRANSITIONS",
    "DeliveryState",
    "FaultOf",
    "MessageKind",
    "Side",
    "Stage",
    "State",
    "Step",
    "advance",
    "backoff_seconds",
    "holder",
    "steps_from",
]

LONGEST_BACKOFF_SECONDS = 300.0


class Side(StrEnum):
    """Which of the two districts this one is."""

    NEAR = "near"  # 收件区
    OWNER = "owner"  # 办理区


class State(StrEnum):
    """Where an exchange is, as this side knows it."""

    PREPARED = "prepared"  # 待发送
    SENT = "sent"  # 已发送
    ACKNOWLEDGED = "acknowledged"  # 对方已签收
    RECEIVED = "received"  # 已接收
    PROGRESSED = "progressed"  # 办理中
    RESULT_PREPARED = "result_prepared"  # 结果待返回
    RESULT_SENT = "result_sent"  # 结果已返回
    CONCLUDED = "concluded"  # 已收到结果
    FAILED = "failed"  # 失败


class Step(StrEnum):
    """What moves an exchange on."""

    SEND = "send"  # 发送
    ACKNOWLEDGE = "acknowledge"  # 签收
    PROGRESS = "progress"  # 进度
    CONCLUDE = "conclude"  # 办结
    RETURN = "return"  # 返回结果
    FAIL = "fail"  # 失败


class MessageKind(StrEnum):
    """What goes between the two districts."""

    PACKAGE = "package"  # 办件材料包
    PROGRESS = "progress"  # 办理进度
    RATED = "rated"  # 好差评
    RESULT = "result"  # 办理结果


class Stage(StrEnum):
    """What the owner tells of its case before the result."""

    ACCEPTED = "accepted"  # 已受理
    CORRECTIONS_REQUESTED = "corrections_requested"  # 待补正
    DECIDED = "decided"  # 已决定


class DeliveryState(StrEnum):
    """Whether a message still has to go."""

    DUE = "due"  # 待送达
    DELIVERED = "delivered"  # 已送达
    FAILED = "failed"  # 对方拒收


class FaultOf(StrEnum):
    """Whose fault it is that a message did not get through, as its sender records it."""

    OURS = "ours"  # 我方原因
    THEIRS = "theirs"  # 对方原因
    NETWORK = "network"  # 网络原因


TRANSITIONS: Mapping[tuple[Side, State, Step], State] = MappingProxyType(
    {
        (Side.NEAR, State.PREPARED, Step.SEND): State.SENT,
        (Side.NEAR, State.PREPARED, Step.FAIL): State.FAILED,
        (Side.NEAR, State.SENT, Step.ACKNOWLEDGE): State.ACKNOWLEDGED,
        (Side.NEAR, State.SENT, Step.FAIL): State.FAILED,
        (Side.NEAR, State.ACKNOWLEDGED, Step.PROGRESS): State.PROGRESSED,
        (Side.NEAR, State.PROGRESSED, Step.PROGRESS): State.PROGRESSED,
        (Side.NEAR, State.ACKNOWLEDGED, Step.CONCLUDE): State.CONCLUDED,
        (Side.NEAR, State.PROGRESSED, Step.CONCLUDE): State.CONCLUDED,
        (Side.OWNER, State.RECEIVED, Step.PROGRESS): State.PROGRESSED,
        (Side.OWNER, State.PROGRESSED, Step.PROGRESS): State.PROGRESSED,
        (Side.OWNER, State.RECEIVED, Step.CONCLUDE): State.RESULT_PREPARED,
        (Side.OWNER, State.PROGRESSED, Step.CONCLUDE): State.RESULT_PREPARED,
        (Side.OWNER, State.RESULT_PREPARED, Step.RETURN): State.RESULT_SENT,
        (Side.OWNER, State.RESULT_PREPARED, Step.FAIL): State.FAILED,
    }
)

# Who has the case in hand; a receipt moves it, not the sending of a message.
_HOLDER: Mapping[tuple[Side, State], Side] = MappingProxyType(
    {
        (Side.NEAR, State.PREPARED): Side.NEAR,
        (Side.NEAR, State.SENT): Side.NEAR,
        (Side.NEAR, State.ACKNOWLEDGED): Side.OWNER,
        (Side.NEAR, State.PROGRESSED): Side.OWNER,
        (Side.NEAR, State.CONCLUDED): Side.NEAR,
        (Side.NEAR, State.FAILED): Side.NEAR,
        (Side.OWNER, State.RECEIVED): Side.OWNER,
        (Side.OWNER, State.PROGRESSED): Side.OWNER,
        (Side.OWNER, State.RESULT_PREPARED): Side.OWNER,
        (Side.OWNER, State.RESULT_SENT): Side.NEAR,
        (Side.OWNER, State.FAILED): Side.OWNER,
    }
)


def steps_from(side: Side, state: State) -> list[Step]:
    """Return what may move an exchange on from here."""
    return [step for at, source, step in TRANSITIONS if (at, source) == (side, state)]


def advance(side: Side, state: State, step: Step) -> State:
    """Return the state after `step`.

    Raises:
        OutOfTurn: 409, the exchange is elsewhere.
    """
    try:
        return TRANSITIONS[side, state, step]
    except KeyError:
        raise OutOfTurn(state=state, step=step, possible=steps_from(side, state)) from None


def holder(side: Side, state: State) -> Side:
    """Return the side that has the case in hand."""
    return _HOLDER[side, state]


def backoff_seconds(attempts: int, chance: float) -> float:
    """Return how long to wait after the `attempts`-th try: 1, 2, 4 … 300 seconds, spread by chance.

    `chance` in [0, 1) spreads it between half and all, so that many messages to one partner that
    comes back do not arrive at once.
    """
    whole = min(2.0 ** min(attempts - 1, 16), LONGEST_BACKOFF_SECONDS)
    return whole * (0.5 + chance / 2)
