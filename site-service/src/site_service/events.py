"""PUBLIC: every event this service publishes, as versioned models."""

from datetime import UTC, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from site_service.people_events import (
    AbsenceNoted,
    AccompanimentBegun,
    AccompanimentEnded,
    AccompanimentHandedOver,
    HomeVisitCancelled,
    HomeVisitDone,
    HomeVisitRequested,
    HomeVisitScheduled,
    MeasureChecked,
)
from tongban.messages import Event

__all__ = [
    "PUBLISHED",
    "AbsenceNoted",
    "AccompanimentBegun",
    "AccompanimentEnded",
    "AccompanimentHandedOver",
    "AppointmentBooked",
    "AppointmentCancelled",
    "AppointmentCheckedIn",
    "AppointmentMissed",
    "AppointmentRescheduled",
    "HomeVisitCancelled",
    "HomeVisitDone",
    "HomeVisitRequested",
    "HomeVisitScheduled",
    "MeasureChecked",
    "SiteChanged",
    "TicketCalled",
    "TicketIssued",
    "TicketLapsed",
    "TicketMissed",
    "TicketReturned",
    "TicketServed",
    "TicketTransferred",
    "TicketWithdrawn",
]


class SiteChanged(Event):
    """网点变更: a site as it is now, with the matters handled there."""

    SUBJECT = "site.site.changed"

    site_id: str
    kind: Literal["hall", "centre", "station", "point"]
    name: str
    state: Literal["open", "closed"]
    matters: list[str]
    partner_matters: list[str]
    accepts_cash: bool
    accepts_paper: bool
    continues_online: bool
    """What was begun online is carried on at a window there, with the same record."""

    def key(self) -> str:
        return self.site_id

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            site_id="zhangba-street",
            kind="centre",
            name="丈八街道便民服务中心",
            state="open",
            matters=["11610131MB2Q71156L4000131001001"],
            partner_matters=["11610172MB2X12345Y4000131008001"],
            accepts_cash=True,
            accepts_paper=True,
            continues_online=True,
        )


class _TicketTold(Event):
    """A ticket as its events tell it."""

    ticket_id: UUID
    site_id: str
    number: str
    is_green: bool
    window_id: UUID | None
    case_id: UUID | None
    at: datetime

    WINDOW: ClassVar[UUID | None] = UUID("0192f0c1-0000-7000-8000-000000000007")
    CASE: ClassVar[UUID | None] = None

    def key(self) -> str:
        return str(self.ticket_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            ticket_id=UUID("0192f0c1-0000-7000-8000-000000000001"),
            site_id="hitech-hall",
            number="A012",
            is_green=False,
            window_id=cls.WINDOW,
            case_id=cls.CASE,
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class TicketIssued(_TicketTold):
    """取号: a visitor took a ticket."""

    SUBJECT = "site.ticket.issued"
    WINDOW = None


class TicketCalled(_TicketTold):
    """叫号: a window called the ticket, or called it again."""

    SUBJECT = "site.ticket.called"


class TicketServed(_TicketTold):
    """办完: the visitor was served."""

    SUBJECT = "site.ticket.served"
    CASE = UUID("0192f0c1-0000-7000-8000-000000000009")


class TicketMissed(_TicketTold):
    """过号: the visitor did not come when called."""

    SUBJECT = "site.ticket.missed"


class TicketTransferred(_TicketTold):
    """转窗: the visitor was sent to another window, and keeps the place."""

    SUBJECT = "site.ticket.transferred"
    WINDOW = None


class TicketReturned(_TicketTold):
    """过号返回: a missed visitor came back and waits again."""

    SUBJECT = "site.ticket.returned"
    WINDOW = None


class TicketWithdrawn(_TicketTold):
    """放弃: the visitor gave the turn up."""

    SUBJECT = "site.ticket.withdrawn"
    WINDOW = None


class TicketLapsed(_TicketTold):
    """失效: the day ended before the visitor was served."""

    SUBJECT = "site.ticket.lapsed"
    WINDOW = None


class _AppointmentTold(Event):
    """An appointment as its events tell it."""

    appointment_id: UUID
    site_id: str
    starts_at: datetime | None
    life_event: str | None
    ticket_id: UUID | None
    at: datetime

    TICKET: ClassVar[UUID | None] = None

    def key(self) -> str:
        return str(self.appointment_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            appointment_id=UUID("0192f0c1-0000-7000-8000-00000000000a"),
            site_id="hitech-hall",
            starts_at=datetime(2026, 10, 12, 2, 0, tzinfo=UTC),
            life_event=None,
            ticket_id=cls.TICKET,
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class AppointmentBooked(_AppointmentTold):
    """预约成功: a time was booked, or became free for one who waited."""

    SUBJECT = "site.appointment.booked"


class AppointmentRescheduled(_AppointmentTold):
    """改约: the appointment was moved to another time."""

    SUBJECT = "site.appointment.rescheduled"


class AppointmentCancelled(_AppointmentTold):
    """取消预约: the time was given back."""

    SUBJECT = "site.appointment.cancelled"


class AppointmentCheckedIn(_AppointmentTold):
    """签到: the visitor is there and has a ticket."""

    SUBJECT = "site.appointment.checked_in"
    TICKET = UUID("0192f0c1-0000-7000-8000-000000000001")


class AppointmentMissed(_AppointmentTold):
    """爽约: the visitor did not come in time."""

    SUBJECT = "site.appointment.missed"


PUBLISHED: tuple[type[Event], ...] = (
    SiteChanged,
    TicketIssued,
    TicketCalled,
    TicketServed,
    TicketMissed,
    TicketTransferred,
    TicketReturned,
    TicketWithdrawn,
    TicketLapsed,
    AppointmentBooked,
    AppointmentRescheduled,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentMissed,
    AbsenceNoted,
    MeasureChecked,
    AccompanimentBegun,
    AccompanimentHandedOver,
    AccompanimentEnded,
    HomeVisitRequested,
    HomeVisitScheduled,
    HomeVisitDone,
    HomeVisitCancelled,
)
