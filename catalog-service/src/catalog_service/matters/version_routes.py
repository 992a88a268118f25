"""HTTP about a matter's versions: draft, amend, submit, publish, retire; read and compare."""

from typing import Annotated

from fastapi import Request, Response

from catalog_service.basic_items.errors import BasicItemNotClaimed, BasicItemWithdrawn
from catalog_service.errors import (
    CodeMismatch,
    DraftExists,
    DuplicateCode,
    EffectiveDateInvalid,
    IfMatchMissing,
    MatterNotFound,
    MatterRetired,
    NoOfflineChannel,
    OverlappingValidity,
    PublisherIsAuthor,
    SituationsFaulty,
    VersionNotDraft,
    VersionNotFound,
    VersionNotPublished,
    VersionNotSubmitted,
)
from catalog_service.matters import publication, service
from catalog_service.matters.content import MatterContent
from catalog_service.matters.schemas import (
    DifferenceRead,
    DiffRead,
    PathCode,
    PathVersion,
    PublishIn,
    RetireIn,
    VersionListed,
    VersionRead,
)
from catalog_service.matters.tables import MatterVersion
from tongban.app import router as new_router
from tongban.clock import Now, local_date
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import IfMatch, Known, StaleVersion, offer
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import problems

__all__ = ["router"]

router = new_router("matters")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]


@router.post(
    "/api/v1/matters",
    status_code=201,
    responses=problems(DuplicateCode, MatterRetired, BasicItemNotClaimed, BasicItemWithdrawn),
)
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
    responses=problems(MatterNotFound, DraftExists, MatterRetired, CodeMismatch),
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
    known: Known,
    caller: MaybeCaller,
) -> VersionRead:
    """查看版本: one version, as it was published and never changed since."""
    found = await service.find_version(
        session, code, version, with_drafts=_sees_drafts(caller), known=known
    )
    return _answer(found, caller, request, response)


@router.put(
    "/api/v1/matters/{code}/versions/{version}",
    responses=problems(
        VersionNotFound, VersionNotDraft, StaleVersion, CodeMismatch, IfMatchMissing
    ),
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
    "/api/v1/matters/{code}/versions/{version}/submit",
    responses=problems(VersionNotFound, VersionNotDraft, MatterRetired, StaleVersion),
)
async def submit_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    if_match: IfMatch,
    caller: Editor,
) -> VersionRead:
    """提交发布: hand a draft over to whoever publishes it; it is not changed meanwhile."""
    submitted = await publication.submit(
        session, code, version, by=caller.subject, at=at, if_match=if_match
    )
    return _answer(submitted, caller, request, response)


@router.post(
    "/api/v1/matters/{code}/versions/{version}/take-back",
    responses=problems(VersionNotFound, VersionNotSubmitted, DraftExists, StaleVersion),
)
async def take_back_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    if_match: IfMatch,
    caller: Editor,
) -> VersionRead:
    """撤回: make a submitted or planned version a draft again, or call off a planned end."""
    taken = await publication.take_back(
        session, code, version, actor=caller.subject, if_match=if_match
    )
    return _answer(taken, caller, request, response)


@router.post(
    "/api/v1/matters/{code}/versions/{version}/publish",
    responses=problems(
        VersionNotFound,
        VersionNotSubmitted,
        PublisherIsAuthor,
        NoOfflineChannel,
        SituationsFaulty,
        OverlappingValidity,
        MatterRetired,
        BasicItemNotClaimed,
        BasicItemWithdrawn,
        EffectiveDateInvalid,
        StaleVersion,
    ),
)
async def publish_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    if_match: IfMatch,
    caller: Editor,
    body: PublishIn | None = None,
) -> VersionRead:
    """发布: put a submitted version in force, today or from a planned day; not by its author."""
    plan = body or PublishIn()
    published = await publication.publish(
        session,
        code,
        version,
        publisher=caller.subject,
        today=local_date(at),
        effective_from=plan.effective_from,
        retires_on=plan.retires_on,
        if_match=if_match,
    )
    return _answer(published, caller, request, response)


@router.post(
    "/api/v1/matters/{code}/versions/{version}/retire",
    responses=problems(
        VersionNotFound,
        VersionNotPublished,
        OverlappingValidity,
        EffectiveDateInvalid,
        StaleVersion,
    ),
)
async def retire_version(
    code: PathCode,
    version: PathVersion,
    request: Request,
    response: Response,
    session: Session,
    at: Now,
    if_match: IfMatch,
    caller: Editor,
    body: RetireIn | None = None,
) -> VersionRead:
    """停用: take a matter out of force, today or on a planned day; cases under way keep theirs."""
    retired = await publication.retire(
        session,
        code,
        version,
        actor=caller.subject,
        today=local_date(at),
        on=(body or RetireIn()).on,
        if_match=if_match,
    )
    return _answer(retired, caller, request, response)


@router.get(
    "/api/v1/matters/{code}/versions/{before}/diff/{after}", responses=problems(VersionNotFound)
)
async def diff_versions(
    code: PathCode,
    before: PathVersion,
    after: PathVersion,
    session: Session,
    caller: MaybeCaller,
) -> DiffRead:
    """版本比对: what differs between any two versions, as data and in words."""
    found = await service.diff(session, code, before, after, with_drafts=_sees_drafts(caller))
    return DiffRead(
        code=code,
        before=before,
        after=after,
        differences=[DifferenceRead.model_validate(one) for one in found],
        words={tag: [one.words[tag] for one in found] for tag in ("zh-CN", "en")},
    )


def _sees_drafts(caller: Caller | None) -> bool:
    return caller is not None and caller.has(Role.CATALOG_EDITOR, Role.ADMIN)


def _answer(
    version: MatterVersion, caller: Caller | None, request: Request, response: Response
) -> VersionRead:
    offer(request, response, version.version)
    read = VersionRead.model_validate(version)
    if caller is None or not caller.is_staff:
        return read.model_copy(update={"author": None, "submitted_by": None, "publisher": None})
    return read
