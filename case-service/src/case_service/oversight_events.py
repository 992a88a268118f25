"""PUBLIC: the events about what follows a licence decision: handed over, and made public.

Each is of an aggregate of its own, so that none of them holds up, or re-versions, a case.
"""

from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import UUID

from tongban.messages import Event

__all__ = [
    "PUBLISHED_OF_OVERSIGHT",
    "HandoverAcknowledged",
    "HandoverMade",
    "HandoverOverdue",
    "PublicationMade",
    "PublicationWithdrawn",
]

_AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
_ID = "01981f3a-7c00-7000-8000-000000000021"
_LICENCE_ID = "01981f3a-7c00-7000-8000-000000000004"


class _OversightEvent(Event):
    at: datetime
    licence_id: UUID

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls.model_validate({"at": _AT, "licence_id": _LICENCE_ID, **_EXAMPLES[cls.SUBJECT]})


class _HandoverEvent(_OversightEvent):
    handover_id: UUID
    case_id: UUID
    department: str

    def key(self) -> str:
        return str(self.handover_id)


class HandoverMade(_HandoverEvent):
    """审管联动移交: a licence decision reaches the department that supervises its holder."""

    SUBJECT = "case.handover.made"
    licence_type: str
    decision: str
    due_on: date


class HandoverAcknowledged(_HandoverEvent):
    """移交已签收."""

    SUBJECT = "case.handover.acknowledged"


class HandoverOverdue(_HandoverEvent):
    """移交逾期未签收: supervision is told too."""

    SUBJECT = "case.handover.overdue"
    due_on: date


class _PublicationEvent(_OversightEvent):
    publication_id: UUID

    def key(self) -> str:
        return str(self.publication_id)


class PublicationMade(_PublicationEvent):
    """行政许可决定公示."""

    SUBJECT = "case.publication.made"
    decision: str


class PublicationWithdrawn(_PublicationEvent):
    """公示撤下."""

    SUBJECT = "case.publication.withdrawn"


PUBLISHED_OF_OVERSIGHT: tuple[type[Event], ...] = (
    HandoverMade,
    HandoverAcknowledged,
    HandoverOverdue,
    PublicationMade,
    PublicationWithdrawn,
)

_HANDOVER: dict[str, Any] = {
    "handover_id": _ID,
    "case_id": "01981f3a-7c00-7000-8000-000000000001",
    "department": "高新区市场监督管理局",
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    HandoverMade.SUBJECT: {
        **_HANDOVER,
        "licence_type": "food_business_licence",
        "decision": "granted",
        "due_on": "2026-01-12",
    },
    HandoverAcknowledged.SUBJECT: _HANDOVER,
    HandoverOverdue.SUBJECT: {**_HANDOVER, "due_on": "2026-01-12"},
    PublicationMade.SUBJECT: {"publication_id": _ID, "decision": "granted"},
    PublicationWithdrawn.SUBJECT: {"publication_id": _ID},
}
