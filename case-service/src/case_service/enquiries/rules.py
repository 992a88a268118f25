"""What an enquiry is (咨询投诉), by when it is answered, and who is asked when it is not.

Pure: values in, values out.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from case_service.enquiries.errors import (
    EnquiryAnsweredAlready,
    EnquiryNotAnsweredYet,
    EnquiryOver,
    SupervisorAnswers,
)
from tongban.clock import start_of
from tongban.identity import NotAllowed, Role
from tongban.workdays import Calendar, Deadline

__all__ = [
    "ANSWER_DAYS",
    "EnquiryKind",
    "EnquiryState",
    "answer_due",
    "check_answer",
    "check_faq",
    "check_withdrawal",
    "escalation_at",
]


class EnquiryKind(StrEnum):
    CONSULTATION = "consultation"  # 咨询
    COMPLAINT = "complaint"  # 投诉


class EnquiryState(StrEnum):
    OPEN = "open"  # 待答复
    ANSWERED = "answered"  # 已答复
    WITHDRAWN = "withdrawn"  # 已撤回


# 12345 热线办理要求: a question within five working days, a complaint within fifteen.
ANSWER_DAYS: Mapping[EnquiryKind, int] = MappingProxyType(
    {EnquiryKind.CONSULTATION: 5, EnquiryKind.COMPLAINT: 15}
)


def answer_due(kind: EnquiryKind, asked_on: date, calendar: Calendar) -> Deadline:
    """Return by when it is answered."""
    return calendar.add_working_days(asked_on, ANSWER_DAYS[kind])


def escalation_at(due_on: date) -> datetime:
    """Return when an unanswered enquiry goes to the supervisor: as soon as its last day is over."""
    return start_of(due_on + timedelta(days=1))


def check_answer(
    *, state: EnquiryState, kind: EnquiryKind, is_escalated: bool, roles: frozenset[Role]
) -> None:
    """Refuse an answer that can't be given.

    Raises:
        EnquiryAnsweredAlready, EnquiryOver: there is nothing to answer.
        NotAllowed: whom a complaint may be about does not answer it (信访工作条例 Art. 30).
        SupervisorAnswers: an overdue complaint is no longer answered by its site either.
    """
    if state is EnquiryState.ANSWERED:
        raise EnquiryAnsweredAlready
    if state is EnquiryState.WITHDRAWN:
        raise EnquiryOver
    if kind is not EnquiryKind.COMPLAINT or Role.SUPERVISOR in roles:
        return
    if is_escalated:
        raise SupervisorAnswers
    if Role.SITE_MANAGER not in roles:
        raise NotAllowed(needed=[Role.SITE_MANAGER, Role.SUPERVISOR])


def check_withdrawal(state: EnquiryState) -> None:
    """Refuse to take back what is over.

    Raises:
        EnquiryAnsweredAlready, EnquiryOver
    """
    if state is EnquiryState.ANSWERED:
        raise EnquiryAnsweredAlready
    if state is EnquiryState.WITHDRAWN:
        raise EnquiryOver


def check_faq(state: EnquiryState) -> None:
    """Refuse to make a public question of what has no answer.

    Raises:
        EnquiryNotAnsweredYet
    """
    if state is not EnquiryState.ANSWERED:
        raise EnquiryNotAnsweredYet
