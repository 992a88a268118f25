"""Whose an action is (职责分离、经办人), besides the roles that may take it. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from case_service.cases.vocabulary import Action

__all__ = ["ASSIGNEES", "OTHER_PERSON"]

# Who did the one never does the other, save in immediate matters.
OTHER_PERSON: Mapping[Action, tuple[Action, ...]] = MappingProxyType(
    {
        Action.GIVE_OPINION: (Action.RECEIVE, Action.ACCEPT),
        Action.REVIEW: (Action.RECEIVE, Action.ACCEPT),
        Action.DECIDE: (Action.RECEIVE, Action.ACCEPT, Action.REVIEW, Action.GIVE_OPINION),
    }
)

# What is left to whom the case is assigned; what an applicant does, or a supervisor, is not.
ASSIGNEES = frozenset(
    {
        Action.PRE_CHECK,
        Action.RECEIVE,
        Action.REQUEST_CORRECTION,
        Action.ACCEPT,
        Action.DECLINE,
        Action.FORWARD,
        Action.REQUEST_REVIEWS,
        Action.REVIEW,
        Action.SUSPEND,
        Action.RESUME,
        Action.EXTEND,
        Action.DECIDE,
        Action.ISSUE,
        Action.CLOSE,
        Action.ESCALATE,
        Action.HAND_OVER,
    }
)
