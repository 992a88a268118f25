"""What comes in and goes out over HTTP for tickets."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from site_service.queue.rules import Need, Outcome, TicketChannel, TicketState
from site_service.sites.rules import Area, WindowKind, WindowState
from site_service.sites.schemas import MatterCode
from tongban import gb
from tongban.instants import Instant
from tongban.problems import field_fault
from tongban.shapes import shape
from tongban.texts import Code, Line

__all__ = [
    "AreaWait",
    "CallAnswer",
    "Holder",
    "HolderRead",
    "PauseIn",
    "PrintedTicket",
    "QueueRead",
    "QueueWindow",
    "SyncIn",
    "SyncRead",
    "SyncedTicket",
    "TicketAtWindow",
    "TicketDone",
    "TicketIn",
    "TicketRead",
    "TicketTaken",
    "TicketWait",
    "TransferIn",
    "WaitRead",
    "WaitsRead",
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

    id: UUID | None = Field(
        default=None,
        description="由客户端生成的 UUIDv7，重复提交得到同一张号票"
        " / made by the client: the same again gives the same ticket",
    )
    expected_at: Instant | None = Field(
        default=None,
        description="预计到达时间，电话或网上取号时填写"
        " / when the visitor will be there; before that the ticket is not called",
    )
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
    call_class: str
    channel: TicketChannel
    state: TicketState
    window_id: UUID | None
    case_id: UUID | None
    appointment_id: UUID | None
    for_window_id: UUID | None
    issued_at: datetime
    placed_at: datetime
    expected_at: datetime | None
    due_at: datetime | None
    called_at: datetime | None
    serving_at: datetime | None
    done_at: datetime | None
    missed_at: datetime | None
    returned_at: datetime | None
    version: int


class HolderRead(BaseModel):
    """Whom a clerk calls: a name, and the end of a number to compare."""

    name: str | None
    identity_tail: str | None


class TicketAtWindow(TicketRead):
    """A ticket as the site's staff see it."""

    holder: HolderRead | None = None


class WaitRead(BaseModel):
    """The wait in minutes: half wait at most `middle`, eight of ten between `low` and `high`."""

    model_config = ConfigDict(from_attributes=True)

    low: int
    middle: int
    high: int


class TicketTaken(TicketRead):
    """A ticket just taken, with what the visitor wants to know."""

    ticket_id: UUID
    people_ahead: int
    expected_wait_minutes: int | None = Field(
        description="预计等候分钟数 / null where it cannot be told, as for one still on the way"
    )
    expected_wait: WaitRead | None
    is_helper_offered: bool = Field(description="是否提供帮办代办 / a helper goes along")


class TicketDone(TicketAtWindow):
    """A ticket whose visit ended, and the one for the same person's next window."""

    next_ticket: TicketRead | None = None


class TicketWait(BaseModel):
    """How long a ticket still waits."""

    ticket_id: UUID
    state: TicketState
    people_ahead: int
    expected_wait: WaitRead | None


class AreaWait(BaseModel):
    """How long one would wait who comes now."""

    area: str
    is_green: bool
    expected_wait: WaitRead | None = Field(
        description="空值表示当前没有窗口办理 / null where no window takes it now"
    )


class WaitsRead(BaseModel):
    """A site's expected waits, by business area and class."""

    site_id: str
    at: datetime
    waits: list[AreaWait]


class TransferIn(BaseModel):
    """Where a visitor is sent: to another business area, or to one window."""

    model_config = ConfigDict(extra="forbid")

    area: Area | None = None
    window_id: UUID | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.area is None and self.window_id is None:
            raise field_fault(
                "transfer_nowhere",
                zh="请写明转到的业务类别 area 或窗口 window_id",
                en="say where to: a business area, or a window_id",
            )
        return self


class PauseIn(BaseModel):
    """Why a window pauses."""

    model_config = ConfigDict(extra="forbid")

    reason: Line | None = None


class PrintedTicket(BaseModel):
    """A ticket that a kiosk printed while it was off-line."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    number: str = Field(
        pattern=shape(
            r"^[A-Z0-9_-]{1,60}-[0-9]{1,6}$",
            zh="终端编号、连字符和数字，如 K1-007",
            en="a kiosk's code, a hyphen and digits, like K1-007",
        ),
        description="以终端编号开头，可省去网点编号，如 K1-007"
        " / begins with the kiosk's code, the site's part of it may be left out",
    )
    matter_code: MatterCode
    issued_at: Instant
    birth_year: int | None = Field(default=None, ge=1850, le=2200)
    needs: list[Need] = Field(default=[], max_length=len(Need))


class SyncIn(BaseModel):
    """What a kiosk tells of when it is on-line again."""

    model_config = ConfigDict(extra="forbid")

    kiosk_code: Code
    tickets: list[PrintedTicket] = Field(min_length=1, max_length=200)


class SyncedTicket(BaseModel):
    """What became of a ticket that a kiosk told of."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    outcome: Outcome
    reason: str | None = Field(description="未接受的原因 / why it was refused")
    state: TicketState | None


class SyncRead(BaseModel):
    """The outcome of each ticket, in the order in which they were told."""

    tickets: list[SyncedTicket]


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
    is_paused: bool
    ticket_number: str | None
    ticket_state: TicketState | None


class QueueRead(BaseModel):
    """A site's queue: numbers only, for the screen in the hall."""

    site_id: str
    last_event: int = Field(
        description="动态序号，可作 Last-Event-ID / from here the stream resumes"
    )
    is_day_closed: bool
    waiting: int
    waiting_green: int
    waiting_ordinary: int
    windows: list[QueueWindow]
