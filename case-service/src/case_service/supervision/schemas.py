"""The shapes of supervision in and out of HTTP."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.cases.clock import Clock
from case_service.supervision.rules import OrderState, RecomputationState
from tongban.texts import Paragraph

__all__ = [
    "DigestRead",
    "LightCount",
    "LightsRead",
    "MovedRead",
    "OrderRead",
    "RecomputationRead",
    "ReplyIn",
]


class ReplyIn(BaseModel):
    """督办答复."""

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[Paragraph, Field(min_length=1)]
    """逾期原因及整改措施 / why it is late, and what is done about it"""


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class OrderRead(_Read):
    """督办单."""

    id: UUID
    case_id: UUID
    case_number: str
    matter_name: str
    site_id: str | None
    department: str | None
    clock: Clock
    """逾期的时限 / the clock that went red"""
    was_due_on: date
    raised_at: datetime
    level: int
    post: str
    """现由哪一岗位答复 / who has to answer it now"""
    answer_due_on: date
    state: OrderState
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    history: list[dict[str, Any]]
    version: int


class LightCount(BaseModel):
    """How many open cases are green, yellow and red under one key."""

    key: str | None
    green: int
    yellow: int
    red: int


class LightsRead(BaseModel):
    """红黄灯统计: the lights of the open cases, as a whole and one by one."""

    total: LightCount
    sites: list[LightCount]
    matters: list[LightCount]
    departments: list[LightCount]


class DigestRead(_Read):
    """督办日报."""

    day: date
    department: str
    """空为全区 / empty for the district as a whole"""
    green: int
    yellow: int
    red: int
    open_orders: int
    overdue: list[dict[str, Any]]
    made_at: datetime


class RecomputationRead(_Read):
    """时限重算: after the calendar of a year changed."""

    id: UUID
    year: int
    state: RecomputationState
    started_at: datetime
    finished_at: datetime | None
    examined: int
    moved: int


class MovedRead(_Read):
    """A case whose dates moved: each with what it was and what it is."""

    case_id: UUID
    case_number: str
    moved: dict[str, Any]
