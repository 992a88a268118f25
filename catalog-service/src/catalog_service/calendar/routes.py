"""HTTP about the working-day calendar."""

from typing import Annotated

from fastapi import Request, Response

from catalog_service.calendar import service
from catalog_service.calendar.schemas import DayBody, PathYear, YearIn, YearRead
from catalog_service.errors import CalendarYearInvalid
from tongban.app import router as new_router
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, offer
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.problems import problems
from tongban.workdays import CalendarDay, CalendarYear, DayKind

__all__ = ["router"]

router = new_router("calendar")

Admin = Annotated[Caller, allow(Role.ADMIN)]


@router.get("/api/v1/calendar/{year}")
async def read_year(
    year: PathYear, request: Request, response: Response, session: Session, _caller: MaybeCaller
) -> YearRead:
    """查看工作日历: the year's public holidays and make-up working days."""
    found, sequence = await service.read_year(session, year)
    offer(request, response, sequence)
    return _read(found)


@router.patch("/api/v1/calendar/{year}", responses=problems(StaleVersion, CalendarYearInvalid))
async def amend_year(
    year: PathYear,
    body: YearIn,
    request: Request,
    response: Response,
    session: Session,
    if_match: IfMatch,
    caller: Admin,
) -> YearRead:
    """调整工作日历: change a year; time limits that reach into it are reckoned anew."""
    days = None
    if body.days is not None:
        days = [CalendarDay(one.day, DayKind(one.kind), one.name) for one in body.days]
    changed, sequence = await service.amend_year(
        session,
        year,
        is_published=body.is_published,
        days=days,
        actor=caller.subject,
        if_match=if_match,
    )
    offer(request, response, sequence)
    return _read(changed)


def _read(year: CalendarYear) -> YearRead:
    return YearRead(
        year=year.year,
        is_published=year.is_published,
        days=[DayBody.model_validate(one) for one in year.days],
    )
