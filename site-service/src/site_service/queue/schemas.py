"""What comes in and goes out over HTTP for tickets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from site_service.queue.rules import Need, TicketChannel, TicketState
from site_service.sites.rules import Area, WindowKind, WindowState
from site_service.sites.schemas import MatterCode
from tongban import gb
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = [
    "CallAnswer",
    "Holder",
    "HolderRead",
    "QueueRead",
    "QueueWindow",
    "TicketAtWindow",
    "TicketIn",
    "TicketRead",
    "TicketTaken",
]


def _good_number(number: str) -> str:
    try:
        return gb.check_identity_number(number)
    except gb.InvalidIdentityNumber as fault:
        raise field_fault(
            f"identity_number_{fault.reason}",
            zh="身份证号码有误，请核对后重新输入",
            en="not a resident identity number; check it and enter it again",
        ) from None


IdentityNumber = Annotated[Line, AfterValidator(_good_number)]


class Holder(BaseModel):
    """Whose ticket it is; all of it is optional."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    identity_number: IdentityNumber | None = None


class TicketIn(BaseModel):
    """A ticket to be taken."""

    model_config = ConfigDict(extra="forbid")

    matter_code: MatterCode
    area: Area | None = Field(
        default=None, description="由工作人员指定业务类别 / the business area, if not the matter's"
    )
    channel: TicketChannel
    holder: Holder | None = None
    birth_year: int | None = Field(default=None, ge=1850, le=2200)
    needs: list[Need] = Field(default=[], max_length=len(Need))


class TicketRead(BaseModel):
    """A ticket, without who holds it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    site_id: str
    number: str
    matter_code: str
    area: str
    is_partner: bool
    is_green: bool
    channel: TicketChannel
    state: TicketState
    window_id: UUID | None
    case_id: UUID | None
    issued_at: datetime
    called_at: datetime | None
    serving_at: datetime | None
    done_at: datetime | None
    missed_at: datetime | None
    version: int


class HolderRead(BaseModel):
    """Whom a clerk calls: a name, and the end of a number to compare."""

    name: str | None
    identity_tail: str | None


class TicketAtWindow(TicketRead):
    """A ticket as the site's staff see it."""

    holder: HolderRead | None = None


class TicketTaken(TicketRead):
    """A ticket just taken, with what the visitor wants to know."""

    ticket_id: UUID
    people_ahead: int
    expected_wait_minutes: int
    is_helper_offered: bool = Field(description="是否提供帮办代办 / a helper goes along")


class CallAnswer(BaseModel):
    """The ticket that a window called; null where none waits for it."""

    ticket: TicketAtWindow | None


class QueueWindow(BaseModel):
    """A window and the number it serves now."""

    id: UUID
    number: str
    name: str
    kind: WindowKind
    state: WindowState
    ticket_number: str | None
    ticket_state: TicketState | None


class QueueRead(BaseModel):
    """A site's queue: numbers only, for the screen in the hall."""

    site_id: str
    waiting: int
    waiting_green: int
    waiting_ordinary: int
    windows: list[QueueWindow]
