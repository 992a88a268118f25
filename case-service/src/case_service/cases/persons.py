"""Whose an action is (职责分离、经办人), besides the roles that may take it. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from case_service.cases.guards import CaseFacts
from case_service.cases.refusals import DepartmentNotAsked, NotTheLead
from case_service.cases.vocabulary import Action
from case_service.errors import AssignedToAnother, HelperMayNotDecide, SamePerson
from tongban.problems import Problem

__all__ = ["ASSIGNEES", "OTHER_PERSON", "why_not"]

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


def why_not(
    case: CaseFacts, action: Action, *, subject: str, department: str | None
) -> Problem | None:
    """Return why this person, who has the role, may not take the action; None if he may."""
    if _did_what_excludes(case, action, subject):
        return SamePerson(action=action)
    if action in OTHER_PERSON and subject in case.helpers:
        return HelperMayNotDecide(action=action)
    if action in ASSIGNEES and case.assigned_to not in (None, subject):
        return AssignedToAnother(action=action)
    # Who was asked answers; the lead concludes.
    if action is Action.GIVE_OPINION and department not in case.awaited:
        return DepartmentNotAsked(waiting=list(case.awaited))
    if action is Action.REVIEW and case.lead not in (None, department):
        return NotTheLead(department=case.lead)
    return None


def _did_what_excludes(case: CaseFacts, action: Action, subject: str) -> bool:
    if case.is_immediate:
        return False
    others = OTHER_PERSON.get(action, ())
    if Action.GIVE_OPINION in others and subject in case.opinion_givers:
        return True
    return any(case.people.get(other) == subject for other in others)
