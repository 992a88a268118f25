"""What the calendar looks like over HTTP."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from tongban.texts import Line

__all__ = ["DayBody", "PathYear", "YearIn", "YearRead"]

PathYear = Annotated[int, Path(ge=2000, le=2100, description="年份 / the year")]


class DayBody(BaseModel):
    """A day that is not what its weekday says."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    day: date
    kind: Literal["holiday", "make_up_workday"]
    name: Line | None = None


class YearIn(BaseModel):
    """What to change of a year; `days` are all of its days."""

    model_config = ConfigDict(extra="forbid")

    is_published: bool | None = None
    days: list[DayBody] | None = Field(default=None, max_length=366)


class YearRead(BaseModel):
    """A year of the working-day calendar (工作日历)."""

    year: int
    is_published: bool = Field(description="节假日安排是否已公布 / whether the notice is out")
    days: list[DayBody]
