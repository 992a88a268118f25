"""Assistance as it comes in and goes out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_service.assistance.rules import AssistanceMode, AssistanceStep, Authorisation
from tongban.texts import Line

__all__ = ["AssistanceIn", "AssistanceRead"]


class AssistanceIn(BaseModel):
    """Who helps, how, and by what right."""

    model_config = ConfigDict(extra="forbid")

    mode: AssistanceMode = Field(description="assist 帮办, act_for 代办")
    helper_name: Line = Field(description="帮办代办员姓名 / the helper's name")
    steps: list[AssistanceStep] = Field(default_factory=list, max_length=len(AssistanceStep))
    authorisation: Authorisation | None = Field(default=None, description="代办须填 / for act_for")
    until: date | None = Field(default=None, description="授权有效期至 / its last day")


class AssistanceRead(BaseModel):
    """Help that is on record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    mode: AssistanceMode
    helper_name: str
    steps: list[AssistanceStep]
    authorisation: Authorisation | None
    until: date | None
    at: datetime
