"""Whose work a case is (经办): claimed, assigned, handed over; for one step of the case at a time.

What is everybody's is in the pool of the role that its stage waits for, until somebody claims it.
"""

from typing import Any

from case_service.cases.step import Effect, Step

__all__ = ["assign", "claim", "hand_over"]


async def claim(step: Step) -> Effect:
    """领取: it is the caller's work from now on; of two who claim it at once one gets it."""
    return _given(step, step.caller.subject)


async def assign(step: Step) -> Effect:
    """分派: whoever is in charge gives it to somebody, also from one to another."""
    assignee = step.need("assignee", zh="请填写经办人账号", en="tell whose work it is to be")
    return _given(step, assignee, reason=step.body.reason)


async def hand_over(step: Step) -> Effect:
    """移交: to a colleague, or back to the pool; with the reason."""
    reason = step.need("reason", zh="请说明移交的理由", en="tell why it is handed over")
    return _given(step, step.body.assignee, reason=reason)


def _given(step: Step, assignee: str | None, *, reason: str | None = None) -> Effect:
    changes: dict[str, Any] = {
        "assigned_to": assignee,
        "assigned_at": step.at if assignee is not None else None,
    }
    return Effect(changes, [], {"assignee": assignee, "reason": reason})
