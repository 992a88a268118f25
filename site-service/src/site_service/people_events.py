"""PUBLIC: the events of the people who are there for visitors; `events` has them too."""

from datetime import UTC, date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from tongban.messages import Event

__all__ = [
    "AbsenceNoted",
    "AccompanimentBegun",
    "AccompanimentEnded",
    "AccompanimentHandedOver",
    "HomeVisitCancelled",
    "HomeVisitDone",
    "HomeVisitRequested",
    "HomeVisitScheduled",
    "MeasureChecked",
]


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
