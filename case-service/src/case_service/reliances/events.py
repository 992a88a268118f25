"""PUBLIC: the event that a case rests on a document of a partner's."""

from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from tongban.messages import Event

__all__ = ["PUBLISHED_OF_RELIANCES", "RelianceRecorded"]


class RelianceRecorded(Event):
    """采信: a case rests on a partner's document; its issuer is to know whom an end concerns."""

    SUBJECT = "case.reliance.recorded"

    reliance_id: UUID
    proof_id: UUID
    """The verification or the request for evidence by which the document is known here."""
    case_id: UUID
    number: str
    at: datetime

    def key(self) -> str:
        return str(self.reliance_id)

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls(
            reliance_id=UUID("01981f3a-7c00-7000-8000-000000000031"),
            proof_id=UUID("01990000-0000-7000-8000-000000000021"),
            case_id=UUID("01981f3a-7c00-7000-8000-000000000001"),
            number="610171202601050000018",
            at=datetime(2026, 1, 5, 2, 0, tzinfo=UTC),
        )


PUBLISHED_OF_RELIANCES: tuple[type[Event], ...] = (RelianceRecorded,)
