"""HTTP of coverage."""

import asyncio
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response

from site_service.coverage import plans, reading, service
from site_service.coverage.errors import (
    MatterNowhere,
    PlanRefused,
    PopulationRefused,
    PopulationTooLarge,
)
from site_service.coverage.rules import MOST_MINUTES, Question, Share
from site_service.coverage.schemas import (
    CoverageRead,
    Gaps,
    HourRead,
    MatterShare,
    Need,
    NewPoint,
    PlanIn,
    PlanRead,
    PopulationRead,
    ShareRead,
    StreetShare,
)
from site_service.sites import registry
from site_service.sites.geojson import GeoJson
from site_service.sites.schemas import MatterCode, OpenAt
from site_service.travel.errors import TravelUnavailable
from site_service.travel.rules import Manner, Mode, Pace
from tongban import app
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.problems import problems

__all__ = ["router"]

router = app.router("coverage")

Administrator = Annotated[Caller, allow(Role.ADMIN)]
Planner = Annotated[Caller, allow(Role.ADMIN, Role.SITE_MANAGER, Role.SUPERVISOR)]
Moment = Annotated[OpenAt | None, Query(description="此时开放的网点 / open then")]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
LARGEST_BODY = 64 * 1024 * 1024
PICTURES: Mapping[Literal["svg", "png"], str] = MappingProxyType(
    {"svg": "image/svg+xml", "png": "image/png"}
)
_FILE = {"schema": {"type": "string", "format": "binary"}}
_CELLS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("text/csv", "application/geo+json", "application/json"), _FILE),
    }
}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "图片 / the picture", "content": dict.fromkeys(PICTURES.values(), _FILE)}
}


async def _question(
    minutes: Annotated[int, Query(ge=1, le=MOST_MINUTES, description="路上分钟 / on the way")] = 15,
    mode: Annotated[Mode, Query(description="步行或驾车 / how one goes")] = Mode.WALK,
    pace: Annotated[Pace, Query(description="老年人选 slow / the elderly's pace")] = Pace.STANDARD,
    matter_code: Annotated[
        MatterCode | None, Query(description="只计办理此事项的网点 / sites that handle it")
    ] = None,
) -> Question:
    return Question(minutes=minutes, manner=Manner(mode, pace), matter_code=matter_code)


Asked = Annotated[Question, Depends(_question)]


def _share(share: Share) -> dict[str, Any]:
    return {"residents": share.residents, "covered": share.covered, "share": share.share}


@router.get("/api/v1/coverage", responses=problems(MatterNowhere, TravelUnavailable))
async def read_coverage(
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    asked: Asked,
    open_at: Moment = None,
) -> CoverageRead:
    """十五分钟办事圈: the share of residents within reach, whole, by street and by age."""
    found = await service.covered(session, context, asked, open_at=open_at)
    return CoverageRead(
        **_share(found.whole),
        minutes=asked.minutes,
        mode=asked.manner.mode,
        pace=asked.manner.pace,
        matter_code=asked.matter_code,
        open_at=open_at,
        sites=len(found.columns),
        by_age={age: ShareRead(**_share(one)) for age, one in found.by_age.items()},
        by_street=[
            StreetShare(street_code=code, street=name, **_share(one))
            for (code, name), one in found.by_street.items()
        ],
        is_illustrative=found.world.is_illustrative,
        version=found.world.version,
    )


@router.get("/api/v1/coverage/hours", responses=problems(MatterNowhere, TravelUnavailable))
async def read_hours(
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    asked: Asked,
    at: Now,
    day: Annotated[
        date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="哪一天，默认今天 / which day")
    ] = None,
) -> list[HourRead]:
    """分时覆盖: the share within reach of what is open, hour by hour."""
    found = await service.by_hour(session, context, asked, day or local_date(at))
    return [HourRead(hour=hour, sites=count, **_share(one)) for hour, count, one in found]


@router.get("/api/v1/coverage/matters", responses=problems(TravelUnavailable))
async def read_matters(
    session: Session, context: InContext, _caller: MaybeCaller, asked: Asked
) -> list[MatterShare]:
    """事项覆盖: each matter's share within reach, the least covered first."""
    found = await service.by_matter(session, context, asked)
    return [
        MatterShare(code=code, name=name, sites=count, **_share(one))
        for code, name, count, one in found
        if asked.matter_code in (None, code)
    ]


@router.get(
    "/api/v1/coverage/gaps",
    response_class=GeoJson,
    responses=problems(MatterNowhere, TravelUnavailable),
)
async def read_gaps(
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    asked: Asked,
    open_at: Moment = None,
) -> Gaps:
    """覆盖空白: the neighbourhoods out of reach, as GeoJSON, most residents first."""
    found, features = await service.gaps(session, context, asked, open_at=open_at)
    return Gaps(
        features=features,
        residents=found.whole.residents - found.whole.covered,
        is_illustrative=found.world.is_illustrative,
    )


@router.get(
    "/api/v1/coverage/map",
    response_class=Response,
    responses={**_PICTURE, **problems(MatterNowhere, TravelUnavailable)},
)
async def read_map(
    session: Session,
    context: InContext,
    _caller: MaybeCaller,
    asked: Asked,
    open_at: Moment = None,
    form: Annotated[Literal["svg", "png"], Query(description="图片格式 / which format")] = "svg",
) -> Response:
    """覆盖地图: sites, circles and gaps as one picture."""
    found = await service.covered(session, context, asked, open_at=open_at)
    boundary = await registry.boundary(session, context.settings.district)
    share = found.whole.share
    title = f"{asked.minutes} 分钟办事圈" + ("" if share is None else f"：覆盖 {share:.1%} 居民")
    # What draws takes a second to import, and is seldom asked for.
    from site_service.coverage import drawing

    picture = await asyncio.to_thread(
        drawing.draw,
        found.world,
        found.is_covered,
        found.columns,
        asked,
        None if boundary is None else boundary.geometry,
        title=title,
        form=form,
    )
    return Response(picture, media_type=PICTURES[form])


@router.post(
    "/api/v1/coverage/plans",
    responses=problems(PlanRefused, MatterNowhere, TravelUnavailable),
)
async def make_plan(
    body: PlanIn, session: Session, context: InContext, _caller: Planner
) -> PlanRead:
    """布点规划: where the next points add the most, and what moving or closing would do."""
    made = await plans.plan(session, context, body)
    return PlanRead(
        points=[NewPoint(**one) for one in made.points],
        needs=[
            Need(
                function=function,
                before=ShareRead(**_share(before)),
                after_changes=ShareRead(**_share(changed)),
                after=ShareRead(**_share(after)),
            )
            for function, before, changed, after in made.needs
        ],
        is_optimal=made.is_optimal,
        is_illustrative=made.is_illustrative,
    )


@router.put(
    "/api/v1/coverage/population",
    responses=problems(PopulationRefused, PopulationTooLarge),
    openapi_extra=_CELLS,
)
async def put_population(
    request: Request, session: Session, caller: Administrator
) -> PopulationRead:
    """人口网格: keep where people live, from CSV or GeoJSON, in place of what was there."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST_BODY:
            raise PopulationTooLarge(megabytes=LARGEST_BODY // (1024 * 1024))
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    read = reading.from_csv if media_type == "text/csv" else reading.from_geojson
    cells = await asyncio.to_thread(read, bytes(content))
    await service.put_population(session, bytes(content), cells, caller=caller)
    return PopulationRead(
        cells=len(cells),
        residents=sum(cell.children + cell.adults + cell.elderly for cell in cells),
        is_illustrative=any(cell.provenance == "illustrative" for cell in cells),
    )
