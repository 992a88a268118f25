"""HTTP of the ten measures for the old, and of family members who act for somebody."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from site_service.appointments.errors import AppointmentNotFound
from site_service.elderly import family, service
from site_service.elderly.errors import (
    CheckRefused,
    MeasureNotAsked,
    MeasureNotFound,
    MeasuresRefused,
)
from site_service.elderly.schemas import (
    CheckIn,
    CheckRead,
    DistrictReport,
    ElderlyImport,
    FamilyAuthority,
    FamilyTold,
    Measure,
    MeasuresReport,
    SiteReport,
)
from site_service.errors import SiteNotFound, TicketNotFound
from site_service.sites.schemas import MatterCode, SiteId
from tongban import app
from tongban.clock import Now, local_date
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, Identified, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router: APIRouter = app.router("elderly")

Administrator = Annotated[Caller, allow(Role.ADMIN)]
Checker = Annotated[Caller, allow(Role.SUPERVISOR, Role.SITE_MANAGER, Role.ADMIN)]
Watcher = Annotated[
    Caller, allow(Role.SUPERVISOR, Role.SITE_MANAGER, Role.HELPER, Role.CLERK, Role.ADMIN)
]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]
MeasurePath = Annotated[Code, Path(description="举措编号 / the measure's code")]


@router.post("/api/v1/elderly/import", responses=problems(MeasuresRefused, CheckRefused))
async def import_measures(
    body: ElderlyImport, session: Session, caller: Administrator, at: Now
) -> MeasuresReport:
    """适老举措导入: the ten measures, what family members bring, and checks; safe to repeat."""
    return await service.import_all(session, body, caller=caller, at=at)


@router.get("/api/v1/elderly/measures")
async def list_measures(session: Session, _caller: MaybeCaller) -> list[Measure]:
    """适老举措: the ten measures in four aspects, with how each is checked and its weight."""
    return [Measure.model_validate(one) for one in await service.measures(session)]


@router.get("/api/v1/elderly/report")
async def read_district_report(
    session: Session, _caller: MaybeCaller, at: Now, on: date | None = None
) -> DistrictReport:
    """适老服务区级报告: scores by site, kind and aspect, and what is missing, neediest first."""
    found = await service.district_report(session, on=on or local_date(at))
    return DistrictReport.model_validate(found, from_attributes=True)


@router.get("/api/v1/sites/{site_id}/elderly", responses=problems(SiteNotFound))
async def read_site_report(
    site_id: SiteIdPath, session: Session, _caller: MaybeCaller, at: Now, on: date | None = None
) -> SiteReport:
    """网点适老服务: each measure with its newest check, the score, and what is missing."""
    found = await service.site_report(session, site_id, on=on or local_date(at))
    return SiteReport.model_validate(found, from_attributes=True)


@router.post(
    "/api/v1/sites/{site_id}/elderly/{code}/checks",
    status_code=201,
    responses={
        **problems(SiteNotFound, MeasureNotFound, ForeignSite),
        **problems(MeasureNotAsked, CheckRefused),
    },
)
async def check_measure(
    site_id: SiteIdPath,
    code: MeasurePath,
    body: CheckIn,
    session: Session,
    caller: Checker,
    at: Now,
) -> CheckRead:
    """适老检查: what was found of a measure at a site, its evidence, until when it counts."""
    caller.require_site(site_id)
    found = await service.check(session, site_id, code, body, caller=caller, at=at)
    return CheckRead.model_validate(found)


@router.get(
    "/api/v1/sites/{site_id}/elderly/checks",
    responses=problems(SiteNotFound, CursorInvalid, ForeignSite),
)
async def list_checks(
    site_id: SiteIdPath,
    session: Session,
    caller: Watcher,
    paging: PageQuery,
    measure_code: Annotated[Code | None, Query(description="举措编号")] = None,
) -> Page[CheckRead]:
    """适老检查记录: every check of a site, newest first."""
    caller.require_site(site_id)
    found, following = await service.checks(session, site_id, measure_code, paging)
    return Page(items=[CheckRead.model_validate(one) for one in found], next_cursor=following)


@router.get("/api/v1/sites/{site_id}/family-authority", responses=problems(SiteNotFound))
async def read_family_authority(
    site_id: SiteIdPath,
    session: Session,
    _caller: MaybeCaller,
    matter_code: Annotated[MatterCode | None, Query(description="事项编码")] = None,
) -> FamilyAuthority:
    """亲友代办须知: what a family member brings who acts for somebody at this site."""
    return FamilyAuthority.model_validate(await family.wanted(session, site_id, matter_code))


@router.post("/api/v1/tickets/{ticket_id}/family-authority", responses=problems(TicketNotFound))
async def tell_ticket_holder(
    ticket_id: UUID, session: Session, caller: Identified, at: Now
) -> FamilyTold:
    """亲友代办告知: tell for this visit what a family member brings; kept as told once."""
    told = await family.tell_for_ticket(session, ticket_id, caller=caller, at=at)
    return FamilyTold.model_validate(told)


@router.post(
    "/api/v1/appointments/{appointment_id}/family-authority",
    responses=problems(AppointmentNotFound),
)
async def tell_booker(
    appointment_id: UUID, session: Session, caller: Identified, at: Now
) -> FamilyTold:
    """亲友代办告知（预约）: tell before the visit what a family member brings."""
    told = await family.tell_for_appointment(session, appointment_id, caller=caller, at=at)
    return FamilyTold.model_validate(told)
