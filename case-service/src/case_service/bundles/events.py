"""PUBLIC: the events about one application for a life event, of an aggregate of its own."""

from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from tongban.messages import Event

__all__ = ["PUBLISHED_OF_BUNDLES", "BundleCompleted", "BundleReady", "BundleSubmitted"]


class _BundleEvent(Event):
    at: datetime
    bundle_id: UUID
    life_event: str
    parts: int
    """How many cases it has."""
    failed: int
    """How many of them came to nothing."""

    def key(self) -> str:
        return str(self.bundle_id)

    @classmethod
    def example(cls) -> Self:
        """Return one, for the documents and for the tests of those who hear it."""
        return cls(
            at=datetime(2026, 1, 5, 2, 0, tzinfo=UTC),
            bundle_id=UUID("01981f3a-7c00-7000-8000-000000000031"),
            life_event="open-a-restaurant",
            parts=2,
            failed=0,
        )


class BundleSubmitted(_BundleEvent):
    """联办申请已提交."""

    SUBJECT = "case.bundle.submitted"


class BundleReady(_BundleEvent):
    """联办结果已齐: every part is decided; they are handed over together."""

    SUBJECT = "case.bundle.ready"


class BundleCompleted(_BundleEvent):
    """联办已办结: every part is at its end."""

    SUBJECT = "case.bundle.completed"


PUBLISHED_OF_BUNDLES: tuple[type[_BundleEvent], ...] = (
    BundleSubmitted,
    BundleReady,
    BundleCompleted,
)
