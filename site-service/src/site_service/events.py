"""PUBLIC: every event this service publishes, as versioned models."""

from tongban.messages import Event

__all__ = ["PUBLISHED"]

PUBLISHED: tuple[type[Event], ...] = ()
