"""HTTP of sites."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Query, Request, Response

from site_service.errors import (
    ImportRefused,
    MattersUnknown,
    SiteNotDraft,
    SiteNotFound,
    SiteNotPublished,
)
from site_service.queue import service as queue
from site_service.sites import finding, importing, places, registry, service
from site_service.sites.finding import Order
from site_service.sites.rules import Point, SiteFilter, SiteKind, SiteState
from site_service.sites.schemas import (
    Alternative,
    ImportReport,
    KioskRead,
    MatterCode,
    MatterRead,
    OpenAt,
    SiteDetail,
    SiteId,
    SitePatch,
    SitesImport,
    SiteSummary,
    SpecialDayIn,
    WindowRead,
)
from site_service.sites.tables import Site
from site_service.sites.vocabulary import Datum, Depth
from site_service.staffing import service as staffing
from site_service.travel import service as travel
from site_service.travel.errors import TravelUnavailable
from site_service.travel.rules import Manner, Mode, Pace
from tongban import app, etags
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import MalformedRequest, Where, problems
from tongban.shapes import shape

__all__ = ["router"]

router = app.router("sites")

Manager = Annotated[Caller, allow(Role.ADMIN, Role.SITE_MANAGER)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]
SOON = timedelta(minutes=15)
"""Until then the queue as it is says how long one waits; later, what is usual does."""
# Latitude to ±90 and longitude to ±180, WGS-84.
NEAR = shape(
    r"^-?(90|[0-8]?[0-9](\.[0-9]{1,9})?),-?(180|(1[0-7][0-9]|[0-9]{1,2})(\.[0-9]{1,9})?)$",
    zh="纬度,经度，如 34.2317,108.9524",
    en="latitude,longitude, like 34.2317,108.9524",
)


def _point(near: str) -> Point:
    latitude, longitude = near.split(",")
    return Point(float(latitude), float(longitude))


@router.get("/api/v1/sites", responses=problems(CursorInvalid, MalformedRequest, TravelUnavailable))
async def list_sites(
    session: Session,
    context: InContext,
    caller: MaybeCaller,
    at: Now,
    paging: PageQuery,
    kind: SiteKind | None = None,
    matter_code: Annotated[MatterCode | None, Query(description="办理此事项的网点")] = None,
    near: Annotated[
        str | None,
        Query(pattern=NEAR, description="纬度,经度（WGS-84），由近及远 / sorted by distance"),
    ] = None,
    open_at: Annotated[
        OpenAt | None, Query(description="此时开放 / open then, make-up days included")
    ] = None,
    accessible: Annotated[bool, Query(description="无障碍 / with a wheelchair ramp")] = False,
    parking: Annotated[bool, Query(description="可停车 / with a parking place")] = False,
    depth: Annotated[Depth | None, Query(description="办理深度，与 matter_code 同用")] = None,
    within_minutes: Annotated[
        int | None, Query(ge=1, le=240, description="路上不超过的分钟数，与 near 同用")
    ] = None,
    mode: Annotated[Mode, Query(description="步行或驾车 / how one goes")] = Mode.WALK,
    pace: Annotated[Pace, Query(description="老年人选 slow / the elderly's pace")] = Pace.STANDARD,
    order: Annotated[
        Order, Query(description="先列距离最近、路上最短或合计最短的，与 near 同用")
    ] = Order.DISTANCE,
    datum: Annotated[
        Datum, Query(description="near 与应答中坐标的坐标系 / of coordinates in and out")
    ] = Datum.WGS84,
) -> Page[SiteSummary]:
    """网点查询: sites by kind, matter, time and distance.

    With `within_minutes`, or ordered by the way or the total of way and wait, the answer is one
    page of the best. The wait is the queue's as it is, from the opening on where that is ahead; at
    a later `open_at`, what was usual at that hour of such days, and null where nothing was
    measured.
    """
    wanted = SiteFilter(
        kind=kind,
        matter_code=matter_code,
        is_accessible=accessible,
        has_parking=parking,
        depth=depth,
        drafts_of=service.drafts_of(caller),
        # Where one is soonest served is none that is closed for the time being.
        serves_at=at if order is Order.TOTAL else None,
    )
    if open_at is not None:
        wanted = await service.open_at(session, wanted, open_at)
    point = None if near is None else places.to_wgs84(_point(near), datum)
    if within_minutes is None and order is Order.DISTANCE:
        found, following = await service.find(session, wanted, paging, near=point)
        listed = [_summary(one.site, datum, distance_m=one.distance_m) for one in found]
        return Page(items=listed, next_cursor=following)
    if point is None:
        said = {"zh-CN": "请给出出发地", "en": "say where from"}
        raise MalformedRequest(errors=[Where.parameter("near", said, "missing")])
    is_ahead = open_at is not None and open_at > at + SOON
    reached = await finding.find(
        session,
        travel.of(context),
        wanted,
        near=point,
        manner=Manner(mode, pace),
        within_minutes=within_minutes,
        order=order,
        at=open_at or at,
        limit=paging.limit,
        ask_queue=None if is_ahead else _queue_of(session, context, matter_code, at),
        ask_usual=_usual_of(session, open_at) if is_ahead and open_at else None,
        ask_opening=None if is_ahead else _opening_of(session, context, at),
    )
    items = [
        _summary(
            one.site,
            datum,
            distance_m=one.distance_m,
            travel_minutes=one.travel_minutes,
            wait_minutes=one.wait_minutes,
            total_minutes=one.total_minutes if order is Order.TOTAL else None,
        )
        for one in reached
    ]
    return Page(items=items)


def _queue_of(
    session: Session, context: InContext, matter_code: str | None, at: datetime
) -> finding.AskQueue:
    async def minutes(site_id: str) -> int | None:
        area = None
        if matter_code is not None:
            area = (await service.matter_there(session, site_id, matter_code)).area
        waits = await queue.waits_at(session, site_id, context=context, at=at)
        told = [
            wait.middle
            for one, is_green, wait in waits
            if wait is not None and not is_green and area in (None, one)
        ]
        return max(told, default=None)

    return minutes


def _opening_of(session: Session, context: InContext, at: datetime) -> finding.AskOpening:
    async def seconds(found: Sequence[Site]) -> Mapping[str, float]:
        return await service.opening_waits(session, found, context=context, at=at)

    return seconds


def _usual_of(session: Session, at: datetime) -> finding.AskUsual:
    async def seconds(site_ids: Sequence[str]) -> Mapping[str, float]:
        return await staffing.usual_waits(session, site_ids, at)

    return seconds


def _summary(site: Site, datum: Datum, **found: float | None) -> SiteSummary:
    place = places.from_wgs84(Point(site.latitude, site.longitude), datum)
    shown = {"datum": datum, "latitude": place.latitude, "longitude": place.longitude}
    return SiteSummary.model_validate(site).model_copy(update={**shown, **found})


@router.post("/api/v1/sites/import", responses=problems(ImportRefused, MattersUnknown, ForeignSite))
async def import_sites(
    body: SitesImport,
    session: Session,
    context: InContext,
    caller: Manager,
    dry_run: Annotated[bool, Query(description="只检查不写入 / check only")] = False,
    draft: Annotated[bool, Query(description="新网点存为草稿 / new ones stay drafts")] = False,
) -> ImportReport:
    """网点导入: store sites with windows, kiosks and matters, all or none; safe to repeat."""
    return await importing.import_sites(
        session,
        body.sites,
        is_dry_run=dry_run,
        new_state=SiteState.DRAFT if draft else SiteState.OPEN,
        district=context.settings.district,
        caller=caller,
    )


@router.get(
    "/api/v1/sites/{site_id}",
    responses={**problems(SiteNotFound), 304: {"description": "未变更 / not modified"}},
)
async def read_site(
    site_id: SiteIdPath, request: Request, response: Response, session: Session, caller: MaybeCaller
) -> SiteDetail:
    """网点详情: one site with its windows, kiosks, hours and facilities."""
    site = await service.get(session, site_id, caller=caller)
    etags.offer(request, response, site.version)
    return await _detail(session, site)


@router.patch(
    "/api/v1/sites/{site_id}",
    responses=problems(SiteNotFound, SiteNotPublished, StaleVersion, ForeignSite),
)
async def change_site(
    site_id: SiteIdPath,
    body: SitePatch,
    request: Request,
    response: Response,
    session: Session,
    caller: Manager,
    at: Now,
    if_match: IfMatch,
) -> SiteDetail:
    """网点启停: close a site with its reason, or open it again."""
    caller.require_site(site_id)
    site = await service.get_for_change(session, site_id)
    require_match(site.version, if_match)
    site = await registry.set_state(
        session,
        site,
        state=body.state,
        reason=body.reason,
        until=body.until,
        at=at,
        caller=caller,
    )
    etags.offer(request, response, site.version)
    return await _detail(session, site)


@router.post(
    "/api/v1/sites/{site_id}/publish",
    responses=problems(SiteNotFound, SiteNotDraft, ForeignSite),
)
async def publish_site(site_id: SiteIdPath, session: Session, caller: Manager) -> SiteDetail:
    """网点发布: make a draft public."""
    caller.require_site(site_id)
    site = await service.get_for_change(session, site_id)
    return await _detail(session, await registry.publish_site(session, site, caller=caller))


@router.get("/api/v1/sites/{site_id}/matters", responses=problems(SiteNotFound, CursorInvalid))
async def list_site_matters(
    site_id: SiteIdPath, session: Session, paging: PageQuery, _caller: MaybeCaller
) -> Page[MatterRead]:
    """网点办理事项: the matters handled at a site, partners' included."""
    rows, following = await service.matters(session, site_id, paging)
    return Page(items=[MatterRead.model_validate(row) for row in rows], next_cursor=following)


@router.get("/api/v1/sites/{site_id}/windows", responses=problems(SiteNotFound))
async def list_windows(
    site_id: SiteIdPath, session: Session, _caller: MaybeCaller
) -> list[WindowRead]:
    """窗口: a site's windows by number."""
    await service.get(session, site_id)
    return [WindowRead.model_validate(row) for row in await service.windows(session, site_id)]


async def _detail(session: Session, site: Site) -> SiteDetail:
    own, partners = await service.count_matters(session, site.id)
    return SiteDetail(
        **SiteSummary.model_validate(site).model_dump(),
        windows=[WindowRead.model_validate(row) for row in await service.windows(session, site.id)],
        kiosks=[KioskRead.model_validate(row) for row in await service.kiosks(session, site.id)],
        contacts=site.contacts,
        photos=site.photos,
        extended_hours=site.extended_hours,
        appointment_hours=site.appointment_hours,
        special_days=[
            SpecialDayIn.model_validate(row)
            for row in await registry.special_days(session, site.id)
        ],
        transit=site.transit,
        alternatives=[
            Alternative.model_validate(row) for row in await registry.alternatives(session, site)
        ],
        matters_count=own,
        partner_matters_count=partners,
        version=site.version,
    )
