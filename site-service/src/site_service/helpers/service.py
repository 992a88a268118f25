"""Use cases of accompaniments: a helper goes along, ticks steps, hands over, is done."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import service as appointments
from site_service.appointments.rules import AppointmentState
from site_service.events import (
    AccompanimentBegun,
    AccompanimentEnded,
    AccompanimentHandedOver,
)
from site_service.helpers import rules, store
from site_service.helpers.errors import (
    AccompanimentNotFound,
    AccompanimentOver,
    AlreadyAccompanied,
    NotTheHelper,
    VisitOver,
)
from site_service.helpers.rules import AccompanimentState, Candidate, HelpStep
from site_service.helpers.tables import AccompaniedTicket, Accompaniment, HandOver
from site_service.queue import service as queue
from site_service.queue.rules import TicketState
from site_service.queue.service import SITE_STAFF
from site_service.rosters import service as rosters
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish

AHEAD = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.MISSED)
ROUND = 200


async def helpers(
    session: AsyncSession, site_id: str, *, context: Context, at: datetime
) -> list[Candidate]:
    """Return the site's helpers, who is on duty and who goes along with somebody."""
    return await _candidates(session, site_id, at, at, context=context, is_now=True)


async def _candidates(
    session: AsyncSession,
    site_id: str,
    begins_at: datetime,
    ends_at: datetime,
    *,
    context: Context,
    is_now: bool,
) -> list[Candidate]:
    members = await rosters.helpers(session, site_id, begins_at, context=context)
    ids = [member.id for member, _ in members]
    if is_now:
        busy = await store.going(session, ids)
    else:
        busy = await store.planned_then(session, ids, begins_at, ends_at)
    helped = await store.helped_on(session, ids, local_date(begins_at))
    return [
        Candidate(
            id=member.id,
            subject=member.subject,
            name=member.name,
            is_on_duty=is_on_duty,
            is_busy=member.id in busy,
            helped_today=helped.get(member.id, 0),
        )
        for member, is_on_duty in members
    ]


async def begin_for_ticket(
    session: AsyncSession,
    ticket_id: UUID,
    helper: str | None,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Accompaniment:
    """Let a helper go along with the ticket's whole visit, from now on.

    Raises:
        TicketNotFound: 404.
        VisitOver, AlreadyAccompanied: 409.
        HelperNotOnDuty, HelperBusy, NoHelperFree: 409.
    """
    ticket = await queue.get_own_for_change(session, ticket_id, caller=caller)
    if ticket.state not in AHEAD or ticket.day != local_date(at):
        raise VisitOver(state=ticket.state)
    await store.lock_helpers(session, ticket.site_id)
    await _refuse_second(session, ticket.id, ticket.appointment_id)
    candidates = await _candidates(session, ticket.site_id, at, at, context=context, is_now=True)
    found = rules.chosen(candidates, helper)
    begun = Accompaniment(
        id=new_id(),
        site_id=ticket.site_id,
        day=ticket.day,
        first_ticket_id=ticket.id,
        appointment_id=ticket.appointment_id,
        of_subject=ticket.taken_by,
        helper_id=found.id,
        state=AccompanimentState.GOING,
        begun_by=caller.subject,
        begun_at=at,
    )
    return await _begun(session, begun, [ticket.id], at)


async def plan_for_appointment(
    session: AsyncSession,
    appointment_id: UUID,
    helper: str | None,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Accompaniment:
    """Plan a helper for an appointment, or let one go along where the visitor is there already.

    Raises:
        AppointmentNotFound: 404.
        VisitOver, AlreadyAccompanied: 409.
        HelperNotOnDuty, HelperBusy, NoHelperFree: 409.
    """
    one = await appointments.get_for_change(session, appointment_id, caller=caller)
    if one.state is AppointmentState.CHECKED_IN and one.ticket_id is not None:
        return await begin_for_ticket(
            session, one.ticket_id, helper, context=context, caller=caller, at=at
        )
    if one.state is not AppointmentState.BOOKED or one.starts_at is None or one.starts_at < at:
        raise VisitOver(state=one.state)
    ends_at = one.ends_at or one.starts_at + timedelta(hours=1)
    await store.lock_helpers(session, one.site_id)
    await _refuse_second(session, None, one.id)
    candidates = await _candidates(
        session, one.site_id, one.starts_at, ends_at, context=context, is_now=False
    )
    found = rules.chosen(candidates, helper)
    planned = Accompaniment(
        id=new_id(),
        site_id=one.site_id,
        day=one.day,
        appointment_id=one.id,
        of_subject=one.booked_by,
        helper_id=found.id,
        state=AccompanimentState.PLANNED,
        begun_by=caller.subject,
        begun_at=one.starts_at,
        ends_at=ends_at,
    )
    return await _begun(session, planned, [], at)


async def begin_planned(
    session: AsyncSession,
    one: Accompaniment,
    *,
    context: Context,
    at: datetime,
) -> Accompaniment:
    """Let the planned helper go along: the visitor has checked in.

    Raises:
        VisitOver: 409, nobody checked in yet, or it is over.
        HelperNotOnDuty, HelperBusy: 409, hand it over first.
    """
    tickets = await queue.of_visits(session, [], [one.appointment_id] if one.appointment_id else [])
    present = [ticket for ticket in tickets if ticket.state in AHEAD]
    if one.state is not AccompanimentState.PLANNED or not present:
        raise VisitOver(state=one.state)
    await store.lock_helpers(session, one.site_id)
    members = await rosters.names(session, [one.helper_id])
    candidates = await _candidates(session, one.site_id, at, at, context=context, is_now=True)
    rules.chosen(candidates, members[one.helper_id].subject)
    one.state, one.begun_at, one.ends_at = AccompanimentState.GOING, at, None
    one.first_ticket_id = present[0].id
    session.add(AccompaniedTicket(accompaniment_id=one.id, ticket_id=present[0].id, is_going=True))
    await session.flush()
    return one


async def _refuse_second(
    session: AsyncSession, ticket_id: UUID | None, appointment_id: UUID | None
) -> None:
    there = await store.under_way(session, ticket_id=ticket_id, appointment_id=appointment_id)
    if there is not None:
        members = await rosters.names(session, [there.helper_id])
        raise AlreadyAccompanied(helper=members[there.helper_id].name, accompaniment_id=there.id)


async def _begun(
    session: AsyncSession, one: Accompaniment, ticket_ids: Sequence[UUID], at: datetime
) -> Accompaniment:
    session.add(one)
    await session.flush()
    session.add_all(
        AccompaniedTicket(accompaniment_id=one.id, ticket_id=ticket_id, is_going=True)
        for ticket_id in ticket_ids
    )
    publish(session, AccompanimentBegun(**_facts(one, at)), of=one)
    await session.flush()
    return one


def _facts(one: Accompaniment, at: datetime) -> dict[str, Any]:
    return {
        "accompaniment_id": one.id,
        "site_id": one.site_id,
        "ticket_id": one.first_ticket_id,
        "appointment_id": one.appointment_id,
        "helper_id": one.helper_id,
        "state": str(one.state),
        "at": at,
    }


async def get(session: AsyncSession, accompaniment_id: UUID, *, caller: Caller) -> Accompaniment:
    """Return one's own, or one of the site that one works for.

    Raises:
        AccompanimentNotFound: 404.
    """
    return _seen_by(caller, await store.get(session, accompaniment_id))


async def get_for_change(
    session: AsyncSession, accompaniment_id: UUID, *, caller: Caller
) -> Accompaniment:
    """Return one of the site that one works for, locked; it is still under way.

    Raises:
        AccompanimentNotFound: 404.
        AccompanimentOver: 409.
    """
    one = await store.get_for_update(session, accompaniment_id)
    if one is None or not _is_staff_there(caller, one.site_id):
        raise AccompanimentNotFound
    if one.state not in rules.UNDER_WAY:
        raise AccompanimentOver
    return one


def _seen_by(caller: Caller, one: Accompaniment | None) -> Accompaniment:
    if one is None:
        raise AccompanimentNotFound
    if caller.subject != one.of_subject and not _is_staff_there(caller, one.site_id):
        raise AccompanimentNotFound
    return one


def _is_staff_there(caller: Caller, site_id: str) -> bool:
    return caller.has(*SITE_STAFF) and caller.site_id in (None, site_id)


async def add_ticket(
    session: AsyncSession, one: Accompaniment, ticket_id: UUID, *, caller: Caller, at: datetime
) -> Accompaniment:
    """Let the helper go along to one more ticket of the same person's.

    Raises:
        TicketNotFound: 404.
        VisitOver, AlreadyAccompanied: 409.
        NotTheHelper: 403.
    """
    await _require_helper(session, one, caller)
    ticket = await queue.get_own_for_change(session, ticket_id, caller=caller)
    is_of_the_visit = ticket.site_id == one.site_id and ticket.day == one.day
    if ticket.state not in AHEAD or not is_of_the_visit:
        raise VisitOver(state=ticket.state)
    there = await store.under_way(
        session, ticket_id=ticket.id, appointment_id=ticket.appointment_id
    )
    if there is None:
        session.add(AccompaniedTicket(accompaniment_id=one.id, ticket_id=ticket.id, is_going=True))
        await session.flush()
    elif there.id != one.id:
        await _refuse_second(session, ticket.id, ticket.appointment_id)
    return one


async def tick(
    session: AsyncSession, one: Accompaniment, step: HelpStep, *, caller: Caller, at: datetime
) -> Accompaniment:
    """Tick a step; ticked again it stays as it was.

    Raises:
        NotTheHelper: 403.
    """
    await _require_helper(session, one, caller)
    await store.tick(
        session,
        {
            "accompaniment_id": one.id,
            "step": step,
            "helper_id": one.helper_id,
            "done_at": at,
        },
    )
    return one


async def _require_helper(session: AsyncSession, one: Accompaniment, caller: Caller) -> None:
    if caller.has(Role.SITE_MANAGER, Role.ADMIN):
        return
    helper = (await rosters.names(session, [one.helper_id]))[one.helper_id]
    if helper.subject != caller.subject:
        raise NotTheHelper(helper=helper.name)


async def hand_over(
    session: AsyncSession,
    one: Accompaniment,
    to: str | None,
    reason: str,
    *,
    context: Context,
    caller: Caller,
    at: datetime,
) -> Accompaniment:
    """Let another helper go on; the steps and the history stay.

    Raises:
        HelperNotOnDuty, HelperBusy, NoHelperFree: 409.
    """
    await store.lock_helpers(session, one.site_id)
    is_now = one.state is AccompanimentState.GOING
    begins_at = at if is_now else one.begun_at
    candidates = await _candidates(
        session, one.site_id, begins_at, one.ends_at or begins_at, context=context, is_now=is_now
    )
    found = rules.chosen(candidates, to, besides=one.helper_id)
    session.add(
        HandOver(
            id=new_id(),
            accompaniment_id=one.id,
            from_id=one.helper_id,
            to_id=found.id,
            reason=reason,
            handed_by=caller.subject,
            handed_at=at,
        )
    )
    one.helper_id = found.id
    publish(session, AccompanimentHandedOver(**_facts(one, at)), of=one)
    await session.flush()
    return one


async def end(
    session: AsyncSession, one: Accompaniment, note: str | None, *, caller: Caller, at: datetime
) -> Accompaniment:
    """End it: the helper is free for the next.

    Raises:
        NotTheHelper: 403.
    """
    await _require_helper(session, one, caller)
    one.note = note
    await _end(session, one, AccompanimentState.ENDED, at)
    await store.release_tickets(session, [one.id])
    await session.flush()
    return one


async def _end(
    session: AsyncSession, one: Accompaniment, state: AccompanimentState, at: datetime
) -> None:
    one.state, one.ended_at = state, at
    publish(session, AccompanimentEnded(**_facts(one, at)), of=one)


async def lapse_left_over(session: AsyncSession, context: Context) -> None:
    """End what nobody ended on its day, so that no helper stays bound."""
    at = context.clock()
    found = await store.left_over(session, local_date(at), limit=ROUND)
    for one in found:
        await _end(session, one, AccompanimentState.LAPSED, at)
    if found:
        await store.release_tickets(session, [one.id for one in found])
    await session.flush()
