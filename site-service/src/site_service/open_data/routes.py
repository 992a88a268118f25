"""HTTP of open data: the API that HSDS 3.0 describes, and the whole district as one package."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.open_data import rules, service, taxonomy
from site_service.open_data.errors import NotPublished
from site_service.open_data.schemas import HsdsPage, HsdsRoot
from site_service.open_data.service import HsdsPaging
from site_service.open_data.taxonomy import Document
from tongban import app, etags
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import MaybeCaller
from tongban.problems import problems

__all__ = ["router"]

router = app.router("open data")

LAST_PAGE = 1_000_000
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "未变更 / not modified"}}


async def _paging(
    page: Annotated[int, Query(ge=1, le=LAST_PAGE, description="第几页 / from one on")] = 1,
    per_page: Annotated[int, Query(ge=1, le=100, description="每页条数 / items per page")] = 50,
) -> HsdsPaging:
    return HsdsPaging(page, per_page)


Paging = Annotated[HsdsPaging, Depends(_paging)]


@dataclass(frozen=True, slots=True)
class Told:
    """The district that is told of, and the session by which."""

    session: AsyncSession
    district: str


async def _told(
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
) -> Told:
    """Answer 304 where the caller has what is told now."""
    district: str = context.settings.district
    etags.offer(request, response, await service.version_of(session, district))
    return Told(session, district)


TellingOf = Annotated[Told, Depends(_told)]
_OF_ONE = {**problems(NotPublished), **_NOT_MODIFIED}


@router.get("/api/v1/hsds")
async def read_root(_caller: MaybeCaller) -> HsdsRoot:
    """开放数据: which version of HSDS is spoken here."""
    return HsdsRoot(profile=rules.PROFILE, openapi_url="/openapi.json")


@router.get("/api/v1/hsds/services", responses=_NOT_MODIFIED)
async def list_services(told: TellingOf, paging: Paging) -> HsdsPage:
    """开放数据·服务: the matters that are handled in the district, by code."""
    return await service.services(told.session, told.district, paging)


@router.get("/api/v1/hsds/services/{service_id}", responses=_OF_ONE)
async def read_service(service_id: UUID, told: TellingOf) -> Document:
    """开放数据·服务: one matter, with every site at which it is handled."""
    return await service.service(told.session, told.district, str(service_id))


@router.get("/api/v1/hsds/service_at_locations", responses=_NOT_MODIFIED)
async def list_services_at_locations(told: TellingOf, paging: Paging) -> HsdsPage:
    """开放数据·网点服务: each matter at each site."""
    return await service.services_at_locations(told.session, told.district, paging)


@router.get("/api/v1/hsds/service_at_locations/{service_at_location_id}", responses=_OF_ONE)
async def read_service_at_location(service_at_location_id: UUID, told: TellingOf) -> Document:
    """开放数据·网点服务: one matter at one site, with hours, access and contacts."""
    return await service.service_at_location(
        told.session, told.district, str(service_at_location_id)
    )


@router.get("/api/v1/hsds/organizations", responses=_NOT_MODIFIED)
async def list_organizations(told: TellingOf, paging: Paging) -> HsdsPage:
    """开放数据·机构: the district, and the partners whose matters are handled here."""
    return await service.organizations(told.session, told.district, paging)


@router.get("/api/v1/hsds/organizations/{organization_id}", responses=_OF_ONE)
async def read_organization(organization_id: UUID, told: TellingOf) -> Document:
    """开放数据·机构: one of them."""
    return await service.organization(told.session, told.district, str(organization_id))


@router.get("/api/v1/hsds/taxonomies")
async def list_taxonomies(_caller: MaybeCaller, paging: Paging) -> HsdsPage:
    """开放数据·分类体系: business areas, and how far a matter goes at a site."""
    told = taxonomy.taxonomies()
    return paging.of(told[paging.offset : paging.offset + paging.per_page], len(told))


@router.get("/api/v1/hsds/taxonomy_terms")
async def list_taxonomy_terms(_caller: MaybeCaller, paging: Paging) -> HsdsPage:
    """开放数据·分类词: every word of the vocabularies."""
    told = taxonomy.taxonomy_terms()
    return paging.of(told[paging.offset : paging.offset + paging.per_page], len(told))


@router.get(
    "/api/v1/hsds/service_at_location_package.json",
    response_model=list[Document],
    responses=_NOT_MODIFIED,
)
async def export_package(response: Response, context: InContext, _told: TellingOf) -> Response:
    """开放数据包: the whole district in one file, streamed."""
    answer = StreamingResponse(service.package(context), media_type="application/json")
    answer.headers["ETag"] = response.headers["ETag"]
    return answer
