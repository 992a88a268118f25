"""PUBLIC: every event this service publishes, as versioned models.

All here are steps of one aggregate, `case.case`, keyed by the case's id; those about people are in
`people_events`, those about what follows a licence decision in `oversight_events`, those about the
files of ended cases in `archive.events`, how a licence stands in `licences.events`, what cases
rest on in `reliances.events`. At both ends of
an exchange `exchange_id` is the same; it is null for a case that stays in its district.
"""

from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from case_service.archive.events import PUBLISHED_OF_ARCHIVE
from case_service.bundles.events import PUBLISHED_OF_BUNDLES
from case_service.licences.events import PUBLISHED_OF_LICENCES
from case_service.oversight_events import PUBLISHED_OF_OVERSIGHT
from case_service.people_events import PUBLISHED_OF_PEOPLE
from case_service.reliances.events import PUBLISHED_OF_RELIANCES
from tongban.messages import Event
from tongban.objects import ClaimCheck

__all__ = [
    "PUBLISHED",
    "CaseAccepted",
    "CaseClosed",
    "CaseCorrected",
    "CaseCorrectionsRequested",
    "CaseDecided",
    "CaseDeclined",
    "CaseDelivered",
    "CaseEvent",
    "CaseExtended",
    "CaseFeePaid",
    "CaseFeeRefunded",
    "CaseForwarded",
    "CaseLicenceChanged",
    "CaseLicenceIssued",
    "CaseLicenceRevoked",
    "CaseLightChanged",
    "CaseRated",
    "CaseReceived",
    "CaseReopened",
    "CaseResumed",
    "CaseReviewed",
    "CaseSubmitted",
    "CaseSuspended",
    "CaseTerminated",
    "CaseWithdrawalRequested",
    "CaseWithdrawn",
]

EXAMPLE_CLAIM = {"key": "0" * 32, "size": 4096, "sha256": "0" * 64}


class CaseEvent(Event):
    """What every step of a case tells."""

    case_id: UUID
    number: str
    exchange_id: UUID | None = None
    at: datetime

    def key(self) -> str:
        return str(self.case_id)

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls.model_validate({**_EXAMPLE, **_EXAMPLES.get(cls.SUBJECT, {})})


class CaseSubmitted(CaseEvent):
    """提交."""

    SUBJECT = "case.case.submitted"
    matter_code: str
    matter_version: int
    owner_district: str
    handling: Literal["immediate", "promised"]
    channel: Literal["online", "window", "kiosk", "proxy"]
    site_id: str | None = None
    ticket_id: UUID | None = None


class CaseReceived(CaseEvent):
    """收件."""

    SUBJECT = "case.case.received"
    site_id: str | None = None


class CaseCorrectionsRequested(CaseEvent):
    """一次性告知补正."""

    SUBJECT = "case.case.corrections_requested"
    due_on: date
    content: ClaimCheck | None = None
    """For the near district, where the case came from one: what is missing, the sealed notice."""


class CaseCorrected(CaseEvent):
    """已补正; `package` is what the near district took in, on its way to the owner."""

    SUBJECT = "case.case.corrected"
    package: ClaimCheck | None = None


class CaseAccepted(CaseEvent):
    """受理."""

    SUBJECT = "case.case.accepted"
    statutory_due_on: date
    promised_due_on: date
    is_provisional: bool


class CaseDeclined(CaseEvent):
    """不予受理; `result` is the sealed document on its way back to the near district."""

    SUBJECT = "case.case.declined"
    reason_code: str
    result: ClaimCheck | None = None


class CaseForwarded(CaseEvent):
    """转出, to the district that owns the matter; the package waits for interop."""

    SUBJECT = "case.case.forwarded"
    owner_district: str
    matter_code: str
    mode: Literal["online", "proxy", "joint"]
    forward_due_on: date
    package: ClaimCheck


class CaseReviewed(CaseEvent):
    """审查."""

    SUBJECT = "case.case.reviewed"


class CaseDecided(CaseEvent):
    """决定."""

    SUBJECT = "case.case.decided"
    outcome: Literal["granted", "denied"]


class CaseLicenceIssued(CaseEvent):
    """出证."""

    SUBJECT = "case.case.licence_issued"
    licence_id: UUID
    licence_type: str


class CaseLicenceRevoked(CaseEvent):
    """吊销证照, at any time after the case is closed."""

    SUBJECT = "case.case.licence_revoked"
    licence_id: UUID
    licence_type: str


class CaseLicenceChanged(CaseEvent):
    """证照变动, other than its issue and its revocation; `effective_from` is when it counts."""

    SUBJECT = "case.case.licence_changed"
    licence_id: UUID
    licence_type: str
    change: Literal["superseded", "deemed_renewed", "cancelled", "rescinded", "withdrawn"]
    effective_from: date
    successor_id: UUID | None = None


class CaseDelivered(CaseEvent):
    """送达."""

    SUBJECT = "case.case.delivered"
    way: str


class CaseClosed(CaseEvent):
    """办结; `result` is the sealed notice on its way back to the near district."""

    SUBJECT = "case.case.closed"
    outcome: Literal["granted", "denied", "declined", "withdrawn"]
    outside_number: str | None = None
    result: ClaimCheck | None = None


class CaseWithdrawalRequested(CaseEvent):
    """申请撤回: the applicant of a forwarded case wants no decision; the owner is asked."""

    SUBJECT = "case.case.withdrawal_requested"


class CaseWithdrawn(CaseEvent):
    """撤回."""

    SUBJECT = "case.case.withdrawn"


class CaseFeePaid(CaseEvent):
    """缴费: all that was due is paid."""

    SUBJECT = "case.case.fee_paid"
    amount_cents: int
    method: Literal["online", "cash", "card", "paper_slip"]


class CaseFeeRefunded(CaseEvent):
    """退费: money went back."""

    SUBJECT = "case.case.fee_refunded"
    amount_cents: int
    reason: Literal["not_granted", "paid_twice", "paid_late"]


class CaseLightChanged(CaseEvent):
    """红黄灯变化: a light turned yellow or red, or is not so any more; null where it is off.

    `light` is about `clock`, the one that measures the whole now; `step_light` about the step.
    """

    SUBJECT = "case.case.light_changed"
    clock: str | None = None
    light: Literal["green", "yellow", "red"] | None = None
    step_light: Literal["green", "yellow", "red"] | None = None


class CaseSuspended(CaseEvent):
    """中止计时, for a special procedure."""

    SUBJECT = "case.case.suspended"
    procedure: str
    planned_days: int
    content: ClaimCheck | None = None
    """For the near district, where the case came from one: the sealed notice of the procedure."""


class CaseResumed(CaseEvent):
    """恢复计时; the limits are where they are now."""

    SUBJECT = "case.case.resumed"
    statutory_due_on: date | None = None
    promised_due_on: date | None = None


class CaseExtended(CaseEvent):
    """延期, once."""

    SUBJECT = "case.case.extended"
    days: int
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    content: ClaimCheck | None = None
    """For the near district, where the case came from one: the reason, the sealed notice."""


class CaseTerminated(CaseEvent):
    """终止, without a decision."""

    SUBJECT = "case.case.terminated"
    ground: Literal["correction_overdue", "supply_overdue", "applicant_gone", "by_rule"]


class CaseReopened(CaseEvent):
    """重新办理, by order of supervision; `stage` is where it goes on from."""

    SUBJECT = "case.case.reopened"
    stage: Literal["received", "accepted"]
    order_number: str


class CaseRated(CaseEvent):
    """好差评; `owner_score` is for the other district of an exchange."""

    SUBJECT = "case.case.rated"
    score: int | None = None
    owner_score: int | None = None


PUBLISHED: tuple[type[Event], ...] = (
    CaseSubmitted,
    CaseReceived,
    CaseCorrectionsRequested,
    CaseCorrected,
    CaseAccepted,
    CaseDeclined,
    CaseForwarded,
    CaseReviewed,
    CaseDecided,
    CaseLicenceIssued,
    CaseDelivered,
    CaseClosed,
    CaseWithdrawalRequested,
    CaseWithdrawn,
    CaseSuspended,
    CaseResumed,
    CaseExtended,
    CaseTerminated,
    CaseReopened,
    CaseRated,
    CaseLicenceRevoked,
    CaseLicenceChanged,
    CaseLightChanged,
    CaseFeePaid,
    CaseFeeRefunded,
    *PUBLISHED_OF_PEOPLE,
    *PUBLISHED_OF_OVERSIGHT,
    *PUBLISHED_OF_ARCHIVE,
    *PUBLISHED_OF_BUNDLES,
    *PUBLISHED_OF_LICENCES,
    *PUBLISHED_OF_RELIANCES,
)

_MATTER_CODE = "11610131MB2A12345X4610117001001"
_EXAMPLE: dict[str, Any] = {
    "case_id": "01981f3a-7c00-7000-8000-000000000001",
    "number": "610171202601050000018",
    "exchange_id": "01981f3a-7c00-7000-8000-000000000002",
    "at": datetime(2026, 1, 5, 2, 0, tzinfo=UTC),
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    CaseSubmitted.SUBJECT: {
        "matter_code": _MATTER_CODE,
        "matter_version": 1,
        "owner_district": "610172",
        "handling": "immediate",
        "channel": "window",
        "site_id": "hitech-hall",
        "ticket_id": "01981f3a-7c00-7000-8000-000000000003",
    },
    CaseReceived.SUBJECT: {"site_id": "hitech-hall"},
    CaseCorrectionsRequested.SUBJECT: {"due_on": "2026-01-12", "content": EXAMPLE_CLAIM},
    CaseCorrected.SUBJECT: {"package": EXAMPLE_CLAIM},
    CaseAccepted.SUBJECT: {
        "statutory_due_on": "2026-02-02",
        "promised_due_on": "2026-01-12",
        "is_provisional": False,
    },
    CaseSuspended.SUBJECT: {
        "procedure": "hearing",
        "planned_days": 20,
        "content": EXAMPLE_CLAIM,
    },
    CaseResumed.SUBJECT: {"statutory_due_on": "2026-03-02", "promised_due_on": "2026-02-09"},
    CaseExtended.SUBJECT: {
        "days": 10,
        "statutory_due_on": "2026-03-16",
        "promised_due_on": "2026-02-23",
        "content": EXAMPLE_CLAIM,
    },
    CaseTerminated.SUBJECT: {"ground": "correction_overdue"},
    CaseReopened.SUBJECT: {"stage": "accepted", "order_number": "高督2026-12"},
    CaseDeclined.SUBJECT: {
        "reason_code": "not_in_jurisdiction",
        "result": EXAMPLE_CLAIM,
    },
    CaseForwarded.SUBJECT: {
        "owner_district": "610172",
        "matter_code": _MATTER_CODE,
        "mode": "proxy",
        "forward_due_on": "2026-01-06",
        "package": EXAMPLE_CLAIM,
    },
    CaseDecided.SUBJECT: {"outcome": "granted"},
    CaseLicenceIssued.SUBJECT: {
        "licence_id": "01981f3a-7c00-7000-8000-000000000004",
        "licence_type": "food_business_licence",
    },
    CaseLicenceRevoked.SUBJECT: {
        "licence_id": "01981f3a-7c00-7000-8000-000000000004",
        "licence_type": "food_business_licence",
    },
    CaseLicenceChanged.SUBJECT: {
        "licence_id": "01981f3a-7c00-7000-8000-000000000004",
        "licence_type": "food_business_licence",
        "change": "superseded",
        "effective_from": "2031-01-05",
        "successor_id": "01981f3a-7c00-7000-8000-000000000005",
    },
    CaseDelivered.SUBJECT: {"way": "counter"},
    CaseClosed.SUBJECT: {
        "outcome": "granted",
        "outside_number": "税变-2026-000123",
        "result": EXAMPLE_CLAIM,
    },
    CaseFeePaid.SUBJECT: {"amount_cents": 2000, "method": "online"},
    CaseFeeRefunded.SUBJECT: {"amount_cents": 2000, "reason": "not_granted"},
    CaseLightChanged.SUBJECT: {"clock": "promised", "light": "yellow", "step_light": "green"},
    CaseRated.SUBJECT: {"score": 5, "owner_score": 5},
}
