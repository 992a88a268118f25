"""HTTP of rosters."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from site_service.errors import SiteNotFound
from site_service.rosters import absences, service
from site_service.rosters.errors import (
    AbsenceNotFound,
    NobodyLeft,
    RosterRefused,
    StaffNotFound,
)
from site_service.rosters.schemas import (
    AbsenceIn,
    AbsenceNoted,
    RosterDay,
    RosterIn,
    RosterReport,
    RostersImport,
)
from site_service.sites.schemas import SiteId
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Role, allow
from tongban.problems import MalformedRequest, problems

__all__ = ["router"]

router: APIRouter = app.router("rosters")

InCharge = Annotated[Caller, allow(Role.SITE_MANAGER, Role.ADMIN)]
Staff = Annotated[
    Caller, allow(Role.CLERK, Role.HELPER, Role.SITE_MANAGER, Role.SUPERVISOR, Role.ADMIN)
]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]


@router.post(
    "/api/v1/sites/rosters/import",
    responses=problems(SiteNotFound, RosterRefused, ForeignSite),
)
async def import_rosters(body: RostersImport, session: Session, caller: InCharge) -> RosterReport:
    """排班表导入: store the rosters of some sites, all or none; safe to repeat."""
    for one in body.rosters:
        caller.require_site(one.site_id)
    reports = [
        await service.keep(session, one.site_id, one, place=f"/rosters/{nth}", caller=caller)
        for nth, one in enumerate(body.rosters)
    ]
    return RosterReport(
        members=sum(one.members for one in reports),
        shifts=sum(one.shifts for one in reports),
        without_deputy=[window for one in reports for window in one.without_deputy],
    )


@router.put(
    "/api/v1/sites/{site_id}/roster",
    responses=problems(SiteNotFound, RosterRefused, ForeignSite),
)
async def keep_roster(
    site_id: SiteIdPath, body: RosterIn, session: Session, caller: InCharge
) -> RosterReport:
    """排班表: who works at the site, at which window, as whose first (A角) or deputy (B角)."""
    caller.require_site(site_id)
    return await service.keep(session, site_id, body, caller=caller)


@router.get("/api/v1/sites/{site_id}/roster", responses=problems(SiteNotFound, ForeignSite))
async def read_roster(
    site_id: SiteIdPath, day: date, session: Session, context: InContext, caller: Staff
) -> RosterDay:
    """当日排班: who stands at each window on that day, deputies included, and what is uncovered."""
    caller.require_site(site_id)
    return RosterDay.model_validate(await service.day(session, site_id, day, context=context))


@router.post(
    "/api/v1/sites/{site_id}/absences",
    status_code=201,
    responses=problems(StaffNotFound, NobodyLeft, MalformedRequest, ForeignSite),
)
async def note_absence(
    site_id: SiteIdPath,
    body: AbsenceIn,
    session: Session,
    context: InContext,
    caller: InCharge,
    at: Now,
) -> AbsenceNoted:
    """离岗登记: somebody will be away and the deputy takes over; never both without a warning.

    The answer tells which appointments, visits gone along with and home visits it hits.
    """
    caller.require_site(site_id)
    noted = await absences.note(
        session,
        site_id,
        body.subject,
        begins_at=body.begins_at,
        ends_at=body.ends_at,
        is_gap_accepted=body.despite_gaps,
        context=context,
        caller=caller,
        at=at,
    )
    return AbsenceNoted.model_validate(noted)


@router.delete(
    "/api/v1/sites/{site_id}/absences/{absence_id}",
    status_code=204,
    responses=problems(AbsenceNotFound, ForeignSite),
)
async def withdraw_absence(
    site_id: SiteIdPath, absence_id: UUID, session: Session, caller: InCharge
) -> None:
    """撤销离岗: they are there after all."""
    caller.require_site(site_id)
    await absences.withdraw(session, site_id, absence_id, caller=caller)
