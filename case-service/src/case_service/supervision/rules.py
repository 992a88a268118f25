"""Who answers a supervision order, and by when (督办规则). Pure: values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tongban.workdays import Calendar

__all__ = ["ANSWER_DAYS", "OrderState", "Post", "RecomputationState", "escalated", "first_post"]

ANSWER_DAYS = 2
"""Working days within which each post answers."""


class OrderState(StrEnum):
    OPEN = "open"  # 待答复
    ESCALATED = "escalated"  # 已升级
    ANSWERED = "answered"  # 已答复


class RecomputationState(StrEnum):
    RUNNING = "running"  # 重算中
    FINISHED = "finished"  # 已完成


@dataclass(frozen=True)
class Post:
    """Who has the order now, how far up the chain, and by when the answer is due."""

    level: int
    name: str
    answer_due_on: date


def first_post(chain: Sequence[str], today: date, calendar: Calendar) -> Post:
    """Return the post that an order raised today goes to."""
    return _at(0, chain, today, calendar)


def escalated(level: int, chain: Sequence[str], today: date, calendar: Calendar) -> Post:
    """Return the post that an unanswered order goes to: the next, or the last one again."""
    return _at(min(level + 1, len(chain) - 1), chain, today, calendar)


def _at(level: int, chain: Sequence[str], today: date, calendar: Calendar) -> Post:
    due = calendar.add_working_days(today, ANSWER_DAYS)
    return Post(level, chain[level], due.due_on)
