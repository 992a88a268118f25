"""Two persons for each change to a partner: who entered it may not approve it. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from interop_service.refusals import ChangeDecided, SecondPersonNeeded

__all__ = ["ChangeState", "ChangeStep", "Origin", "advance"]


class Origin(StrEnum):
    """Who began it."""

    ADMINISTRATOR = "administrator"  # 本区录入
    PARTNER = "partner"  # 对方申请


class ChangeState(StrEnum):
    """How far a change is."""

    ASKED = "asked"  # 待核实
    ENTERED = "entered"  # 待复核
    APPROVED = "approved"  # 已通过
    REFUSED = "refused"  # 已退回


class ChangeStep(StrEnum):
    """What an administrator does with it."""

    ENDORSE = "endorse"  # 核实
    APPROVE = "approve"  # 复核通过
    REFUSE = "refuse"  # 退回


STEPS: Mapping[tuple[ChangeState, ChangeStep], ChangeState] = MappingProxyType(
    {
        (ChangeState.ASKED, ChangeStep.ENDORSE): ChangeState.ENTERED,
        (ChangeState.ASKED, ChangeStep.REFUSE): ChangeState.REFUSED,
        (ChangeState.ENTERED, ChangeStep.APPROVE): ChangeState.APPROVED,
        (ChangeState.ENTERED, ChangeStep.REFUSE): ChangeState.REFUSED,
    }
)


def advance(
    state: ChangeState, step: ChangeStep, *, entered_by: str | None, actor: str
) -> ChangeState:
    """Return the state after an administrator's step.

    Raises:
        ChangeDecided: 409, it is not at that point.
        SecondPersonNeeded: 403, who entered or endorsed it may not approve it.
    """
    after = STEPS.get((state, step))
    if after is None:
        raise ChangeDecided(state=state, step=step)
    if step is ChangeStep.APPROVE and entered_by == actor:
        raise SecondPersonNeeded
    return after
