"""HTTP of sites."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from site_service.errors import ImportRefused, MattersUnknown, SiteNotFound
from site_service.sites import importing, service
from site_service.sites.rules import Point, SiteFilter, SiteKind
from site_service.sites.schemas import (
    ImportReport,
    KioskRead,
    MatterCode,
    MatterRead,
    SiteDetail,
    SiteId,
    SitePatch,
    SitesImport,
    SiteSummary,
    WindowRead,
)
from site_service.sites.tables import Site
from tongban import app, etags
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, require_match
from tongban.identity import Caller, ForeignSite, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import field_fault, problems

__all__ = ["router"]

router = app.router("sites")

Manager = Annotated[Caller, allow(Role.ADMIN, Role.SITE_MANAGER)]
SiteIdPath = Annotated[SiteId, Path(description="网点编号 / the site's id")]
# Latitude to ±90 and longitude to ±180, WGS-84.
NEAR = r"^-?(90|[0-8]?[0-9](\.[0-9]{1,9})?),-?(180|(1[0-7][0-9]|[0-9]{1,2})(\.[0-9]{1,9})?)$"

FIRST_YEAR, LAST_YEAR = 2000, 2100


def _within_the_calendar(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise field_fault(
            "year",
            zh=f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
            en=f"the year must be {FIRST_YEAR} to {LAST_YEAR}",
        )
    return at


OpenAt = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]


def _point(near: str) -> Point:
    latitude, longitude = near.split(",")
    return Point(float(latitude), float(longitude))


@router.get("/api/v1/sites", responses=problems(CursorInvalid))
async def list_sites(
    session: Session,
    _caller: MaybeCaller,
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
) -> Page[SiteSummary]:
    """网点查询: sites by kind, matter, time and distance."""
    wanted = SiteFilter(
        kind=kind,
        matter_code=matter_code,
        hours=None if open_at is None else await service.hours_open_at(session, open_at),
        is_accessible=accessible,
    )
    found, following = await service.find(
        session, wanted, paging, near=None if near is None else _point(near)
    )
    items = [
        SiteSummary.model_validate(one.site).model_copy(update={"distance_m": one.distance_m})
        for one in found
    ]
    return Page(items=items, next_cursor=following)


@router.post("/api/v1/sites/import", responses=problems(ImportRefused, MattersUnknown, ForeignSite))
async def import_sites(
    body: SitesImport,
    session: Session,
    caller: Manager,
    dry_run: Annotated[bool, Query(description="只检查不写入 / check only")] = False,
) -> ImportReport:
    """网点导入: store sites with windows, kiosks and matters, all or none; safe to repeat."""
    return await importing.import_sites(session, body.sites, is_dry_run=dry_run, caller=caller)


@router.get(
    "/api/v1/sites/{site_id}",
    responses={**problems(SiteNotFound), 304: {"description": "未变更 / not modified"}},
)
async def read_site(
    site_id: SiteIdPath, request: Request, response: Response, session: Session, _: MaybeCaller
) -> SiteDetail:
    """网点详情: one site with its windows, kiosks, hours and facilities."""
    site = await service.get(session, site_id)
    etags.offer(request, response, site.version)
    return await _detail(session, site)


@router.patch(
    "/api/v1/sites/{site_id}", responses=problems(SiteNotFound, StaleVersion, ForeignSite)
)
async def change_site(
    site_id: SiteIdPath,
    body: SitePatch,
    request: Request,
    response: Response,
    session: Session,
    caller: Manager,
    if_match: IfMatch,
) -> SiteDetail:
    """网点启停: close a site with its reason, or open it again."""
    caller.require_site(site_id)
    site = await service.get_for_change(session, site_id)
    require_match(site.version, if_match)
    site = await service.set_state(
        session, site, state=body.state, reason=body.reason, caller=caller
    )
    etags.offer(request, response, site.version)
    return await _detail(session, site)


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
        matters_count=own,
        partner_matters_count=partners,
        version=site.version,
    )
