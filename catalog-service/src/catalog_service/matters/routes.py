"""HTTP about matters: search, read, be guided; draft, publish, retire."""

from typing import Annotated

from fastapi import Query, Request, Response

from catalog_service.errors import (
    AnswerInvalid,
    CodeMismatch,
    DraftExists,
    DuplicateCode,
    MatterNotFound,
    NoOfflineChannel,
    PublisherIsAuthor,
    VersionNotDraft,
    VersionNotFound,
    VersionNotPublished,
)
from catalog_service.matters import service
from catalog_service.matters.content import MatterContent
from catalog_service.matters.life_stages import LifeStage
from catalog_service.matters.listing import Filters
from catalog_service.matters.schemas import (
    GuideIn,
    GuideRead,
    MatterListed,
    MatterPage,
    MatterRead,
    PathCode,
    PathVersion,
    SearchText,
    SiteRead,
    VersionListed,
    VersionRead,
)
from catalog_service.matters.tables import MatterVersion
from catalog_service.matters.vocabulary import Area, Audience, Channel, Handling, MatterType, Mode
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, StaleVersion, offer
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems
from tongban.texts import Code

__all__ = ["router"]

router = new_router("matters")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]
DistrictQuery = Annotated[str | None, Query(pattern=r"^[0-9]{6}$", description="事项所属地区")]


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
    _caller: MaybeCaller,
) -> MatterRead:
    """查看事项: the matter as it is in force, ours or a partner's."""
    found = await service.find(session, code, district=context.settings.district)
    offer(request, response, found.tag)
    return MatterRead(
        code=found.code,
        version=found.version,
        owner_district=found.owner_district,
        effective_from=found.effective_from,
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
    matter, guidance, sites = await service.guide_through(
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
        promised_days=content["promised_days"],
        fees=content.get("fees", []),
        steps=content.get("steps", []),
        special_procedures=content.get("special_procedures", []),
        channels=content.get("channels", []),
        sites=[SiteRead.model_validate(site) for site in sites],
    )


@router.post("/api/v1/matters", status_code=201, responses=problems(DuplicateCode))
async def add_matter(
    body: MatterContent,
    request: Request,
    response: Response,
    session: Session,
    context: InContext,
    caller: Editor,
) -> VersionRead:
    """新增事项: draft the first version of a new matter."""
    draft = await service.add_matter(
        session, body, author=caller.subject, district=context.settings.district
    )
    return _answer(draft, caller, request, response)


@router.get("/api/v1/matters/{code}/versions", responses=problems(MatterNotFound, CursorInvalid))
async def list_versions(
    code: PathCode, session: Session, paging: PageQuery, caller: MaybeCaller
) -> Page[VersionListed]:
    """版本列表: what was in force and when, newest first; drafts are shown to editors."""
    rows, cursor = await service.versions(session, code, paging, with_drafts=_sees_drafts(caller))
    return Page(items=[VersionListed.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api/v1/matters/{code}/versions",
    status_code=201,
    responses=problems(MatterNotFound, DraftExists, CodeMismatch),
)
async def draft_version(
    code: PathCode,
    body: MatterContent,
    request: Request,
    response: Response,
    session: Session,
    caller: Editor,
) -> VersionRead:
    """起草新版本: draft the matter's next version."""
    draft = await service.draft_version(session, code, body, author=caller.subject)
    return _answer(draft, caller, request, response)


@router.get("/api/v1/matters/{code}/versions/{version}", responses=problems(VersionNotFound))
async def read_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    caller: MaybeCaller,
) -> VersionRead:
    """查看版本: one version, as it was published and never changed since."""
    found = await service.find_version(session, code, version, with_drafts=_sees_drafts(caller))
    return _answer(found, caller, request, response)


@router.put(
    "/api/v1/matters/{code}/versions/{version}",
    responses=problems(VersionNotFound, VersionNotDraft, StaleVersion, CodeMismatch),
)
async def amend_draft(
    code: PathCode,
    version: PathVersion,
    body: MatterContent,
    request: Request,
    response: Response,
    session: Session,
    if_match: IfMatch,
    caller: Editor,
) -> VersionRead:
    """修改草稿: write a draft anew."""
    draft = await service.amend_draft(
        session, code, version, body, author=caller.subject, if_match=if_match
    )
    return _answer(draft, caller, request, response)


@router.post(
    "/api/v1/matters/{code}/versions/{version}/publish",
    responses=problems(VersionNotFound, VersionNotDraft, PublisherIsAuthor, NoOfflineChannel),
)
async def publish_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    caller: Editor,
) -> VersionRead:
    """发布: put a draft in force today; whoever drafted it cannot."""
    published = await service.publish_version(
        session, code, version, publisher=caller.subject, on=local_date(at)
    )
    return _answer(published, caller, request, response)


@router.post(
    "/api/v1/matters/{code}/versions/{version}/retire",
    responses=problems(VersionNotFound, VersionNotPublished),
)
async def retire_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    caller: Editor,
) -> VersionRead:
    """停用: take a matter out of force today; cases under way keep the version they follow."""
    retired = await service.retire_version(
        session, code, version, actor=caller.subject, on=local_date(at)
    )
    return _answer(retired, caller, request, response)


def _sees_drafts(caller: Caller | None) -> bool:
    return caller is not None and caller.has(Role.CATALOG_EDITOR, Role.ADMIN)


def _answer(
    version: MatterVersion, caller: Caller | None, request: Request, response: Response
) -> VersionRead:
    offer(request, response, version.version)
    read = VersionRead.model_validate(version)
    if caller is None or not caller.is_staff:
        return read.model_copy(update={"author": None, "publisher": None})
    return read
