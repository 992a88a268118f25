"""HTTP of the registry besides its sites: boundary, kiosks' health, two legs, open data."""

from typing import Annotated

from fastapi import Path

from site_service.errors import BoundaryNotFound, KioskNotFound
from site_service.sites import health, registry, service
from site_service.sites.geojson import GeoJson
from site_service.sites.registry_schemas import (
    BoundaryIn,
    Heartbeat,
    MatterWithoutCounter,
    SiteFeatures,
    TroubledKiosk,
)
from site_service.sites.routes import SiteIdPath
from site_service.sites.schemas import KioskRead, SiteSummary
from tongban import app
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, ForeignSite, MaybeCaller, Role, allow
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = app.router("sites")

Administrator = Annotated[Caller, allow(Role.ADMIN)]
AtKiosk = Annotated[Caller, allow(Role.CLERK, Role.SITE_MANAGER, Role.ADMIN, Role.OPS)]
Watcher = Annotated[Caller, allow(Role.SITE_MANAGER, Role.ADMIN, Role.OPS, Role.SUPERVISOR)]


@router.put("/api/v1/coverage/boundary")
async def put_boundary(
    body: BoundaryIn, session: Session, context: InContext, caller: Administrator
) -> BoundaryIn:
    """区界: keep the district's boundary; sites outside are refused from now on."""
    await registry.put_boundary(
        session,
        context.settings.district,
        body.geometry.model_dump(),
        provenance=body.provenance,
        caller=caller,
    )
    return body


@router.get("/api/v1/coverage/boundary", responses=problems(BoundaryNotFound))
async def read_boundary(session: Session, context: InContext, _caller: MaybeCaller) -> BoundaryIn:
    """区界: the district's boundary, GeoJSON in WGS-84."""
    found = await registry.boundary(session, context.settings.district)
    if found is None:
        raise BoundaryNotFound
    return BoundaryIn.model_validate(found)


@router.post(
    "/api/v1/sites/{site_id}/kiosks/{code}/heartbeat",
    responses=problems(KioskNotFound, ForeignSite),
)
async def beat(
    site_id: SiteIdPath,
    code: Annotated[Code, Path(description="终端编号 / the kiosk's code")],
    body: Heartbeat,
    session: Session,
    caller: AtKiosk,
    at: Now,
) -> KioskRead:
    """终端心跳: a kiosk says that it is there, and what is wrong with it."""
    caller.require_site(site_id)
    kiosk = await health.beat(session, site_id, code, faults=body.faults, at=at)
    return KioskRead.model_validate(kiosk)


@router.get("/api/v1/sites/kiosks/troubled")
async def list_troubled_kiosks(session: Session, caller: Watcher, at: Now) -> list[TroubledKiosk]:
    """终端异常: kiosks silent for ten minutes or with a fault, longest silent first."""
    found = await health.troubled(session, at=at, site_id=caller.site_id)
    return [TroubledKiosk.model_validate(row) for row in found]


@router.get("/api/v1/coverage/offline")
async def list_matters_without_counter(
    session: Session, _caller: MaybeCaller
) -> list[MatterWithoutCounter]:
    """线下办理缺口: matters that no open site takes in; each should have a counter somewhere."""
    found = await registry.without_offline_way(session)
    return [MatterWithoutCounter.model_validate(row) for row in found]


@router.get("/api/v1/coverage/sites", response_class=GeoJson)
async def read_features(session: Session, _caller: MaybeCaller) -> SiteFeatures:
    """网点开放数据: every public site as GeoJSON, WGS-84."""
    features = [
        {
            "type": "Feature",
            "id": site.id,
            "geometry": {"type": "Point", "coordinates": [site.longitude, site.latitude]},
            "properties": SiteSummary.model_validate(site).model_dump(
                mode="json",
                exclude={"distance_m", "travel_minutes", "wait_minutes", "total_minutes"},
            ),
        }
        for site in await service.public_sites(session)
    ]
    return SiteFeatures(features=features)
