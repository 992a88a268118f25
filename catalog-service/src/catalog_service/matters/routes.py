"""HTTP about matters: search, read, be guided."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from catalog_service.errors import (
    AnswerInvalid,
    MatterNotFound,
)
from catalog_service.matters import service
from catalog_service.matters.life_stages import LifeStage
from catalog_service.matters.listing import Filters
from catalog_service.matters.schemas import (
    GuideIn,
    GuideRead,
    MatterListed,
    MatterPage,
    MatterRead,
    PathCode,
    SearchText,
    SiteRead,
)
from catalog_service.matters.vocabulary import (
    Area,
    Audience,
    Channel,
    DayUnit,
    HandledIn,
    Handling,
    MatterType,
    Mode,
)
from tongban.app import router as new_router
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import Known, offer
from tongban.identity import MaybeCaller
from tongban.paging import CursorInvalid, PageQuery
from tongban.problems import problems
from tongban.shapes import SIX_DIGITS
from tongban.texts import Code

__all__ = ["router"]

router = new_router("matters")

DistrictQuery = Annotated[str | None, Query(pattern=SIX_DIGITS, description="事项所属地区")]


@router.get("/api/v1/matters", responses=problems(CursorInvalid))
async def list_matters(
    session: Session,
    context: InContext,
    paging: PageQuery,
    _caller: MaybeCaller,
    q: Annotated[
        SearchText | None, Query(description="词语、拼音或首字母 / words, pinyin or initials")
    ] = None,
    matter_type: Annotated[MatterType | None, Query(alias="type", description="事项类型")] = None,
    audience: Annotated[Audience | None, Query(description="服务对象")] = None,
    area: Annotated[Area | None, Query(description="业务领域")] = None,
    site_id: Annotated[Code | None, Query(description="办理点 / handled at this site")] = None,
    mode: Annotated[
        Mode | None, Query(description="跨区通办模式 / partners' matters in this mode")
    ] = None,
    owner_district: DistrictQuery = None,
    handling: Annotated[Handling | None, Query(description="即办件或承诺件")] = None,
    channel: Annotated[Channel | None, Query(description="办理渠道")] = None,
    life_stage: Annotated[LifeStage | None, Query(description="生命周期阶段")] = None,
    facets: Annotated[
        bool, Query(description="同时返回各类计数 / count all finds by kind, area …")
    ] = False,
) -> MatterPage:
    """检索事项: matters in force here, and partners' that an agreement lets you apply for here."""
    filters = Filters(
        matter_type=matter_type,
        audience=audience,
        area=area,
        site_id=site_id,
        mode=mode,
        owner_district=owner_district,
        handling=handling,
        channel=channel,
        life_stage=life_stage,
    )
    rows, cursor = await service.page(
        session, filters, paging, district=context.settings.district, query=q, facets=facets
    )
    counted = ((rows[0].facets if rows else None) or {}) if facets else None
    return MatterPage(
        items=[MatterListed.model_validate(row) for row in rows],
        next_cursor=cursor,
        facets=counted,
    )


@router.get("/api/v1/matters/{code}", responses=problems(MatterNotFound))
async def read_matter(
    code: PathCode,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    known: Known,
    _caller: MaybeCaller,
    as_of: Annotated[
        date | None, Query(description="某日有效的版本，限本区事项 / as valid on that day")
    ] = None,
) -> MatterRead:
    """查看事项: the matter as it is in force, or was or will be on a day; ours or a partner's."""
    if as_of is None:
        found = await service.find(session, code, district=context.settings.district, known=known)
    else:
        found = await service.find_on(session, code, as_of, known=known)
    offer(request, response, found.tag)
    return MatterRead(
        code=found.code,
        version=found.version,
        owner_district=found.owner_district,
        effective_from=found.effective_from,
        retired_on=found.retired_on,
        level=found.content.get("level"),
        handled_in=HandledIn.OUTSIDE if found.content.get("outside_system") else HandledIn.OURS,
        is_handled_here_by_agreement=found.is_handled_here_by_agreement,
        mode=found.mode,
        agreement=found.agreement,
        forward_within_days=found.forward_within_days,
        content=found.content,
    )


@router.post("/api/v1/matters/{code}/guide", responses=problems(MatterNotFound, AnswerInvalid))
async def guide_through_matter(
    code: PathCode, body: GuideIn, session: Session, context: InContext, _caller: MaybeCaller
) -> GuideRead:
    """办事指引: the next question about your situation, or what applies in it. Keeps nothing."""
    matter, guidance = await service.guide_through(
        session, code, body.answers, district=context.settings.district
    )
    content = matter.content
    return GuideRead(
        code=matter.code,
        version=matter.version,
        owner_district=matter.owner_district,
        question=None if guidance.question is None else dict(guidance.question),
        materials=[dict(one) for one in guidance.materials],
        form_fields=[dict(one) for one in guidance.form_fields],
        handling=content["handling"],
        statutory_days=content["statutory_days"],
        statutory_unit=content.get("statutory_unit", DayUnit.WORKING_DAYS),
        promised_days=content["promised_days"],
        fees=guidance.part("fees", content),
        results=guidance.part("results", content),
        handling_items=guidance.part("handling_items", content),
        steps=content.get("steps", []),
        special_procedures=guidance.part("special_procedures", content),
        channels=content.get("channels", []),
        sites=[] if guidance.question else [SiteRead.model_validate(one) for one in matter.sites],
    )
