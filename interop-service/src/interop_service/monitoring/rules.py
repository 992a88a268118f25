"""What is recorded of each message that went or came (运行监测). Pure.

After X-Road's operational monitoring: one record a request on each side, no content.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from interop_service.exchanges.rules import FaultOf

__all__ = ["Direction", "Operation", "Outcome", "answered", "path_without_ids"]


class Direction(StrEnum):
    """Which way a message went."""

    IN = "in"  # 收到
    OUT = "out"  # 发出


class Outcome(StrEnum):
    """What became of one attempt."""

    TAKEN = "taken"  # 已签收
    POSTPONED = "postponed"  # 待重试
    REFUSED = "refused"  # 已拒绝


@dataclass(frozen=True, slots=True)
class Operation:
    """One attempt to bring a message from one district to the other."""

    at: datetime
    partner: str
    """As the message says; proven only where it was taken."""
    direction: Direction
    path: str
    message_id: UUID | None
    exchange_id: UUID | None
    milliseconds: float
    """From sending to the answer; on the receiving side, from the request to its answer."""
    outcome: Outcome
    fault: str | None = None
    fault_of: FaultOf | None = None


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"(?<=/files/)[0-9a-f]{64}")


def path_without_ids(path: str) -> str:
    """Return the path as a template: what is the same for every exchange."""
    return _DIGEST.sub("{digest}", _ID.sub("{id}", path))[:200]


def answered(status: int, *, is_final: bool) -> Outcome:
    """Return what an answer means to its asker (the protocol's faults say which are final)."""
    if status < 300:
        return Outcome.TAKEN
    return Outcome.REFUSED if is_final else Outcome.POSTPONED
