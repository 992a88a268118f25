"""Ways of handing things over, and how far each is (送达方式与状态).

Pure: values in, values out.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from case_service.deliveries.errors import DeliveryStepNotAllowed

__all__ = [
    "CODE_TRIES",
    "OPEN",
    "DeliveryState",
    "DeliveryStep",
    "DeliveryWay",
    "Direction",
    "PostagePayer",
    "advance",
    "locker_ends_at",
    "new_code",
    "steps_from",
    "way_called",
]


class DeliveryWay(StrEnum):
    """How it is handed over."""

    COUNTER = "counter"  # 窗口领取
    POST = "post"  # 邮寄
    LOCKER = "locker"  # 自助柜
    ONLINE = "online"  # 电子送达
    PARTNER = "partner"  # 合作区代送


class Direction(StrEnum):
    """From whom to whom."""

    TO_APPLICANT = "to_applicant"  # 结果送达
    FROM_APPLICANT = "from_applicant"  # 原件寄入


class DeliveryState(StrEnum):
    """How far it is."""

    PREPARED = "prepared"  # 待寄送
    SENT = "sent"  # 已寄出
    DELIVERED = "delivered"  # 已签收
    RETURNED = "returned"  # 已退回


class DeliveryStep(StrEnum):
    """What may be done with it."""

    SEND = "send"  # 寄出
    CONFIRM = "confirm"  # 签收
    RETURN = "return"  # 退回


class PostagePayer(StrEnum):
    """Who bears the postage."""

    DISTRICT = "district"  # 政府承担
    APPLICANT = "applicant"  # 申请人承担


OPEN: Final = frozenset({DeliveryState.PREPARED, DeliveryState.SENT})
CODE_TRIES: Final = 5
_LOCKER_STAY: Final = timedelta(days=3)
_CODE_DIGITS: Final = 6

STEPS: Mapping[tuple[DeliveryState, DeliveryStep], DeliveryState] = MappingProxyType(
    {
        (DeliveryState.PREPARED, DeliveryStep.SEND): DeliveryState.SENT,
        (DeliveryState.PREPARED, DeliveryStep.RETURN): DeliveryState.RETURNED,
        (DeliveryState.SENT, DeliveryStep.CONFIRM): DeliveryState.DELIVERED,
        (DeliveryState.SENT, DeliveryStep.RETURN): DeliveryState.RETURNED,
    }
)
# What is handed over across the counter is never on its way.
_AT_THE_COUNTER = (DeliveryState.PREPARED, DeliveryStep.CONFIRM)


def steps_from(state: DeliveryState, way: DeliveryWay) -> list[DeliveryStep]:
    """Return what may be done with a delivery now."""
    steps = [step for source, step in STEPS if source is state]
    if way is DeliveryWay.COUNTER and state is DeliveryState.PREPARED:
        return [DeliveryStep.CONFIRM, DeliveryStep.RETURN]
    return steps


def advance(state: DeliveryState, way: DeliveryWay, step: DeliveryStep) -> DeliveryState:
    """Return the state that follows.

    Raises:
        DeliveryStepNotAllowed: not now, or not with this way; tells what is allowed.
    """
    allowed = steps_from(state, way)
    if step not in allowed:
        raise DeliveryStepNotAllowed(state=state.value, step=step.value, allowed=allowed)
    if (state, step) == _AT_THE_COUNTER:
        return DeliveryState.DELIVERED
    return STEPS[state, step]


def way_called(name: str | None) -> DeliveryWay | None:
    """Return the way of that name; the counter is called a window too. None: there is none."""
    if name in (None, "window"):
        return DeliveryWay.COUNTER
    return DeliveryWay(name) if name in set(DeliveryWay) else None


def locker_ends_at(at: datetime) -> datetime:
    """Return until when something laid into a locker now may be fetched."""
    return at + _LOCKER_STAY


def new_code() -> str:
    """Return a code that opens a locker."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"
