"""The field `Tongban-Checkpoint`: a side's latest signed ledger checkpoint, kept by the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from interop_service.suites import Suite
from tongban.context import Context

__all__ = ["CHECKPOINTS", "Checkpoints", "latest_checkpoint"]

CHECKPOINTS: Final = "ledger_checkpoints"
"""The process's resource that holds the latest one; without it no field is sent."""


@dataclass(frozen=True)
class Checkpoints:
    """The latest checkpoint as a compact JWS by each suite that this district can sign by."""

    read_at: datetime
    tokens: Mapping[Suite, str]


def latest_checkpoint(context: Context, suite: Suite | None) -> Mapping[str, str]:
    """Return the header field to send, or none where nothing was sealed yet."""
    held: Checkpoints | None = context.resources.get(CHECKPOINTS)
    if held is None or not held.tokens:
        return {}
    tokens = held.tokens
    token = tokens[suite] if suite is not None and suite in tokens else next(iter(tokens.values()))
    return {"tongban-checkpoint": token}
