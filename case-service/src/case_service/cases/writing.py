"""The SQL that writes a case: one statement for the row and all that tells of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from case_service.cases.tables import Case, TimelineEntry
from case_service.events import CaseEvent
from tongban.ids import new_id
from tongban.kernel import LedgerRow, OutboxRow
from tongban.ledger import entry_values
from tongban.messages import outbox_values
from tongban.writes import Rider, Write, complete, taken_along, write

__all__ = ["advance", "submit"]

CASES: Table = Case.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
TIMELINE: Table = TimelineEntry.__table__  # type: ignore[assignment]  # as above
LEDGER: Table = LedgerRow.__table__  # type: ignore[assignment]  # as above
OUTBOX: Table = OutboxRow.__table__  # type: ignore[assignment]  # as above

Row = Mapping[str, Any]


async def submit(
    session: AsyncSession,
    values: Row,
    *,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
) -> None:
    """Insert a case with its first timeline entry, its events and its ledger entry."""
    row = complete(CASES, {**values, "sequence": len(events), "version": 1})
    riders = _riders(session, entry, events, ledger, already_told=0)
    await write(session, Write(table=CASES, values=row, riders=riders))


async def advance(
    session: AsyncSession,
    case: Case,
    changes: Row,
    *,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
) -> None:
    """Store a step of a locked case, with all that tells of it.

    Raises:
        StaleDataError: the row is not what was read.
    """
    after_it = {
        **changes,
        "version": case.version + 1,
        "sequence": case.sequence + len(events),
        "updated_at": entry["at"],
    }
    riders = _riders(session, entry, events, ledger, already_told=case.sequence)
    known = {"id": case.id, "version": case.version}
    await write(session, Write(table=CASES, values=after_it, riders=riders, known=known))
    for name, value in after_it.items():
        set_committed_value(case, name, value)


def _riders(
    session: AsyncSession,
    entry: Row,
    events: Sequence[CaseEvent],
    ledger: Row,
    *,
    already_told: int,
) -> list[Rider]:
    return [
        *taken_along(session),
        (TIMELINE, {"id": new_id(), "facts": {}, **_nothing_left_out(entry)}),
        (LEDGER, entry_values(**ledger)),
        *(
            (OUTBOX, outbox_values(event, sequence=already_told + place))
            for place, event in enumerate(events, start=1)
        ),
    ]


def _nothing_left_out(entry: Row) -> dict[str, Any]:
    return {"actor_role": None, "site_id": None, "comment": None, **entry}
