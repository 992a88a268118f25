"""HTTP of appointments."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from site_service.appointments import calendar, planning, rules, service
from site_service.appointments.errors import (
    AppointmentActionNotAllowed,
    AppointmentNotFound,
    BookingSuspended,
    CheckInNotNow,
    SlotNotOffered,
    SlotTaken,
    TooManyAppointments,
)
from site_service.appointments.rules import AppointmentPolicy
from site_service.appointments.schemas import (
    AppointmentIn,
    AppointmentRead,
    CheckedIn,
    RescheduleIn,
    SlotRead,
    SlotsRead,
    VisitRead,
    WaitingIn,
)
from site_service.appointments.tables import Appointment, Visit
from site_service.errors import MatterNotHere, NoWindowForMatter, SiteClosed, SiteNotFound
from site_service.queue.errors import DayClosed
from site_service.queue.schemas import TicketRead
from site_service.sites import service as sites
from site_service.sites.schemas import MatterCode, SiteId
from tongban import app, etags
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.paging import Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router: APIRouter = app.router("appointments")

Booker = Annotated[
    Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
]
InCharge = Annotated[Caller, allow(Role.SITE_MANAGER, Role.ADMIN)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]
Matters = Annotated[list[MatterCode], Query(min_length=1, max_length=rules.MOST_VISITS)]

NOT_THERE = (SiteClosed, MatterNotHere, NoWindowForMatter)
NOT_NOW = (SlotNotOffered, SlotTaken, TooManyAppointments, BookingSuspended)


@router.get("/api/v1/sites/{site_id}/slots", responses=problems(SiteNotFound, *NOT_THERE))
async def read_slots(
    site_id: SiteIdPath,
    matter_code: Matters,
    day: date,
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    at: Now,
) -> SlotsRead:
    """可约时段: the times of a day at which these matters can be begun, one after the other."""
    found = await planning.slots(session, site_id, matter_code, day, context=context, at=at)
    return SlotsRead(
        site_id=site_id, day=day, slots=[SlotRead.model_validate(one) for one in found]
    )


@router.get("/api/v1/sites/{site_id}/appointments/policy", responses=problems(SiteNotFound))
async def read_policy(
    site_id: SiteIdPath, session: Session, _caller: MaybeCaller
) -> AppointmentPolicy:
    """预约规则: the numbers by which the site takes appointments."""
    return await planning.policy(session, site_id)


@router.put(
    "/api/v1/sites/{site_id}/appointments/policy", responses=problems(SiteNotFound, ForeignSite)
)
async def keep_policy(
    site_id: SiteIdPath, body: AppointmentPolicy, session: Session, caller: InCharge
) -> AppointmentPolicy:
    """设置预约规则: give the site numbers of its own; what is booked stays."""
    caller.require_site(site_id)
    return await planning.keep_policy(session, site_id, body, caller=caller)


@router.post(
    "/api/v1/appointments",
    status_code=201,
    responses={
        **problems(SiteNotFound, ForeignSite),
        **problems(*NOT_THERE, *NOT_NOW),
    },
)
async def book_appointment(
    body: AppointmentIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Booker,
    at: Now,
) -> AppointmentRead:
    """预约: book a time for a matter, or one for all matters of a life event across windows."""
    if caller.is_staff:
        caller.require_site(body.site_id)
    booked = await service.book(
        session, _asked(body), body.starts_at, context=context, caller=caller, at=at
    )
    etags.offer(request, response, booked.version)
    response.headers["Location"] = f"/api/v1/appointments/{booked.id}"
    return await _read(session, booked)


@router.post(
    "/api/v1/appointments/waiting-list",
    status_code=201,
    responses={
        **problems(SiteNotFound, ForeignSite),
        **problems(*NOT_THERE, SlotNotOffered, TooManyAppointments, BookingSuspended),
    },
)
async def join_waiting_list(
    body: WaitingIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Booker,
    at: Now,
) -> AppointmentRead:
    """候补预约: wait for a time on a full day; booked by itself when one becomes free."""
    if caller.is_staff:
        caller.require_site(body.site_id)
    waiting = await service.wait(
        session,
        _asked(body),
        wanted_from=body.wanted_from,
        wanted_until=body.wanted_until,
        context=context,
        caller=caller,
        at=at,
    )
    etags.offer(request, response, waiting.version)
    response.headers["Location"] = f"/api/v1/appointments/{waiting.id}"
    return await _read(session, waiting)


def _asked(body: AppointmentIn | WaitingIn) -> service.Asked:
    holder = body.holder
    return service.Asked(
        site_id=body.site_id,
        matter_codes=body.matter_codes,
        life_event=body.life_event,
        channel=body.channel,
        name=holder.name if holder else None,
        phone=holder.phone if holder else None,
        birth_year=body.birth_year,
        needs=frozenset(body.needs),
    )


@router.get("/api/v1/appointments", responses=problems(ForeignSite))
async def list_appointments(
    session: Session,
    paging: PageQuery,
    caller: Identified,
    site_id: SiteId | None = None,
    day: date | None = None,
) -> Page[AppointmentRead]:
    """预约列表: one's own appointments, or those of the site that one works for."""
    found, following = await service.listed(
        session, paging, site_id=site_id, day=day, caller=caller
    )
    visits = await service.visits_of(session, found)
    return Page(items=[_shown(one, visits[one.id]) for one in found], next_cursor=following)


@router.get(
    "/api/v1/appointments/{appointment_id}",
    responses={
        **problems(AppointmentNotFound),
        304: {"description": "未变更 / not modified"},
    },
)
async def read_appointment(
    appointment_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    caller: Identified,
) -> AppointmentRead:
    """预约详情: one's own appointment, or one at the site that one works for."""
    found = await service.get(session, appointment_id, caller=caller)
    etags.offer(request, response, found.version)
    return await _read(session, found)


@router.get(
    "/api/v1/appointments/{appointment_id}/calendar.ics",
    response_class=Response,
    responses={
        **problems(AppointmentNotFound),
        200: {
            "description": "iCalendar (RFC 5545)",
            "content": {"text/calendar": {"schema": {"type": "string"}}},
        },
    },
)
async def read_calendar_file(
    appointment_id: UUID, session: Session, caller: Identified, at: Now
) -> Response:
    """日历文件: the appointment for one's own calendar, with a reminder."""
    found = await service.get(session, appointment_id, caller=caller)
    visits = (await service.visits_of(session, [found]))[found.id]
    site = await sites.get(session, found.site_id)
    windows = {window.id: window for window in await sites.windows(session, found.site_id)}
    names = await sites.matter_names(session, [visit.matter_code for visit in visits])
    return Response(
        calendar.file_of(found, visits, site, windows, names, at=at),
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


@router.post(
    "/api/v1/appointments/{appointment_id}/reschedule",
    responses={
        **problems(AppointmentNotFound, StaleVersion),
        **problems(AppointmentActionNotAllowed, *NOT_THERE, SlotNotOffered, SlotTaken),
    },
)
async def reschedule_appointment(
    appointment_id: UUID,
    body: RescheduleIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
    if_match: IfMatch,
    at: Now,
) -> AppointmentRead:
    """改约: move the appointment; where the new time is taken the old one stays."""
    found = await _matching(session, appointment_id, caller, if_match)
    moved = await service.reschedule(session, found, body.starts_at, context=context, at=at)
    response.headers["ETag"] = etags.etag(moved.version)
    return await _read(session, moved)


@router.post(
    "/api/v1/appointments/{appointment_id}/cancel",
    responses=problems(AppointmentNotFound, AppointmentActionNotAllowed, StaleVersion),
)
async def cancel_appointment(
    appointment_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
    if_match: IfMatch,
    at: Now,
) -> AppointmentRead:
    """取消预约: give the time back; the first on the waiting list whom it suits gets it."""
    found = await _matching(session, appointment_id, caller, if_match)
    cancelled = await service.cancel(session, found, context=context, at=at)
    response.headers["ETag"] = etags.etag(cancelled.version)
    return await _read(session, cancelled)


@router.post(
    "/api/v1/appointments/{appointment_id}/check-in",
    responses={
        **problems(AppointmentNotFound, StaleVersion),
        **problems(AppointmentActionNotAllowed, CheckInNotNow, DayClosed, *NOT_THERE),
    },
)
async def check_in(
    appointment_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
    if_match: IfMatch,
    at: Now,
) -> CheckedIn:
    """签到: one is there and gets a ticket, which is called near the time of the appointment."""
    found = await _matching(session, appointment_id, caller, if_match)
    ticket = await service.check_in(session, found, context=context, caller=caller, at=at)
    response.headers["ETag"] = etags.etag(found.version)
    read = await _read(session, found)
    return CheckedIn(**read.model_dump(), ticket=TicketRead.model_validate(ticket))


async def _matching(
    session: Session, appointment_id: UUID, caller: Caller, if_match: str | None
) -> Appointment:
    found = await service.get_for_change(session, appointment_id, caller=caller)
    require_match(found.version, if_match)
    return found


async def _read(session: Session, appointment: Appointment) -> AppointmentRead:
    visits = await service.visits_of(session, [appointment])
    return _shown(appointment, visits[appointment.id])


def _shown(appointment: Appointment, visits: Sequence[Visit]) -> AppointmentRead:
    told = {
        name: getattr(appointment, name)
        for name in AppointmentRead.model_fields
        if name not in ("visits", "actions")
    }
    return AppointmentRead(
        **told,
        visits=[VisitRead.model_validate(visit) for visit in visits],
        actions=rules.actions_from(appointment.state),
    )
