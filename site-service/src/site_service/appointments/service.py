"""Use cases of appointments: offer times, book, wait, change, cancel, check in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import planning, rules, store, waiting_list
from site_service.appointments.errors import (
    AppointmentNotFound,
    BookingSuspended,
    CheckInNotNow,
    SlotNotOffered,
    TooManyAppointments,
)
from site_service.appointments.rules import (
    QUARTER,
    AppointmentAction,
    AppointmentPolicy,
    AppointmentState,
    Placed,
)
from site_service.appointments.tables import Appointment, Visit
from site_service.appointments.telling import facts_of
from site_service.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentRescheduled,
)
from site_service.queue import service as queue
from site_service.queue.rules import Need, TicketChannel, Visitor
from site_service.queue.service import SITE_STAFF
from site_service.queue.tables import Ticket
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging, page_of

NAME_SEALED_FOR = "appointments.holder_name"
PHONE_SEALED_FOR = "appointments.phone"
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants an appointment for."""

    site_id: str
    matter_codes: Sequence[str]
    life_event: str | None = None
    channel: TicketChannel = TicketChannel.ONLINE
    name: str | None = None
    phone: str | None = None
    birth_year: int | None = None
    needs: frozenset[Need] = frozenset()


async def book(
    session: AsyncSession,
    asked: Asked,
    starts_at: datetime,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Appointment:
    """Book the visits from that time on.

    Raises:
        SiteNotFound: 404.
        SiteClosed, MatterNotHere, NoWindowForMatter: 409.
        SlotNotOffered, SlotTaken, TooManyAppointments, BookingSuspended: 409.
    """
    await planning.open_site(session, asked.site_id)
    policy = await planning.policy_of(session, asked.site_id)
    await _refuse_too_many(session, caller, policy, at)
    planned = await planning.plan(session, asked.site_id, asked.matter_codes, policy, context, at)
    appointment = _made(asked, starts_at, starts_at + QUARTER, context=context, caller=caller)
    appointment.state = AppointmentState.BOOKED
    placed = await planning.place_visits(
        session, appointment, planned, starts_at, policy, context, at
    )
    session.add(appointment)
    await planning.keep_place(session, appointment, placed, policy)
    session.add_all(_visits(appointment, planned, placed))
    publish(session, AppointmentBooked(**facts_of(appointment, at)), of=appointment)
    await session.flush()
    return appointment


async def wait(
    session: AsyncSession,
    asked: Asked,
    *,
    wanted_from: datetime,
    wanted_until: datetime,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Appointment:
    """Put somebody on the waiting list of a day.

    Raises:
        SiteNotFound: 404.
        SiteClosed, MatterNotHere, NoWindowForMatter: 409.
        SlotNotOffered, TooManyAppointments, BookingSuspended: 409.
    """
    await planning.open_site(session, asked.site_id)
    policy = await planning.policy_of(session, asked.site_id)
    await _refuse_too_many(session, caller, policy, at)
    is_one_day = local_date(wanted_from) == local_date(wanted_until)
    if not is_one_day or not planning.is_offered_on(local_date(wanted_from), at, policy):
        raise SlotNotOffered(site_id=asked.site_id, days=policy.days_ahead)
    planned = await planning.plan(session, asked.site_id, asked.matter_codes, policy, context, at)
    appointment = _made(asked, wanted_from, wanted_until, context=context, caller=caller)
    appointment.state, appointment.next_due_at = AppointmentState.WAITING, wanted_until
    session.add(appointment)
    await session.flush()
    session.add_all(_visits(appointment, planned, None))
    await session.flush()
    return appointment


async def _refuse_too_many(
    session: AsyncSession, caller: Caller, policy: AppointmentPolicy, at: datetime
) -> None:
    # At the window, staff book for those who stand before them.
    if caller.is_staff:
        return
    since = local_date(at) - timedelta(days=policy.no_show_days + policy.suspended_days)
    missed = await store.no_shows(session, caller.subject, since=since, most=policy.no_shows)
    until = rules.suspended_until(missed, policy)
    if until is not None and at < until:
        raise BookingSuspended(until=until)
    if await store.count_ahead(session, caller.subject, at) >= policy.most_ahead:
        raise TooManyAppointments(most=policy.most_ahead)


def _made(
    asked: Asked, wanted_from: datetime, wanted_until: datetime, *, context: Context, caller: Caller
) -> Appointment:
    vault = context.vault
    return Appointment(
        id=new_id(),
        site_id=asked.site_id,
        day=local_date(wanted_from),
        wanted_from=wanted_from,
        wanted_until=wanted_until,
        life_event=asked.life_event,
        channel=asked.channel,
        needs=sorted(asked.needs),
        birth_year=asked.birth_year,
        booked_by=caller.subject,
        holder_name=asked.name and vault.seal(asked.name, context=NAME_SEALED_FOR),
        phone=asked.phone and vault.seal(asked.phone, context=PHONE_SEALED_FOR),
    )


def _visits(
    appointment: Appointment, planned: Sequence[planning.Planned], placed: Sequence[Placed] | None
) -> list[Visit]:
    there: Sequence[Placed | None] = placed or [None] * len(planned)
    return [
        Visit(
            appointment_id=appointment.id,
            nth=nth,
            matter_code=one.matter_code,
            area=one.area,
            is_partner=one.is_partner,
            quarters=one.wanted.quarters,
            window_id=where and where.window_id,
            starts_at=where and where.starts_at,
        )
        for nth, (one, where) in enumerate(zip(planned, there, strict=True), 1)
    ]


async def get(session: AsyncSession, appointment_id: UUID, *, caller: Caller) -> Appointment:
    """Return one's own appointment, or one at the site that one works for.

    Raises:
        AppointmentNotFound: 404.
    """
    return _seen_by(caller, await store.get(session, appointment_id))


async def get_for_change(
    session: AsyncSession, appointment_id: UUID, *, caller: Caller
) -> Appointment:
    """Return one's own appointment, or one at the site that one works for, locked.

    Raises:
        AppointmentNotFound: 404.
    """
    return _seen_by(caller, await store.get_for_update(session, appointment_id))


def _seen_by(caller: Caller, appointment: Appointment | None) -> Appointment:
    if appointment is None:
        raise AppointmentNotFound
    is_staff_there = caller.has(*SITE_STAFF) and caller.site_id in (None, appointment.site_id)
    if caller.subject != appointment.booked_by and not is_staff_there:
        raise AppointmentNotFound
    return appointment


async def listed(
    session: AsyncSession, paging: Paging, *, site_id: str | None, day: date | None, caller: Caller
) -> tuple[list[Appointment], str | None]:
    """Return a page of one's own appointments, or of the site's that one works for.

    Raises:
        ForeignSite: 403.
    """
    is_staff = caller.has(*SITE_STAFF)
    if is_staff:
        caller.require_site(site_id)
        site_id = site_id or caller.site_id
    booked_by = None if is_staff and site_id is not None else caller.subject
    found = await store.listed(session, paging, booked_by=booked_by, site_id=site_id, day=day)
    return page_of(found, paging, key=lambda one: (one.id,))


async def visits_of(
    session: AsyncSession, appointments: Sequence[Appointment]
) -> dict[UUID, list[Visit]]:
    """Return the appointments' visits, in order."""
    return await store.visits_of(session, [one.id for one in appointments])


async def reschedule(
    session: AsyncSession,
    appointment: Appointment,
    starts_at: datetime,
    *,
    context: Context,
    at: datetime,
) -> Appointment:
    """Move the appointment; where the new time is taken the old one stays.

    Raises:
        AppointmentActionNotAllowed, SlotNotOffered, SlotTaken: 409.
        MatterNotHere, NoWindowForMatter: 409.
    """
    appointment.state = rules.advance(appointment.state, AppointmentAction.RESCHEDULE)
    before = appointment.day
    policy = await planning.policy_of(session, appointment.site_id)
    visits = (await store.visits_of(session, [appointment.id]))[appointment.id]
    codes = [visit.matter_code for visit in visits]
    planned = await planning.plan(session, appointment.site_id, codes, policy, context, at)
    # Both days in one order, so that two who swap days never wait for each other.
    for day in sorted({before, local_date(starts_at)}):
        await store.lock_day(session, appointment.site_id, day)
    await store.free(session, appointment.id)
    placed = await planning.place_visits(
        session, appointment, planned, starts_at, policy, context, at
    )
    await planning.keep_place(session, appointment, placed, policy)
    for visit, where in zip(visits, placed, strict=True):
        visit.window_id, visit.starts_at = where.window_id, where.starts_at
        visit.quarters = where.quarters
    publish(session, AppointmentRescheduled(**facts_of(appointment, at)), of=appointment)
    await session.flush()
    await waiting_list.promote(session, appointment.site_id, before, context=context, at=at)
    return appointment


async def cancel(
    session: AsyncSession, appointment: Appointment, *, context: Context, at: datetime
) -> Appointment:
    """Give the time back; the first on the waiting list whom it suits gets it.

    Raises:
        AppointmentActionNotAllowed: 409.
    """
    appointment.state = rules.advance(appointment.state, AppointmentAction.CANCEL)
    appointment.next_due_at = None
    publish(session, AppointmentCancelled(**facts_of(appointment, at)), of=appointment)
    await session.flush()
    await waiting_list.release(session, appointment, context=context, at=at)
    return appointment


async def check_in(
    session: AsyncSession,
    appointment: Appointment,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Ticket:
    """Note that the visitor is there, and give the ticket for the first window.

    Raises:
        AppointmentActionNotAllowed, CheckInNotNow: 409.
        SiteClosed, DayClosed, MatterNotHere, NoWindowForMatter: 409.
    """
    state = rules.advance(appointment.state, AppointmentAction.CHECK_IN)
    policy = await planning.policy_of(session, appointment.site_id)
    assert appointment.starts_at is not None  # noqa: S101  # the table's check: booked has a time
    times = rules.check_in_times(appointment.starts_at, policy)
    if not times.opens_at <= at <= times.closes_at:
        raise CheckInNotNow(opens_at=times.opens_at, closes_at=times.closes_at)
    first, *rest = (await store.visits_of(session, [appointment.id]))[appointment.id]
    name = appointment.holder_name
    taken = await queue.take(
        session,
        appointment.site_id,
        queue.Request(
            matter_code=first.matter_code,
            area=first.area,
            channel=appointment.channel,
            visitor=Visitor(
                birth_year=appointment.birth_year,
                needs=frozenset(Need(need) for need in appointment.needs),
            ),
            name=None if name is None else context.vault.open_text(name, context=NAME_SEALED_FOR),
            due_at=first.starts_at,
            appointment_id=appointment.id,
            itinerary=tuple(_next_window(visit) for visit in rest),
        ),
        context=context,
        caller=caller,
        at=at,
    )
    # The ticket is the visitor's, also where a clerk checked them in.
    taken.ticket.taken_by = appointment.booked_by
    appointment.state, appointment.checked_in_at = state, at
    appointment.ticket_id, appointment.next_due_at = taken.ticket.id, None
    publish(session, AppointmentCheckedIn(**facts_of(appointment, at)), of=appointment)
    await session.flush()
    return taken.ticket


def _next_window(visit: Visit) -> dict[str, Any]:
    return {
        "matter_code": visit.matter_code,
        "area": visit.area,
        "is_partner": visit.is_partner,
        "due_at": None if visit.starts_at is None else visit.starts_at.isoformat(),
    }
