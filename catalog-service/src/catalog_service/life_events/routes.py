"""HTTP about life events: list, read, be guided through; import, publish, withdraw."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Query, Request, Response

from catalog_service.errors import (
    AnswerInvalid,
    ImportFaulty,
    LifeEventNotFound,
    LifeEventRetired,
    PublicationNeedsAdmin,
)
from catalog_service.life_events import service
from catalog_service.life_events.errors import (
    NothingProposed,
    ProposalFaulty,
    ProposerCantPublish,
)
from catalog_service.life_events.rules import Change, Turn, Unavailable
from catalog_service.life_events.schemas import (
    GuideRead,
    ImportIn,
    ImportRead,
    LifeEventListed,
    LifeEventRead,
    MatterCodeQuery,
    MatterGuided,
    MemberRead,
    PathCode,
    PlanRead,
    ProposalRead,
    UnavailableRead,
    WhereRead,
)
from catalog_service.matters.guide import Guidance
from catalog_service.matters.guide_tree import Entry
from catalog_service.matters.schemas import GuideIn
from catalog_service.matters.vocabulary import Audience, DayUnit
from tongban.app import router as new_router
from tongban.clock import Now
from tongban.context import InContext
from tongban.db import Session
from tongban.etags import offer
from tongban.identity import Caller, MaybeCaller, Role, allow
from tongban.paging import CursorInvalid, Page, PageQuery
from tongban.problems import Text, problems

__all__ = ["router"]

router = new_router("life-events")

Editor = Annotated[Caller, allow(Role.CATALOG_EDITOR, Role.ADMIN)]

REASONS: Mapping[Unavailable, Text] = MappingProxyType(
    {
        Unavailable.NOT_IN_FORCE: {
            "zh-CN": "该事项已停用，暂不能与其他事项一并办理，请向窗口咨询。",
            "en": "This matter is no longer in force; the others go on, ask at a window about it.",
        },
        Unavailable.CONFLICTING: {
            "zh-CN": "该事项已调整，暂不能一并办理，请单独办理。",
            "en": "This matter has changed and can't be joined for now; apply for it by itself.",
        },
    }
)


@router.get("/api/v1/life-events", responses=problems(CursorInvalid))
async def list_life_events(
    session: Session,
    paging: PageQuery,
    _caller: MaybeCaller,
    audience: Annotated[Audience | None, Query(description="服务对象")] = None,
    matter: MatterCodeQuery = None,
) -> Page[LifeEventListed]:
    """一件事列表: the life events that are offered, by code."""
    rows, cursor = await service.page(session, paging, audience=audience, matter=matter)
    return Page(items=[LifeEventListed.model_validate(row) for row in rows], next_cursor=cursor)


@router.post("/api/v1/life-events/import", responses=problems(ImportFaulty, PublicationNeedsAdmin))
async def import_life_events(
    body: ImportIn,
    session: Session,
    context: InContext,
    caller: Editor,
    at: Now,
    publish: Annotated[
        bool, Query(description="同时发布，仅系统管理员 / publish at once, admins only")
    ] = False,
    dry_run: Annotated[bool, Query(description="试运行，不写入 / write nothing")] = False,
) -> ImportRead:
    """导入一件事: take over life events, all or none; another person publishes them."""
    taken = await service.import_events(
        session,
        body.life_events,
        importer=caller,
        district=context.settings.district,
        at=at,
        is_dry_run=dry_run,
        is_published=publish,
    )
    return ImportRead(
        created=taken.count(Change.CREATE),
        updated=taken.count(Change.UPDATE),
        unchanged=taken.count(Change.NONE),
        is_published=publish and not dry_run,
        is_dry_run=dry_run,
    )


@router.get("/api/v1/life-events/proposals", responses=problems(CursorInvalid))
async def list_proposed_life_events(
    session: Session, paging: PageQuery, _caller: Editor
) -> Page[ProposalRead]:
    """待发布的一件事: what was imported and waits for a second person, by code."""
    rows, cursor = await service.proposals(session, paging)
    return Page(items=[ProposalRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/api/v1/life-events/{code}/publish",
    status_code=204,
    responses=problems(NothingProposed, ProposerCantPublish, ProposalFaulty),
)
async def publish_life_event(
    code: PathCode, session: Session, context: InContext, caller: Editor
) -> None:
    """发布一件事: offer what another person imported, if it still fits its matters."""
    await service.publish_proposal(
        session, code, publisher=caller, district=context.settings.district
    )


@router.post(
    "/api/v1/life-events/{code}/take-back", status_code=204, responses=problems(NothingProposed)
)
async def take_back_life_event(code: PathCode, session: Session, caller: Editor) -> None:
    """撤回一件事: propose it no longer; what is offered stays as it is."""
    await service.take_back(session, code, actor=caller.subject)


@router.get("/api/v1/life-events/{code}", responses=problems(LifeEventNotFound))
async def read_life_event(
    code: PathCode,
    request: Request,
    response: Response,
    session: Session,
    _caller: MaybeCaller,
) -> LifeEventRead:
    """查看一件事: its questions and its matters, as they are in force now."""
    found, tag = await service.find(session, code)
    offer(request, response, tag)
    content = found.event.content
    known = {one["code"]: one for one in found.matters}
    return LifeEventRead(
        **{name: content[name] for name in LifeEventRead.model_fields if name != "matters"},
        matters=[_member(one, known.get(one["code"])) for one in content["matters"]],
    )


@router.post(
    "/api/v1/life-events/{code}/guide", responses=problems(LifeEventNotFound, AnswerInvalid)
)
async def guide_through_life_event(
    code: PathCode, body: GuideIn, session: Session, _caller: MaybeCaller
) -> GuideRead:
    """一件事引导: the next question, or one list, one form and one plan. Keeps nothing."""
    guided = await service.guide(session, code, body.answers)
    outcome = guided.outcome
    turns = {turn.code: turn for turn in outcome.plan.turns}
    matters = [
        _matter(joined.version, joined.content, guidance, turns[joined.code])
        for joined, guidance in outcome.matters
    ]
    return GuideRead(
        code=guided.event.code,
        question=outcome.question,
        matters=matters,
        materials=[*outcome.materials],
        form_fields=[*outcome.form_fields],
        plan=PlanRead(
            steps=outcome.plan.steps,
            critical_path=[*outcome.plan.critical_path],
            total_promised_days=outcome.plan.total_days,
            total_statutory_days=outcome.statutory_days,
            one_by_one_days=outcome.plan.one_by_one_days,
        ),
        total_fees_cents=sum(fee["amount_cents"] for one in matters for fee in one.fees),
        sites=[WhereRead.model_validate(site) for site in guided.sites],
        unavailable=[_unavailable(one, why) for one, why in outcome.unavailable.items()],
    )


@router.post(
    "/api/v1/life-events/{code}/retire",
    status_code=204,
    responses=problems(LifeEventNotFound, LifeEventRetired),
)
async def retire_life_event(code: PathCode, session: Session, caller: Editor) -> None:
    """停用一件事: lead nobody through it any more; its matters stay as they are."""
    await service.retire(session, code, actor=caller.subject)


def _member(member: Entry, known: Entry | None) -> MemberRead:
    about: Mapping[str, Any] = known or {}
    names = ("version", "name", "english_name", "body_name", "handling", "promised_days")
    return MemberRead(
        code=member["code"],
        after=member["after"],
        when=member["when"],
        **{name: about.get(name) for name in names},
        unavailable=None if known else _unavailable(member["code"], Unavailable.NOT_IN_FORCE),
    )


def _unavailable(code: str, why: Unavailable) -> UnavailableRead:
    said = REASONS[why]
    return UnavailableRead(code=code, reason=why, text=said["zh-CN"], english_text=said["en"])


def _matter(version: int, content: Entry, guidance: Guidance, turn: Turn) -> MatterGuided:
    parts = ("results", "fees", "special_procedures", "handling_items")
    return MatterGuided(
        code=turn.code,
        version=version,
        name=content["name"],
        english_name=content["english_name"],
        body_name=content["body"]["name"],
        handling=content["handling"],
        step=turn.step,
        after=[*turn.after],
        promised_days=content["promised_days"],
        starts_after_days=turn.starts_after_days,
        done_after_days=turn.done_after_days,
        statutory_days=content["statutory_days"],
        statutory_unit=content.get("statutory_unit", DayUnit.WORKING_DAYS),
        **{part: [dict(one) for one in guidance.applicable.get(part, ())] for part in parts},
        channels=content.get("channels", []),
    )
