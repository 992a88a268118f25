"""What happens to a handover that nobody takes over in time (逾期未签收): supervision asks why."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases.clock import Clock
from case_service.duty import Duty
from case_service.handovers import store
from case_service.handovers.rules import HandoverState
from case_service.handovers.tables import Handover
from case_service.oversight_events import HandoverOverdue
from case_service.supervision import orders
from tongban.context import Context
from tongban.messages import publish

__all__ = ["HANDOVER_DUTY", "fall_overdue"]


async def fall_overdue(
    session: AsyncSession, context: Context, handover: Handover, at: datetime
) -> None:
    """Tell that it is overdue; the order that is raised goes up the chain by itself."""
    handover.next_due_at = None
    if handover.state is not HandoverState.HANDED_OVER:
        return
    handover.state = HandoverState.OVERDUE
    case = await store.case_for_update(session, handover.case_id)
    publish(
        session,
        HandoverOverdue(
            at=at,
            licence_id=handover.licence_id,
            handover_id=handover.id,
            case_id=handover.case_id,
            department=handover.department,
            due_on=handover.due_on,
        ),
        of=handover,
    )
    await orders.raise_order(
        session, context, case, Clock.HANDOVER, was_due_on=handover.due_on, at=at
    )


HANDOVER_DUTY = Duty("handover", Handover, fall_overdue)
