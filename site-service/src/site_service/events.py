"""PUBLIC: every event this service publishes, as versioned models."""

from datetime import UTC, date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

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


class AbsenceNoted(Event):
    """离岗: somebody will be away; these windows have nobody, and who is booked there."""

    SUBJECT = "site.absence.noted"

    absence_id: UUID
    site_id: str
    begins_at: datetime
    ends_at: datetime
    uncovered_windows: list[UUID]
    affected_appointments: list[UUID] = []
    at: datetime

    def key(self) -> str:
        return str(self.absence_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            absence_id=UUID("0192f0c1-0000-7000-8000-00000000000b"),
            site_id="hitech-hall",
            begins_at=datetime(2026, 10, 12, 1, 0, tzinfo=UTC),
            ends_at=datetime(2026, 10, 12, 9, 0, tzinfo=UTC),
            uncovered_windows=[UUID("0192f0c1-0000-7000-8000-000000000007")],
            affected_appointments=[UUID("0192f0c1-0000-7000-8000-000000000005")],
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class MeasureChecked(Event):
    """适老检查: what was found of one of the ten measures at a site."""

    SUBJECT = "site.measure.checked"

    check_id: UUID
    site_id: str
    measure_code: str
    outcome: Literal["met", "partly", "not_met"]
    valid_until: date
    at: datetime

    def key(self) -> str:
        return str(self.check_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            check_id=UUID("0192f0c1-0000-7000-8000-00000000000c"),
            site_id="hitech-hall",
            measure_code="green-channel",
            outcome="met",
            valid_until=date(2027, 4, 8),
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class _AccompanimentTold(Event):
    """A helper who goes along with a visit, as the events tell it."""

    accompaniment_id: UUID
    site_id: str
    ticket_id: UUID | None
    appointment_id: UUID | None
    helper_id: UUID
    state: Literal["planned", "going", "ended", "lapsed"]
    at: datetime

    STATE: ClassVar[Literal["planned", "going", "ended", "lapsed"]] = "going"

    def key(self) -> str:
        return str(self.accompaniment_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            accompaniment_id=UUID("0192f0c1-0000-7000-8000-00000000000d"),
            site_id="hitech-hall",
            ticket_id=UUID("0192f0c1-0000-7000-8000-000000000001"),
            appointment_id=None,
            helper_id=UUID("0192f0c1-0000-7000-8000-00000000000e"),
            state=cls.STATE,
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class AccompanimentBegun(_AccompanimentTold):
    """安排帮办: a helper goes along with a visit, or is planned to."""

    SUBJECT = "site.accompaniment.begun"


class AccompanimentHandedOver(_AccompanimentTold):
    """帮办交接: another helper goes on."""

    SUBJECT = "site.accompaniment.handed_over"


class AccompanimentEnded(_AccompanimentTold):
    """结束陪办: the visit is done, or its day is over."""

    SUBJECT = "site.accompaniment.ended"
    STATE = "ended"


class _HomeVisitTold(Event):
    """A home visit as its events tell it: never whose home."""

    home_visit_id: UUID
    site_id: str
    matters: list[str]
    helper_id: UUID | None
    starts_at: datetime | None
    at: datetime

    HELPER: ClassVar[UUID | None] = UUID("0192f0c1-0000-7000-8000-00000000000e")
    STARTS_AT: ClassVar[datetime | None] = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)

    def key(self) -> str:
        return str(self.home_visit_id)

    @classmethod
    def example(cls) -> Self:
        """Return one such event, for the documents and the contract tests."""
        return cls(
            home_visit_id=UUID("0192f0c1-0000-7000-8000-00000000000f"),
            site_id="zhangba-street",
            matters=["11610131MB2Q71156L4000131001001"],
            helper_id=cls.HELPER,
            starts_at=cls.STARTS_AT,
            at=datetime(2026, 10, 10, 1, 30, tzinfo=UTC),
        )


class HomeVisitRequested(_HomeVisitTold):
    """预约上门: somebody who cannot come asks that a helper comes."""

    SUBJECT = "site.home_visit.requested"
    HELPER = None
    STARTS_AT = None


class HomeVisitScheduled(_HomeVisitTold):
    """安排上门: a helper comes then."""

    SUBJECT = "site.home_visit.scheduled"


class HomeVisitDone(_HomeVisitTold):
    """上门完成: the helper was there."""

    SUBJECT = "site.home_visit.done"


class HomeVisitCancelled(_HomeVisitTold):
    """取消上门: it was called off."""

    SUBJECT = "site.home_visit.cancelled"


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
