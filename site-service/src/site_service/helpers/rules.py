"""Who goes along with whom, and what happens to a home visit (帮办规则).

Pure. One helper at a time goes along with a visit, and with one visit at a time (一对一). The visit
is the person's, across windows: its helper changes by a hand-over with a reason, and no step is
lost.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from site_service.helpers.errors import (
    HelperBusy,
    HelperNotOnDuty,
    HomeVisitActionNotAllowed,
    NoHelperFree,
)

__all__ = [
    "HOME_TRANSITIONS",
    "UNDER_WAY",
    "AccompanimentState",
    "Candidate",
    "HelpStep",
    "HomeVisitAction",
    "HomeVisitState",
    "actions_from",
    "advance",
    "chosen",
    "overlaps",
    "steps_left",
]


class AccompanimentState(StrEnum):
    PLANNED = "planned"  # 已约帮办
    GOING = "going"  # 陪办中
    ENDED = "ended"  # 已结束
    LAPSED = "lapsed"  # 隔日自动结束


UNDER_WAY = frozenset({AccompanimentState.PLANNED, AccompanimentState.GOING})


class HelpStep(StrEnum):
    """What a helper does on the way."""

    GUIDE = "guide"  # 引导
    FILL_IN = "fill_in"  # 填表
    COPY = "copy"  # 复印
    PRINT = "print"  # 打印


class HomeVisitState(StrEnum):
    REQUESTED = "requested"  # 待安排
    SCHEDULED = "scheduled"  # 已安排
    DONE = "done"  # 已上门
    CANCELLED = "cancelled"  # 已取消


class HomeVisitAction(StrEnum):
    SCHEDULE = "schedule"  # 安排上门
    FINISH = "finish"  # 上门完成
    CANCEL = "cancel"  # 取消


HOME_TRANSITIONS: Mapping[tuple[HomeVisitState, HomeVisitAction], HomeVisitState] = (
    MappingProxyType(
        {
            (HomeVisitState.REQUESTED, HomeVisitAction.SCHEDULE): HomeVisitState.SCHEDULED,
            (HomeVisitState.REQUESTED, HomeVisitAction.CANCEL): HomeVisitState.CANCELLED,
            # Scheduled again: another day, or another helper.
            (HomeVisitState.SCHEDULED, HomeVisitAction.SCHEDULE): HomeVisitState.SCHEDULED,
            (HomeVisitState.SCHEDULED, HomeVisitAction.FINISH): HomeVisitState.DONE,
            (HomeVisitState.SCHEDULED, HomeVisitAction.CANCEL): HomeVisitState.CANCELLED,
        }
    )
)


def actions_from(state: HomeVisitState) -> list[HomeVisitAction]:
    """Return what may be done with a home visit in this state."""
    return [action for source, action in HOME_TRANSITIONS if source is state]


def advance(state: HomeVisitState, action: HomeVisitAction) -> HomeVisitState:
    """Return the state that `action` leads to.

    Raises:
        HomeVisitActionNotAllowed: 409, with what is allowed.
    """
    try:
        return HOME_TRANSITIONS[state, action]
    except KeyError:
        raise HomeVisitActionNotAllowed(
            state=state, action=action, allowed=actions_from(state)
        ) from None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A helper who might go along."""

    id: UUID
    subject: str
    name: str
    is_on_duty: bool
    is_busy: bool
    helped_today: int


def chosen(
    candidates: Sequence[Candidate], wanted: str | None, *, besides: UUID | None = None
) -> Candidate:
    """Return the helper who was asked for, else the free one who helped the fewest today.

    Raises:
        HelperNotOnDuty: 409, the one asked for is not there, or is no helper of the site.
        HelperBusy: 409, the one asked for goes along with somebody.
        NoHelperFree: 409, nobody else is free.
    """
    free = [one for one in candidates if one.is_on_duty and not one.is_busy and one.id != besides]
    names = [one.subject for one in free]
    if wanted is None:
        if not free:
            raise NoHelperFree
        return min(free, key=lambda one: (one.helped_today, one.subject))
    found = next((one for one in candidates if one.subject == wanted), None)
    if found is None or not found.is_on_duty:
        raise HelperNotOnDuty(helper=wanted, free=names)
    if found.is_busy or found.id == besides:
        raise HelperBusy(helper=wanted, free=names)
    return found


def steps_left(done: Iterable[HelpStep]) -> list[HelpStep]:
    """Return the steps that were not ticked, in their order; not each visit needs all."""
    ticked = set(done)
    return [step for step in HelpStep if step not in ticked]


def overlaps(
    starts_at: datetime, length: timedelta, others: Collection[tuple[datetime, timedelta]]
) -> bool:
    """Tell whether a home visit would meet another of the same helper's."""
    return any(
        starts_at < begins + lasts and begins < starts_at + length for begins, lasts in others
    )
