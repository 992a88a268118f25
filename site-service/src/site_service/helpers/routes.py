"""HTTP of helpers who go along with somebody's visit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments.errors import AppointmentNotFound
from site_service.errors import TicketNotFound
from site_service.helpers import service, telling
from site_service.helpers.errors import (
    AccompanimentNotFound,
    AccompanimentOver,
    AlreadyAccompanied,
    HelperBusy,
    HelperNotOnDuty,
    NoHelperFree,
    NotTheHelper,
    VisitOver,
)
from site_service.helpers.rules import AccompanimentState
from site_service.helpers.schemas import (
    AccompanimentIn,
    AccompanimentRead,
    EndIn,
    HandOverIn,
    HelperRead,
    StepIn,
    TicketsIn,
)
from site_service.helpers.tables import Accompaniment
from site_service.sites.schemas import SiteId
from tongban import app, etags
from tongban.clock import Now
from tongban.context import Context, InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, Identified, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router: APIRouter = app.router("helpers")

Staff = Annotated[
    Caller, allow(Role.CLERK, Role.HELPER, Role.SITE_MANAGER, Role.SUPERVISOR, Role.ADMIN)
]
Assigner = Annotated[Caller, allow(Role.CLERK, Role.HELPER, Role.SITE_MANAGER)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]

NOBODY = (HelperNotOnDuty, HelperBusy, NoHelperFree)
CHANGE_PROBLEMS = {
    **problems(AccompanimentNotFound, AccompanimentOver, NotTheHelper),
    **problems(StaleVersion),
}


@dataclass(frozen=True, slots=True)
class Change:
    """An accompaniment that is locked to be changed, by whom and when."""

    one: Accompaniment
    session: AsyncSession
    context: Context
    caller: Caller
    at: datetime
    response: Response

    async def told(self) -> AccompanimentRead:
        """Return it as it is now, under its new version."""
        return await _answer(self.session, self.one, self.response)


async def _change(
    accompaniment_id: UUID,
    response: Response,
    session: Session,
    context: InContext,
    caller: Assigner,
    if_match: IfMatch,
    at: Now,
) -> Change:
    one = await service.get_for_change(session, accompaniment_id, caller=caller)
    require_match(one.version, if_match)
    return Change(one, session, context, caller, at, response)


Changing = Annotated[Change, Depends(_change)]


@router.get("/api/v1/sites/{site_id}/helpers", responses=problems(ForeignSite))
async def list_helpers(
    site_id: SiteIdPath, session: Session, context: InContext, caller: Staff, at: Now
) -> list[HelperRead]:
    """帮办员: the site's helpers, who is on duty now and who goes along with somebody."""
    caller.require_site(site_id)
    found = await service.helpers(session, site_id, context=context, at=at)
    return [HelperRead.model_validate(one) for one in found]


@router.post(
    "/api/v1/accompaniments",
    status_code=201,
    responses={
        **problems(TicketNotFound, AppointmentNotFound),
        **problems(VisitOver, AlreadyAccompanied, *NOBODY),
    },
)
async def begin_accompaniment(
    body: AccompanimentIn,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Identified,
    at: Now,
) -> AccompanimentRead:
    """安排帮办: a helper goes along with the whole visit, from window to window.

    Asked for by the visitor or by staff; for an appointment ahead the helper is planned.
    """
    if body.ticket_id is not None:
        one = await service.begin_for_ticket(
            session, body.ticket_id, body.helper, context=context, caller=caller, at=at
        )
    else:
        assert body.appointment_id is not None  # noqa: S101  # the schema: one of the two
        one = await service.plan_for_appointment(
            session, body.appointment_id, body.helper, context=context, caller=caller, at=at
        )
    etags.offer(request, response, one.version)
    response.headers["Location"] = f"/api/v1/accompaniments/{one.id}"
    return await _read(session, one)


@router.get("/api/v1/accompaniments", responses=problems(CursorInvalid, ForeignSite))
async def list_accompaniments(
    site_id: Annotated[SiteId, Query(description="网点编号 / the site's id")],
    session: Session,
    context: InContext,
    caller: Staff,
    paging: PageQuery,
    at: Now,
    state: AccompanimentState | None = None,
    mine: Annotated[bool, Query(description="只看本人的 / the calling helper's own")] = False,
) -> Page[AccompanimentRead]:
    """陪办列表: a site's accompaniments, newest first."""
    caller.require_site(site_id)
    found, following = await telling.listed(
        session,
        paging,
        site_id=site_id,
        state=state,
        is_mine=mine,
        caller=caller,
        context=context,
        at=at,
    )
    items = [
        AccompanimentRead.model_validate(one, from_attributes=True)
        for one in await telling.told(session, found)
    ]
    return Page(items=items, next_cursor=following)


@router.get(
    "/api/v1/accompaniments/{accompaniment_id}",
    responses=problems(AccompanimentNotFound),
)
async def read_accompaniment(
    accompaniment_id: UUID, response: Response, session: Session, caller: Identified
) -> AccompanimentRead:
    """陪办: who goes along, to which windows, what was done and handed over."""
    # No 304: tickets and steps change without the accompaniment's own row.
    return await _answer(
        session, await service.get(session, accompaniment_id, caller=caller), response
    )


@router.post(
    "/api/v1/accompaniments/{accompaniment_id}/begin",
    responses={**CHANGE_PROBLEMS, **problems(AccompanimentOver, VisitOver, *NOBODY)},
)
async def begin_planned(change: Changing) -> AccompanimentRead:
    """开始陪办: the visitor of a planned one has checked in."""
    await service.begin_planned(change.session, change.one, context=change.context, at=change.at)
    return await change.told()


@router.post(
    "/api/v1/accompaniments/{accompaniment_id}/tickets",
    responses={
        **CHANGE_PROBLEMS,
        **problems(TicketNotFound, AccompanimentNotFound),
        **problems(AccompanimentOver, VisitOver, AlreadyAccompanied),
    },
)
async def add_ticket(body: TicketsIn, change: Changing) -> AccompanimentRead:
    """增加号票: the helper goes along to one more window of the same person's visit."""
    await service.add_ticket(
        change.session, change.one, body.ticket_id, caller=change.caller, at=change.at
    )
    return await change.told()


@router.post("/api/v1/accompaniments/{accompaniment_id}/steps", responses=CHANGE_PROBLEMS)
async def tick_step(body: StepIn, change: Changing) -> AccompanimentRead:
    """帮办步骤: tick guiding, filling in, copying or printing; ticked again nothing changes."""
    await service.tick(change.session, change.one, body.step, caller=change.caller, at=change.at)
    return await change.told()


@router.post(
    "/api/v1/accompaniments/{accompaniment_id}/hand-over",
    responses={**CHANGE_PROBLEMS, **problems(AccompanimentOver, *NOBODY)},
)
async def hand_over(body: HandOverIn, change: Changing) -> AccompanimentRead:
    """帮办交接: another helper goes on, for a reason that stays on record."""
    await service.hand_over(
        change.session,
        change.one,
        body.helper,
        body.reason,
        context=change.context,
        caller=change.caller,
        at=change.at,
    )
    return await change.told()


@router.post("/api/v1/accompaniments/{accompaniment_id}/end", responses=CHANGE_PROBLEMS)
async def end_accompaniment(body: EndIn, change: Changing) -> AccompanimentRead:
    """结束陪办: the visit is done and the helper free for the next."""
    await service.end(change.session, change.one, body.note, caller=change.caller, at=change.at)
    return await change.told()


async def _answer(session: Session, one: Accompaniment, response: Response) -> AccompanimentRead:
    response.headers["ETag"] = etags.etag(one.version)
    return await _read(session, one)


async def _read(session: Session, one: Accompaniment) -> AccompanimentRead:
    (told,) = await telling.told(session, [one])
    return AccompanimentRead.model_validate(told, from_attributes=True)
