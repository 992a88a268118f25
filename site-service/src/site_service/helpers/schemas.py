"""What comes in and goes out over HTTP for helpers."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from site_service.helpers.rules import (
    AccompanimentState,
    HelpStep,
    HomeVisitAction,
    HomeVisitState,
)
from site_service.queue.rules import Need, TicketState
from site_service.rosters.schemas import Subject
from site_service.sites.schemas import MatterCode, SiteId
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import PHONE
from tongban.texts import Line

__all__ = [
    "AccompanimentIn",
    "AccompanimentRead",
    "EndIn",
    "HandOverIn",
    "HelperRead",
    "HomeContact",
    "HomeVisitDone",
    "HomeVisitIn",
    "HomeVisitRead",
    "ScheduleIn",
    "StepIn",
    "TicketsIn",
]

Phone = Annotated[str, StringConstraints(pattern=PHONE)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class HelperRead(BaseModel):
    """A helper of the site, now."""

    model_config = ConfigDict(from_attributes=True)

    subject: str
    name: str
    is_on_duty: bool = Field(description="此时在岗")
    is_busy: bool = Field(description="正在陪办")
    helped_today: int


class AccompanimentIn(BaseModel):
    """A helper is wanted, for a ticket or an appointment."""

    model_config = ConfigDict(extra="forbid")

    ticket_id: UUID | None = None
    appointment_id: UUID | None = None
    helper: Subject | None = Field(
        default=None, description="指定帮办员，不填则安排空闲者 / else who is free"
    )

    @model_validator(mode="after")
    def _one_visit(self) -> Self:
        if (self.ticket_id is None) == (self.appointment_id is None):
            raise field_fault(
                "one_visit",
                zh="号票和预约填写其中一个",
                en="give either ticket_id or appointment_id",
            )
        return self


class TicketsIn(BaseModel):
    """One more ticket of the same person's visit."""

    model_config = ConfigDict(extra="forbid")

    ticket_id: UUID


class StepIn(BaseModel):
    """A step that was done."""

    model_config = ConfigDict(extra="forbid")

    step: HelpStep


class HandOverIn(BaseModel):
    """To whom, and why."""

    model_config = ConfigDict(extra="forbid")

    helper: Subject | None = Field(default=None, description="不填则安排空闲者 / else who is free")
    reason: Line


class EndIn(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid")

    note: Line | None = None


class StepRead(BaseModel):
    """A step, when and by whom."""

    step: HelpStep
    helper: str
    done_at: Instant


class HandOverRead(BaseModel):
    """From one helper to another."""

    from_helper: str
    to_helper: str
    reason: str
    handed_at: Instant


class TicketOfVisit(BaseModel):
    """A ticket of the visit: where the helper goes along to."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    area: str
    state: TicketState
    window_id: UUID | None


class AccompanimentRead(BaseModel):
    """A helper who goes along with a visit."""

    id: UUID
    site_id: str
    day: date
    state: AccompanimentState
    appointment_id: UUID | None
    helper: str
    helper_name: str
    begun_at: Instant
    ended_at: Instant | None
    tickets: list[TicketOfVisit]
    steps: list[StepRead]
    steps_left: list[HelpStep]
    hand_overs: list[HandOverRead]
    note: str | None
    version: int


class HomeVisitIn(BaseModel):
    """Somebody who cannot come asks that one comes."""

    model_config = ConfigDict(extra="forbid")

    site_id: SiteId
    matter_codes: list[MatterCode] = Field(min_length=1, max_length=10)
    needs: list[Need] = Field(default=[], max_length=len(Need))
    name: Line
    phone: Phone
    address: Line
    wanted_from: Day
    wanted_until: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.wanted_until < self.wanted_from:
            raise field_fault(
                "order", zh="wanted_until 应不早于 wanted_from", en="wanted_until is before"
            )
        return self


class ScheduleIn(BaseModel):
    """When a helper comes."""

    model_config = ConfigDict(extra="forbid")

    helper: Subject | None = Field(default=None, description="不填则安排空闲者 / else who is free")
    starts_at: Instant
    minutes: int = Field(default=60, ge=15, le=480)


class HomeVisitDone(BaseModel):
    """What was done at the home."""

    model_config = ConfigDict(extra="forbid")

    steps: list[HelpStep] = Field(min_length=1, max_length=len(HelpStep))
    outcome: Line


class HomeVisitRead(BaseModel):
    """A home visit; whose it is stays masked."""

    id: UUID
    site_id: str
    matter_codes: list[str]
    needs: list[str]
    wanted_from: date
    wanted_until: date
    name: str = Field(description="姓名，掩码 / masked")
    phone: str = Field(description="电话，掩码 / masked")
    state: HomeVisitState
    actions: list[HomeVisitAction]
    helper: str | None
    helper_name: str | None
    starts_at: Instant | None
    minutes: int | None
    steps: list[HelpStep]
    outcome: str | None
    done_at: Instant | None
    version: int


class HomeContact(BaseModel):
    """Where to come, in full; each reading is on record."""

    name: str
    phone: str
    address: str
