"""A step that leaves the case where it is (办理记录), on its timeline and on the ledger at once.

Both tell the same moment: by that an archive holds the timeline against the ledger.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.tables import Case, TimelineEntry
from tongban import audit

__all__ = ["note"]


def note(
    session: AsyncSession,
    case: Case,
    *,
    action: str,
    actor: str,
    at: datetime,
    facts: Mapping[str, Any],
    payload: Mapping[str, Any],
    actor_role: str | None = None,
    site_id: str | None = None,
) -> None:
    """Put a step on record: `facts` for who reads the case, `payload` for the ledger."""
    session.add(
        TimelineEntry(
            case_id=case.id,
            at=at,
            action=action,
            stage=case.stage,
            actor=actor,
            actor_role=actor_role,
            site_id=site_id,
            facts=dict(facts),
        )
    )
    audit.note(
        session,
        actor=actor,
        action=f"case.{action}",
        subject=str(case.id),
        payload={"number": case.number, **payload},
        at=at,
    )
