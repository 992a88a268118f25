"""What falls due of appointments by itself (到期事务): who did not come, who waited in vain."""

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import rules, store, waiting_list
from site_service.appointments.rules import AppointmentAction, AppointmentState
from site_service.appointments.telling import facts_of
from site_service.events import AppointmentMissed
from tongban.context import Context
from tongban.messages import publish

ROUND = 200


async def settle_appointments(session: AsyncSession, context: Context) -> None:
    """Note who did not come, whose time others get; let the waiting of the past lapse."""
    at = context.clock()
    for appointment in await store.due(session, at, limit=ROUND):
        appointment.next_due_at = None
        if appointment.state is AppointmentState.WAITING:
            appointment.state = rules.advance(appointment.state, AppointmentAction.LAPSE)
            continue
        appointment.state = rules.advance(appointment.state, AppointmentAction.MISS)
        publish(session, AppointmentMissed(**facts_of(appointment, at)), of=appointment)
        await session.flush()
        await waiting_list.release(session, appointment, context=context, at=at)
    await session.flush()
