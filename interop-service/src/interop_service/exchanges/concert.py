"""Exchanges that are handled in concert (多地联办): one case of the near side, several owners.

The near side's case knows one of them, the main one; events of all are told as that one's. In the
other modes the main one is the only one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interop_service.exchanges import rules, store
from interop_service.exchanges.messages import (
    Standing,
)
from interop_service.exchanges.rules import State
from interop_service.exchanges.schemas import (
    JointRead,
)
from interop_service.exchanges.tables import Exchange

__all__ = ["Concert", "joint_read", "locked", "standing_of"]

ENDED = frozenset({State.CONCLUDED, State.HANDED_OVER, State.ARCHIVED, State.FAILED})


@dataclass(frozen=True)
class Concert:
    """The exchanges of one case at this district, locked; the main one first."""

    rows: Sequence[Exchange]

    @property
    def main(self) -> Exchange:
        return self.rows[0]

    @property
    def is_joint(self) -> bool:
        return self.main.joint_id is not None

    @property
    def outcome(self) -> str | None:
        """The outcome of the whole; None while an owner has not concluded."""
        return rules.concert_outcome([row.outcome for row in self.rows])

    def of(self, exchange_id: UUID) -> Exchange | None:
        """Return one of them."""
        return next((row for row in self.rows if row.id == exchange_id), None)

    def others(self, row: Exchange) -> list[Exchange]:
        """Return the others."""
        return [one for one in self.rows if one is not row]

    def standing(self) -> list[Standing]:
        """Return how each owner stands; nothing where there is only one."""
        return standing_of(self.rows) if self.is_joint else []


async def locked(session: AsyncSession, exchange_id: UUID) -> Concert | None:
    """Lock an exchange with all of its concert; None where there is none of that id."""
    rows = await store.lock_concert(session, exchange_id)
    return Concert(rows) if rows else None


def standing_of(rows: Sequence[Exchange]) -> list[Standing]:
    """Return how far each owner is."""
    return [
        Standing.model_validate(
            {
                "district": row.partner,
                "state": row.state,
                "since": row.held_since,
                "due_on": row.due_on,
                "outcome": row.outcome,
            }
        )
        for row in rows
    ]


def joint_read(standing: Sequence[Standing]) -> JointRead | None:
    """Return who blocks a joint case and who is slowest; None where nobody is in it."""
    if not standing:
        return None
    waiting = sorted(
        (one for one in standing if one.state not in ENDED),
        key=lambda one: (one.due_on is None, one.due_on, one.since, one.district),
    )
    last = max(standing, key=lambda one: (one.since, one.district))
    return JointRead(
        standing=list(standing),
        blocking=[one.district for one in waiting],
        slowest=(waiting[0] if waiting else last).district,
    )
