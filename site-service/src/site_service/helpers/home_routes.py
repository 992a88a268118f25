"""HTTP of home visits."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from site_service.errors import MatterNotHere, SiteNotFound
from site_service.helpers import homes
from site_service.helpers.errors import (
    HelperBusy,
    HelperNotOnDuty,
    HomeVisitActionNotAllowed,
    HomeVisitAhead,
    HomeVisitNotFound,
    NoHelperFree,
    NotTheHelper,
)
from site_service.helpers.rules import HomeVisitState
from site_service.helpers.schemas import (
    HomeContact,
    HomeVisitDone,
    HomeVisitIn,
    HomeVisitRead,
    ScheduleIn,
)
from site_service.helpers.tables import HomeVisit
from site_service.sites.schemas import SiteId
from tongban import app, etags
from tongban.clock import Now
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import MalformedRequest, problems

__all__ = ["router"]

router: APIRouter = app.router("helpers")

Asker = Annotated[
    Caller, allow(Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER, Role.SITE_MANAGER)
]
Staff = Annotated[Caller, allow(Role.CLERK, Role.HELPER, Role.SITE_MANAGER)]

CHANGE_PROBLEMS = problems(HomeVisitNotFound, HomeVisitActionNotAllowed, StaleVersion)


@router.post(
    "/api/v1/home-visits",
    status_code=201,
    responses=problems(SiteNotFound, MatterNotHere, MalformedRequest, ForeignSite),
)
async def request_home_visit(
    body: HomeVisitIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Asker,
    at: Now,
) -> HomeVisitRead:
    """预约上门服务: a helper comes to somebody who cannot come; staff ask for who telephones."""
    if caller.is_staff:
        caller.require_site(body.site_id)
    visit = await homes.request(session, body, context=context, caller=caller, at=at)
    etags.offer(request, response, visit.version)
    response.headers["Location"] = f"/api/v1/home-visits/{visit.id}"
    return await _read(session, visit, context)


@router.get("/api/v1/home-visits", responses=problems(CursorInvalid, ForeignSite))
async def list_home_visits(
    session: Session,
    context: InContext,
    caller: Identified,
    paging: PageQuery,
    site_id: SiteId | None = None,
    state: HomeVisitState | None = None,
) -> Page[HomeVisitRead]:
    """上门服务列表: one's own, or the site's that one works for; masked, newest first."""
    found, following = await homes.listed(
        session, paging, site_id=site_id, state=state, caller=caller
    )
    told = await homes.told(session, found, context=context)
    return Page(items=[HomeVisitRead.model_validate(one) for one in told], next_cursor=following)


@router.get("/api/v1/home-visits/{visit_id}", responses=problems(HomeVisitNotFound))
async def read_home_visit(
    visit_id: UUID, response: Response, session: Session, context: InContext, caller: Identified
) -> HomeVisitRead:
    """上门服务: what was asked for, who comes and when; masked."""
    visit = await homes.get(session, visit_id, caller=caller)
    return await _answer(session, visit, context, response)


@router.get(
    "/api/v1/home-visits/{visit_id}/contact",
    responses=problems(HomeVisitNotFound, NotTheHelper),
)
async def read_contact(
    visit_id: UUID, session: Session, context: InContext, caller: Identified
) -> HomeContact:
    """上门联系方式: name, phone and address in full, for the helper who comes; on record."""
    visit = await homes.get(session, visit_id, caller=caller)
    return HomeContact.model_validate(
        await homes.contact(session, visit, context=context, caller=caller)
    )


@router.post(
    "/api/v1/home-visits/{visit_id}/schedule",
    responses={
        **problems(HomeVisitNotFound, StaleVersion, MalformedRequest),
        **problems(HomeVisitActionNotAllowed, HelperNotOnDuty, HelperBusy, NoHelperFree),
    },
)
async def schedule_home_visit(
    visit_id: UUID,
    body: ScheduleIn,
    response: Response,
    session: Session,
    context: InContext,
    caller: Staff,
    if_match: IfMatch,
    at: Now,
) -> HomeVisitRead:
    """安排上门: which helper comes, and when; again it moves."""
    visit = await _matching(session, visit_id, caller, if_match)
    await homes.schedule(
        session,
        visit,
        body.helper,
        starts_at=body.starts_at,
        minutes=body.minutes,
        context=context,
        at=at,
    )
    return await _answer(session, visit, context, response)


@router.post(
    "/api/v1/home-visits/{visit_id}/finish",
    responses={**CHANGE_PROBLEMS, **problems(NotTheHelper, HomeVisitAhead)},
)
async def finish_home_visit(
    visit_id: UUID,
    body: HomeVisitDone,
    response: Response,
    session: Session,
    context: InContext,
    caller: Staff,
    if_match: IfMatch,
    at: Now,
) -> HomeVisitRead:
    """上门完成: what was done at the home, by the helper who came."""
    visit = await _matching(session, visit_id, caller, if_match)
    await homes.finish(session, visit, body.steps, body.outcome, caller=caller, at=at)
    return await _answer(session, visit, context, response)


@router.post("/api/v1/home-visits/{visit_id}/cancel", responses=CHANGE_PROBLEMS)
async def cancel_home_visit(
    visit_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Asker,
    if_match: IfMatch,
    at: Now,
) -> HomeVisitRead:
    """取消上门: it is not needed any more, or cannot be."""
    visit = await _matching(session, visit_id, caller, if_match)
    await homes.cancel(session, visit, at=at)
    return await _answer(session, visit, context, response)


async def _matching(
    session: Session, visit_id: UUID, caller: Caller, if_match: str | None
) -> HomeVisit:
    visit = await homes.get_for_change(session, visit_id, caller=caller)
    require_match(visit.version, if_match)
    return visit


async def _answer(
    session: Session, visit: HomeVisit, context: Context, response: Response
) -> HomeVisitRead:
    response.headers["ETag"] = etags.etag(visit.version)
    return await _read(session, visit, context)


async def _read(session: Session, visit: HomeVisit, context: Context) -> HomeVisitRead:
    (told,) = await homes.told(session, [visit], context=context)
    return HomeVisitRead.model_validate(told)
