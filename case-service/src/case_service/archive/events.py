"""PUBLIC: the events about the files of cases, each of an aggregate of its own."""

from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from tongban.messages import Event

__all__ = [
    "PUBLISHED_OF_ARCHIVE",
    "ArchiveDestroyed",
    "ArchiveFiled",
    "ArchiveHeld",
    "ArchiveReleased",
    "ArchiveTransferred",
]

Retention = Literal["permanent", "years_30", "years_10"]
Ground = Literal["review", "suit", "inspection", "other"]


class _ArchiveEvent(Event):
    at: datetime
    file_id: UUID
    case_id: UUID
    number: str

    def key(self) -> str:
        return str(self.file_id)

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls.model_validate({**_EXAMPLE, **_EXAMPLES.get(cls.SUBJECT, {})})


class ArchiveFiled(_ArchiveEvent):
    """归档: the file is fixed; null `retention_ends_on` is for ever."""

    SUBJECT = "case.archive.filed"
    retention: Retention
    retention_ends_on: date | None = None


class ArchiveHeld(_ArchiveEvent):
    """冻结: it is not destroyed until it is released."""

    SUBJECT = "case.archive.held"
    ground: Ground


class ArchiveReleased(_ArchiveEvent):
    """解除冻结."""

    SUBJECT = "case.archive.released"
    ground: Ground


class ArchiveTransferred(_ArchiveEvent):
    """移交: the archives acknowledged that they have it."""

    SUBJECT = "case.archive.transferred"
    transfer_id: UUID


class ArchiveDestroyed(_ArchiveEvent):
    """销毁: what was personal about the case is gone; the register keeps number, class, date."""

    SUBJECT = "case.archive.destroyed"
    retention: Retention


PUBLISHED_OF_ARCHIVE: tuple[type[Event], ...] = (
    ArchiveFiled,
    ArchiveHeld,
    ArchiveReleased,
    ArchiveTransferred,
    ArchiveDestroyed,
)

_EXAMPLE: dict[str, Any] = {
    "at": datetime(2026, 2, 5, 2, 0, tzinfo=UTC),
    "file_id": "01981f3a-7c00-7000-8000-000000000031",
    "case_id": "01981f3a-7c00-7000-8000-000000000001",
    "number": "610171-ZW·2026-D30-000123",
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    ArchiveFiled.SUBJECT: {"retention": "years_30", "retention_ends_on": "2057-01-01"},
    ArchiveHeld.SUBJECT: {"ground": "suit"},
    ArchiveReleased.SUBJECT: {"ground": "suit"},
    ArchiveTransferred.SUBJECT: {"transfer_id": "01981f3a-7c00-7000-8000-000000000032"},
    ArchiveDestroyed.SUBJECT: {"retention": "years_10"},
}
