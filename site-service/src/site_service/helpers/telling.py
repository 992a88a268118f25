"""What is shown of accompaniments: a page of them, each with its tickets, steps and hand-overs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.helpers import rules, store
from site_service.helpers.rules import AccompanimentState
from site_service.helpers.tables import Accompaniment
from site_service.queue import service as queue
from site_service.queue.tables import Ticket
from site_service.rosters import service as rosters
from site_service.rosters.tables import StaffMember
from tongban.context import Context
from tongban.identity import Caller
from tongban.paging import Paging, page_of


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str,
    state: AccompanimentState | None,
    is_mine: bool,
    caller: Caller,
    context: Context,
    at: datetime,
) -> tuple[list[Accompaniment], str | None]:
    """Return a page of the site's, newest first; or of the calling helper's own."""
    helper_id = None
    if is_mine:
        members = await rosters.helpers(session, site_id, at, context=context)
        helper_id = next((one.id for one, _ in members if one.subject == caller.subject), None)
        if helper_id is None:
            return [], None
    found = await store.listed(session, paging, site_id=site_id, state=state, helper_id=helper_id)
    return page_of(found, paging, key=lambda one: (one.id,))


async def told(session: AsyncSession, ones: Sequence[Accompaniment]) -> list[dict[str, Any]]:
    """Return accompaniments with their tickets, steps and hand-overs."""
    ids = [one.id for one in ones]
    ticket_ids = await store.ticket_ids_of(session, ids)
    steps = await store.steps_of(session, ids)
    hand_overs = await store.hand_overs_of(session, ids)
    tickets = await queue.of_visits(
        session,
        [ticket_id for each in ticket_ids.values() for ticket_id in each],
        [one.appointment_id for one in ones if one.appointment_id is not None],
    )
    members = await rosters.names(
        session,
        {one.helper_id for one in ones}
        | {step.helper_id for each in steps.values() for step in each}
        | {who for each in hand_overs.values() for one in each for who in (one.from_id, one.to_id)},
    )
    return [
        _told(one, ticket_ids.get(one.id, []), tickets, members)
        | {
            "steps": [
                {
                    "step": step.step,
                    "helper": members[step.helper_id].name,
                    "done_at": step.done_at,
                }
                for step in steps.get(one.id, [])
            ],
            "steps_left": rules.steps_left(step.step for step in steps.get(one.id, [])),
            "hand_overs": [
                {
                    "from_helper": members[each.from_id].name,
                    "to_helper": members[each.to_id].name,
                    "reason": each.reason,
                    "handed_at": each.handed_at,
                }
                for each in hand_overs.get(one.id, [])
            ],
        }
        for one in ones
    ]


def _told(
    one: Accompaniment,
    ticket_ids: Sequence[UUID],
    tickets: Sequence[Ticket],
    members: dict[UUID, StaffMember],
) -> dict[str, Any]:
    own = [
        ticket
        for ticket in tickets
        if ticket.id in ticket_ids
        or (one.appointment_id is not None and ticket.appointment_id == one.appointment_id)
    ]
    return {
        "id": one.id,
        "site_id": one.site_id,
        "day": one.day,
        "state": one.state,
        "appointment_id": one.appointment_id,
        "helper": members[one.helper_id].subject,
        "helper_name": members[one.helper_id].name,
        "begun_at": one.begun_at,
        "ended_at": one.ended_at,
        "tickets": own,
        "note": one.note,
        "version": one.version,
    }
