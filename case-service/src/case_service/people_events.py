"""PUBLIC: the events about people rather than a case's steps: notices, ratings, enquiries.

Each is of an aggregate of its own, so that none of them holds up, or re-versions, a case.
"""

from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from tongban.messages import Event

__all__ = [
    "PUBLISHED_OF_PEOPLE",
    "EnquiryAnswered",
    "EnquiryAsked",
    "EnquiryEscalated",
    "EnquiryWithdrawn",
    "NoticeFailed",
    "NoticeSent",
    "RatingAppealDecided",
    "RatingAppealed",
    "RatingFollowedUp",
    "RatingGiven",
    "RatingOverdue",
]

_ID = "01981f3a-7c00-7000-8000-000000000011"
_CASE_ID = "01981f3a-7c00-7000-8000-000000000001"
_AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


class _PeopleEvent(Event):
    at: datetime

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls.model_validate({"at": _AT, **_EXAMPLES[cls.SUBJECT]})


class _NoticeEvent(_PeopleEvent):
    notice_id: UUID
    case_id: UUID | None = None
    kind: str

    def key(self) -> str:
        return str(self.notice_id)


class NoticeSent(_NoticeEvent):
    """通知已发送."""

    SUBJECT = "case.notice.sent"
    way: str


class NoticeFailed(_NoticeEvent):
    """通知未送达: given up, or there is no way to reach the applicant but the window."""

    SUBJECT = "case.notice.failed"
    state: Literal["dead", "unreachable"]


class _RatingEvent(_PeopleEvent):
    rating_id: UUID
    case_id: UUID | None = None
    ticket_id: UUID | None = None
    site_id: str | None = None

    def key(self) -> str:
        return str(self.rating_id)


class RatingGiven(_RatingEvent):
    """评价: of a contact at a window, or of a closed case."""

    SUBJECT = "case.rating.given"
    window_id: UUID | None = None
    matter_code: str | None = None
    score: int


class RatingFollowedUp(_RatingEvent):
    """差评整改: a bad rating went one step on."""

    SUBJECT = "case.rating.followed_up"
    step: Literal["verify", "correct", "answer", "rate_again"]
    state: str
    due_on: date | None = None
    second_score: int | None = None


class RatingOverdue(_RatingEvent):
    """差评逾期: the day by which a step of the follow-up was due is over."""

    SUBJECT = "case.rating.overdue"
    state: str
    due_on: date


class RatingAppealed(_RatingEvent):
    """申诉: staff hold a rating for malicious."""

    SUBJECT = "case.rating.appealed"
    due_on: date


class RatingAppealDecided(_RatingEvent):
    """申诉复核: what is upheld no longer counts, and stays on record."""

    SUBJECT = "case.rating.appeal_decided"
    is_upheld: bool


class _EnquiryEvent(_PeopleEvent):
    enquiry_id: UUID
    kind: Literal["consultation", "complaint"]
    case_id: UUID | None = None
    site_id: str | None = None
    matter_code: str | None = None

    def key(self) -> str:
        return str(self.enquiry_id)


class EnquiryAsked(_EnquiryEvent):
    """提交咨询投诉."""

    SUBJECT = "case.enquiry.asked"
    due_on: date


class EnquiryAnswered(_EnquiryEvent):
    """答复咨询投诉."""

    SUBJECT = "case.enquiry.answered"
    is_late: bool


class EnquiryEscalated(_EnquiryEvent):
    """咨询投诉逾期升级."""

    SUBJECT = "case.enquiry.escalated"
    due_on: date


class EnquiryWithdrawn(_EnquiryEvent):
    """撤回咨询投诉."""

    SUBJECT = "case.enquiry.withdrawn"


PUBLISHED_OF_PEOPLE: tuple[type[_PeopleEvent], ...] = (
    NoticeSent,
    NoticeFailed,
    RatingGiven,
    RatingFollowedUp,
    RatingOverdue,
    RatingAppealed,
    RatingAppealDecided,
    EnquiryAsked,
    EnquiryAnswered,
    EnquiryEscalated,
    EnquiryWithdrawn,
)

_NOTICE = {"notice_id": _ID, "case_id": _CASE_ID, "kind": "accepted"}
_RATING = {"rating_id": _ID, "case_id": _CASE_ID, "site_id": "hitech-hall"}
_ENQUIRY = {"enquiry_id": _ID, "kind": "consultation", "site_id": "hitech-hall"}
_EXAMPLES: dict[str, dict[str, Any]] = {
    NoticeSent.SUBJECT: {**_NOTICE, "way": "folder"},
    NoticeFailed.SUBJECT: {**_NOTICE, "state": "dead"},
    RatingGiven.SUBJECT: {
        "rating_id": _ID,
        "ticket_id": "01981f3a-7c00-7000-8000-000000000003",
        "site_id": "hitech-hall",
        "window_id": "01981f3a-7c00-7000-8000-000000000005",
        "score": 5,
    },
    RatingFollowedUp.SUBJECT: {
        **_RATING,
        "step": "verify",
        "state": "correcting",
        "due_on": "2026-01-19",
    },
    RatingOverdue.SUBJECT: {**_RATING, "state": "calling_back", "due_on": "2026-01-12"},
    RatingAppealed.SUBJECT: {**_RATING, "due_on": "2026-01-12"},
    RatingAppealDecided.SUBJECT: {**_RATING, "is_upheld": True},
    EnquiryAsked.SUBJECT: {**_ENQUIRY, "due_on": "2026-01-12"},
    EnquiryAnswered.SUBJECT: {**_ENQUIRY, "is_late": False},
    EnquiryEscalated.SUBJECT: {**_ENQUIRY, "due_on": "2026-01-12"},
    EnquiryWithdrawn.SUBJECT: _ENQUIRY,
}
