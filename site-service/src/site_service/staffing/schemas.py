"""What goes out over HTTP of staffing."""

from datetime import date

from pydantic import BaseModel, Field

from tongban.workdays import DayKind

__all__ = ["AreaStaffing", "HourStaffing", "StaffingRead"]


class AreaStaffing(BaseModel):
    """What a business area needs in an hour, at windows of its own."""

    area: str
    arrivals: float = Field(description="预计到达人数 / who is expected to come in the hour")
    service_minutes: float = Field(description="平均办理分钟 / a visit, on average")
    windows_needed: int | None = Field(
        description="需开窗口数；空值表示二百个也不够 / null: not even two hundred would do"
    )
    windows_there: int = Field(description="可办此类业务的现有窗口 / that take it, not closed")
    share_with_those_there: float = Field(
        ge=0,
        le=1,
        description="现有窗口专办此类时按时叫到的比例 / in time, were they for this area alone",
    )


class HourStaffing(BaseModel):
    """What an hour needs."""

    hour: int = Field(description="时段，9 指九点至十点 / from then on")
    areas: list[AreaStaffing]
    windows_needed: int | None = Field(
        description="各业务分窗时合计 / with windows for each area apart; null where one is null"
    )
    windows_needed_pooled: int | None = Field(
        description="一窗受理（各业务共用窗口）时所需 / with windows that take every area"
    )
    windows_there: int = Field(description="现有窗口 / windows there are, not closed")
    missing: int | None = Field(
        description="一窗受理时尚缺 / still missing even with windows that take every area"
    )


class StaffingRead(BaseModel):
    """How many windows a day needs."""

    site_id: str
    day: date
    kind: DayKind
    is_open: bool
    share: float
    minutes: float
    days_measured: list[date] = Field(
        description="据以测算的同类日 / the days like it that were measured; none is no answer"
    )
    hours: list[HourStaffing]
