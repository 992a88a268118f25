"""The waiting list (候补): what becomes free goes to the first whom it suits."""

from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import planning, rules, store
from site_service.appointments.rules import AppointmentAction, WantedVisit
from site_service.appointments.tables import Appointment
from site_service.appointments.telling import facts_of
from site_service.events import AppointmentBooked
from site_service.queue import service as queue
from site_service.queue.estimate import Standing
from site_service.queue.policy import ORDINARY
from site_service.rosters import service as rosters
from site_service.sites import service as sites
from tongban.clock import start_of
from tongban.context import Context
from tongban.ids import new_id
from tongban.messages import publish


async def release(
    session: AsyncSession, appointment: Appointment, *, context: Context, at: datetime
) -> None:
    """Give the appointment's quarter hours to those who wait for them."""
    await store.lock_day(session, appointment.site_id, appointment.day)
    await store.free(session, appointment.id)
    await promote(session, appointment.site_id, appointment.day, context=context, at=at)


async def promote(
    session: AsyncSession, site_id: str, day: date, *, context: Context, at: datetime
) -> None:
    """Book whom the free times suit, first come first."""
    waiting = await store.waiting_list(session, site_id, day)
    if not waiting:
        return
    await store.lock_day(session, site_id, day)
    policy, site = await planning.policy_of(session, site_id), await sites.get(session, site_id)
    open_quarters = await planning.open_quarters_of(session, site, day, context)
    windows = await sites.windows(session, site_id)
    visits = await store.visits_of(session, [one.id for one in waiting])
    begins = start_of(day)
    ids = [window.id for window in windows]
    taken = await store.taken(session, ids, begins, begins + timedelta(days=1))
    taken |= await rosters.unstaffed(session, site_id, open_quarters, context=context)
    earliest = at + timedelta(minutes=policy.notice_minutes)
    for appointment in waiting:
        wanted = []
        for visit in visits[appointment.id]:
            one = Standing(new_id(), visit.area, False, visit.is_partner, ORDINARY, at)
            fitting = [window.id for window in queue.windows_for(one, windows)]
            there = rules.bookable(fitting, policy.bookable_percent)
            wanted.append(WantedVisit(visit.quarters, there))
        offered = rules.slots(
            wanted,
            open_quarters=open_quarters,
            taken=taken,
            earliest=max(earliest, appointment.wanted_from),
        )
        suits = next((one for one in offered if one.starts_at < appointment.wanted_until), None)
        if suits is None:
            continue
        placed = rules.place(wanted, suits.starts_at, open_quarters={*open_quarters}, taken=taken)
        assert placed is not None  # noqa: S101  # it was just offered, and the day is locked
        appointment.state = rules.advance(appointment.state, AppointmentAction.BOOK)
        await planning.keep_place(session, appointment, placed, policy)
        for visit, where in zip(visits[appointment.id], placed, strict=True):
            visit.window_id, visit.starts_at = where.window_id, where.starts_at
        taken.update(cell for one_placed in placed for cell in one_placed.cells())
        publish(session, AppointmentBooked(**facts_of(appointment, at)), of=appointment)
    await session.flush()
