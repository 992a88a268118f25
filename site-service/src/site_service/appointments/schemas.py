"""What comes in and goes out over HTTP for appointments."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from site_service.appointments.rules import MOST_VISITS, AppointmentAction, AppointmentState
from site_service.queue.rules import Need, TicketChannel
from site_service.queue.schemas import TicketRead
from site_service.sites.schemas import MatterCode, SiteId
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import PHONE
from tongban.texts import Code, Line

__all__ = [
    "AppointmentIn",
    "AppointmentRead",
    "CheckedIn",
    "Contact",
    "RescheduleIn",
    "SlotRead",
    "SlotsRead",
    "VisitRead",
    "WaitingIn",
]

Phone = Annotated[str, StringConstraints(pattern=PHONE)]


class Contact(BaseModel):
    """Who comes; all of it is optional."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    phone: Phone | None = None


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    site_id: SiteId
    matter_codes: list[MatterCode] = Field(
        min_length=1,
        max_length=MOST_VISITS,
        description="一件事涉及的各事项，依次办理 / one after the other, each at its window",
    )
    life_event: Code | None = None
    channel: TicketChannel = TicketChannel.ONLINE
    holder: Contact | None = None
    birth_year: int | None = Field(default=None, ge=1850, le=2200)
    needs: list[Need] = Field(default=[], max_length=len(Need))

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({*self.matter_codes}) < len(self.matter_codes):
            raise field_fault(
                "matter_twice", zh="同一事项只需预约一次", en="a matter is booked once"
            )
        return self


class AppointmentIn(_Asked):
    """An appointment to be booked."""

    starts_at: Instant


class WaitingIn(_Asked):
    """A place on the waiting list: booked as soon as something between these times is free."""

    wanted_from: Instant
    wanted_until: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.wanted_until <= self.wanted_from:
            raise field_fault(
                "wanted_order",
                zh="结束时间须晚于开始时间",
                en="wanted_until comes after wanted_from",
            )
        return self


class RescheduleIn(BaseModel):
    """Another time for an appointment."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Instant


class SlotRead(BaseModel):
    """A time at which an appointment can begin."""

    model_config = ConfigDict(from_attributes=True)

    starts_at: datetime
    ends_at: datetime
    free: int = Field(description="余号 / how many can begin at this time")


class SlotsRead(BaseModel):
    """A day's times."""

    site_id: str
    day: date
    slots: list[SlotRead]


class VisitRead(BaseModel):
    """One matter of an appointment, at its window."""

    model_config = ConfigDict(from_attributes=True)

    nth: int
    matter_code: str
    area: str
    window_id: UUID | None
    starts_at: datetime | None
    quarters: int = Field(description="所需刻钟数 / quarter hours")


class AppointmentRead(BaseModel):
    """An appointment, without who comes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    site_id: str
    day: date
    state: AppointmentState
    starts_at: datetime | None
    ends_at: datetime | None
    wanted_from: datetime
    wanted_until: datetime
    life_event: str | None
    channel: TicketChannel
    ticket_id: UUID | None
    checked_in_at: datetime | None
    version: int
    visits: list[VisitRead] = []
    actions: list[AppointmentAction] = []


class CheckedIn(AppointmentRead):
    """An appointment whose visitor is there, with the ticket for the first window."""

    ticket: TicketRead
