"""What a bad rating sets off (差评整改): called back, verified, corrected, answered, rated again.

Pure: values in, values out. The table is the law.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from case_service.ratings.errors import (
    AppealDecidedAlready,
    AppealedAlready,
    FollowUpNotNow,
    OwnAppeal,
)
from tongban.clock import start_of
from tongban.workdays import Calendar, Deadline

__all__ = [
    "STEPS",
    "FollowUpState",
    "FollowUpStep",
    "advance",
    "appeal_due",
    "check_appeal",
    "check_review",
    "due",
    "overdue_at",
    "steps_from",
]


class FollowUpState(StrEnum):
    CALLING_BACK = "calling_back"  # 待回访
    CORRECTING = "correcting"  # 待整改
    ANSWERING = "answering"  # 待答复
    ANSWERED = "answered"  # 已答复待再评
    DONE = "done"  # 已办结
    EXCLUDED = "excluded"  # 申诉成立


class FollowUpStep(StrEnum):
    VERIFY = "verify"  # 回访核实
    CORRECT = "correct"  # 整改
    ANSWER = "answer"  # 答复
    RATE_AGAIN = "rate_again"  # 再次评价


STEPS: Mapping[tuple[FollowUpState, FollowUpStep], FollowUpState] = MappingProxyType(
    {
        (FollowUpState.CALLING_BACK, FollowUpStep.VERIFY): FollowUpState.CORRECTING,
        (FollowUpState.CORRECTING, FollowUpStep.CORRECT): FollowUpState.ANSWERING,
        (FollowUpState.ANSWERING, FollowUpStep.ANSWER): FollowUpState.ANSWERED,
        (FollowUpState.ANSWERED, FollowUpStep.RATE_AGAIN): FollowUpState.DONE,
    }
)

DUE_DAYS: Mapping[FollowUpState, int] = MappingProxyType(
    {
        FollowUpState.CALLING_BACK: 5,
        FollowUpState.CORRECTING: 10,
        FollowUpState.ANSWERING: 5,
    }
)
"""Working days for what is to be done in each state; the rating again is the applicant's wish."""

APPEAL_DAYS: Final = 5


def steps_from(state: FollowUpState) -> list[FollowUpStep]:
    """Return what can be done now."""
    return [step for source, step in STEPS if source is state]


def advance(
    state: FollowUpState, step: FollowUpStep, *, is_confirmed: bool = True
) -> FollowUpState:
    """Return where a step leads; what the call did not confirm is answered without a correction.

    Raises:
        FollowUpNotNow: the follow-up is elsewhere; tells what is allowed.
    """
    try:
        target = STEPS[state, step]
    except KeyError:
        raise FollowUpNotNow(state=state, step=step, allowed=steps_from(state)) from None
    return target if is_confirmed else FollowUpState.ANSWERING


def due(state: FollowUpState, on: date, calendar: Calendar) -> Deadline | None:
    """Return by when the next step is due; None where nobody owes one."""
    days = DUE_DAYS.get(state)
    return None if days is None else calendar.add_working_days(on, days)


def appeal_due(on: date, calendar: Calendar) -> Deadline:
    """Return by when an appeal is reviewed."""
    return calendar.add_working_days(on, APPEAL_DAYS)


def overdue_at(due_on: date) -> datetime:
    """Return when something due on that day is overdue: as soon as the day is over."""
    return start_of(due_on + timedelta(days=1))


def check_appeal(*, is_appealed: bool) -> None:
    """Refuse a second appeal.

    Raises:
        AppealedAlready
    """
    if is_appealed:
        raise AppealedAlready


def check_review(*, appealed_by: str, decided_at: datetime | None, reviewer: str) -> None:
    """Refuse a review that can't be.

    Raises:
        AppealDecidedAlready, OwnAppeal
    """
    if decided_at is not None:
        raise AppealDecidedAlready(decided_at=decided_at)
    if reviewer == appealed_by:
        raise OwnAppeal
