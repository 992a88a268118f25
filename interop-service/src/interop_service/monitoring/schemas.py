"""What monitoring shows."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from interop_service.exchanges.rules import FaultOf
from interop_service.monitoring.rules import Direction, Outcome
from interop_service.partners.rules import PartnerState

__all__ = ["BacklogRead", "FaultsRead", "MonitoringRead", "OperationRead", "TrafficRead"]


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class OperationRead(_Read):
    """运行记录 / one attempt to bring a message from one district to the other."""

    id: UUID
    at: datetime
    partner: str
    direction: Direction
    path: str
    message_id: UUID | None
    exchange_id: UUID | None
    milliseconds: float
    outcome: Outcome
    fault: str | None
    fault_of: FaultOf | None = Field(description="责任方：本区、对方或网络 / ours, theirs, network")


class TrafficRead(_Read):
    """往来量与时延 / how much went and came, and how long an attempt took that succeeded."""

    partner: str
    direction: Direction
    matter_code: str | None = None
    attempts: int
    taken: int
    postponed: int
    refused: int
    p50: float | None = Field(description="毫秒 / milliseconds")
    p95: float | None
    p99: float | None


class FaultsRead(_Read):
    """故障来源 / how often which fault, and whose."""

    partner: str
    direction: Direction
    fault_of: FaultOf | None
    fault: str
    count: int


class BacklogRead(_Read):
    """积压 / what waits for a partner, and how its line is."""

    partner: str
    state: PartnerState
    failures: int = Field(description="连续失败次数 / failures in a row")
    paused_until: datetime | None
    waiting: int
    oldest_at: datetime | None
    dead: int = Field(description="死信数 / dead letters")


class MonitoringRead(BaseModel):
    """跨区互通运行监测 / the exchange with the partners over a time."""

    since: datetime
    until: datetime
    traffic: list[TrafficRead]
    faults: list[FaultsRead]
    backlog: list[BacklogRead]
