"""What goes in and out over HTTP about bulk publications."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from catalog_service.publications.rules import PublicationState
from tongban.problems import field_fault
from tongban.shapes import MATTER_CODE

__all__ = ["FaultRead", "PublicationIn", "PublicationRead"]


class PublicationIn(BaseModel):
    """Which submitted versions to publish together, and from when."""

    model_config = ConfigDict(extra="forbid")

    codes: list[Annotated[str, StringConstraints(pattern=MATTER_CODE)]] = Field(
        default_factory=list, max_length=5_000, description="事项编码 / by their codes"
    )
    all_submitted: bool = Field(
        default=False, description="全部待发布版本 / all that are submitted"
    )
    effective_from: date | None = Field(default=None, description="生效日期，空为今天 / today")

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        if bool(self.codes) is self.all_submitted:
            raise field_fault(
                "codes_or_all",
                zh="codes 与 all_submitted=true 二选一",
                en="give either codes or all_submitted=true",
            )
        return self


class FaultRead(BaseModel):
    """Why one of the versions can't be published."""

    code: str
    type: str
    words: dict[str, str]


class PublicationRead(BaseModel):
    """How far a bulk publication is (批量发布进度)."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: PublicationState
    effective_from: date
    publisher: str
    total: int
    done: int
    faults: list[FaultRead]
    created_at: datetime
    finished_at: datetime | None
