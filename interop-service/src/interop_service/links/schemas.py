"""Maintenance, self-tests and pings as they come in and go out."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from interop_service.exchanges.rules import FaultOf
from interop_service.suites import Suite
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = ["MaintenanceIn", "MaintenanceRead", "Pong", "SelfTestRead"]

LONGEST_MAINTENANCE = timedelta(days=7)


class MaintenanceIn(BaseModel):
    """A maintenance to announce."""

    model_config = ConfigDict(extra="forbid")

    begins_at: Instant
    ends_at: Instant
    reason: Line

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "MaintenanceIn":
        if not self.begins_at < self.ends_at <= self.begins_at + LONGEST_MAINTENANCE:
            raise field_fault(
                "period", zh="结束须晚于开始，且不超过七日", en="must end later, within seven days"
            )
        return self


class MaintenanceRead(BaseModel):
    """A maintenance, under way or to come."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    begins_at: datetime
    ends_at: datetime
    reason: str


class Pong(BaseModel):
    """What a district answers to a ping."""

    protocol: Literal["2"] = "2"
    district: str
    at: Instant
    suites: list[str]


class SelfTestRead(BaseModel):
    """线路自检: whether a signed message reaches the partner and its signed answer us."""

    is_good: bool
    suite: Suite
    fault: str | None = Field(description="未通过的原因 / why it is not good")
    fault_of: FaultOf | None
    milliseconds: float
    clock_offset_seconds: float | None = Field(
        description="对方时钟与本区之差 / the partner's clock less ours"
    )
    suites: list[str] = Field(description="对方支持的密码套件 / the suites that the partner has")
