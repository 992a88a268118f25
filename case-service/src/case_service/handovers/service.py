"""Use cases of handovers (审管联动): hand a licence decision over, list them, acknowledge one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import steps
from case_service.cases.moves import when_past
from case_service.cases.tables import Case
from case_service.handovers import store
from case_service.handovers.errors import HandoverAcknowledged, HandoverNotFound
from case_service.handovers.rules import ACKNOWLEDGE_DAYS, HandoverState
from case_service.handovers.tables import Handover
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import LicenceDecision
from case_service.oversight_events import HandoverAcknowledged as Acknowledged
from case_service.oversight_events import HandoverMade
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging

__all__ = ["acknowledge", "hand_over", "listed"]

SEES_ALL = (Role.SUPERVISOR, Role.ADMIN)


async def hand_over(
    session: AsyncSession,
    context: Context,
    case: Case,
    licence: Licence,
    decision: LicenceDecision,
    *,
    at: datetime,
) -> None:
    """移交: let the supervising department know of a decision; the rows go with the caller's."""
    calendar = await steps.calendar_of(session, context)
    due = calendar.add_working_days(local_date(at), ACKNOWLEDGE_DAYS)
    handover = Handover(
        id=new_id(),
        case_id=case.id,
        licence_id=licence.id,
        case_number=case.number,
        licence_number=licence.number,
        licence_type=licence.licence_type,
        licence_name=licence.name,
        holder_masked=licence.holder_masked,
        decision=decision,
        department=case.department or gb.district(context.settings.district).name,
        handed_over_at=at,
        due_on=due.due_on,
        is_provisional=due.is_provisional,
        next_due_at=when_past(due.due_on),
        sequence=0,
    )
    event = HandoverMade(
        at=at,
        licence_id=licence.id,
        handover_id=handover.id,
        case_id=case.id,
        department=handover.department,
        licence_type=licence.licence_type,
        decision=decision.value,
        due_on=due.due_on,
    )
    publish(session, event, of=handover)
    session.add(handover)


async def acknowledge(
    session: AsyncSession,
    handover_id: UUID,
    *,
    measure: str | None,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> Handover:
    """签收: take a decision over, once, also when it is overdue.

    Raises:
        HandoverNotFound, StaleVersion, HandoverAcknowledged
    """
    handover = await store.get_for_update(session, handover_id)
    if handover is None or not _is_of(caller, handover.department):
        raise HandoverNotFound
    require_match(handover.version, if_match)
    if handover.acknowledged_at is not None:
        raise HandoverAcknowledged(acknowledged_at=handover.acknowledged_at.isoformat())
    handover.state, handover.next_due_at = HandoverState.ACKNOWLEDGED, None
    handover.acknowledged_at, handover.acknowledged_by = at, caller.subject
    handover.measure = measure
    event = Acknowledged(
        at=at,
        licence_id=handover.licence_id,
        handover_id=handover.id,
        case_id=handover.case_id,
        department=handover.department,
    )
    publish(session, event, of=handover)
    audit.note(
        session,
        actor=caller.subject,
        action="handover.acknowledge",
        subject=str(handover.id),
        payload={"number": handover.licence_number, "department": handover.department},
    )
    await session.flush()
    return handover


async def listed(
    session: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    department: str | None,
    state: HandoverState | None,
    is_open: bool | None,
) -> Sequence[Handover]:
    """Return one page of the handovers that the caller may see, and one row more."""
    if not caller.has(*SEES_ALL):
        # Without a department of his own he has none to see.
        department = caller.department or ""
    return await store.page(session, paging, department=department, state=state, is_open=is_open)


def _is_of(caller: Caller, department: str) -> bool:
    return caller.has(*SEES_ALL) or caller.department == department
