"""Use cases of bundles: apply once for several matters, share files, hand over together."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from case_service.bundles import rules, store
from case_service.bundles.errors import (
    BundleNotFound,
    BundleNotReady,
    LifeEventUnknown,
    NothingApplies,
)
from case_service.bundles.events import BundleSubmitted
from case_service.bundles.rules import BundleState, LifeEventContent, Member, Part, Share
from case_service.bundles.schemas import BundleIn, BundleRead, HandOverIn, PartRead
from case_service.bundles.tables import Bundle
from case_service.cases import actions
from case_service.cases import service as cases
from case_service.cases.action_body import ActionIn
from case_service.cases.reading import said
from case_service.cases.rules import FINAL, Action, Stage
from case_service.cases.schemas import CaseIn, FileRead
from case_service.cases.tables import Case
from case_service.cases.words import STAGES
from case_service.errors import ApplicationIncomplete
from case_service.materials import service as materials
from case_service.materials.errors import MaterialUnknown
from case_service.matters.service import matters_of
from tongban.clock import local_date
from tongban.conditions import facts_used
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging
from tongban.problems import FieldError, Problem, Where
from tongban.texts import name_without_form

__all__ = ["apply", "hand_over", "of_account", "read", "release", "share_file"]

_UNASKED = {"zh-CN": "所涉事项均没有此项，请删去", "en": "none of the matters asks for this"}
_MATERIALS = "/materials"


async def apply(
    session: AsyncSession, context: Context, body: BundleIn, *, caller: Caller, at: datetime
) -> BundleRead:
    """一件事申请: one application becomes a case for each matter that it calls for, or none.

    Raises:
        LifeEventUnknown, NothingApplies, ApplicationIncomplete, DuplicateApplication, and all that
        an application may be refused for
    """
    content = await _content(session, body.life_event)
    told = {**body.form, **body.situation_answers}
    members = rules.members_for(content, told)
    if not members:
        raise NothingApplies
    shares = await _shares(session, context, body, members, at=at)
    _require_asked(body, content, list(shares.values()))
    bundle = Bundle(
        id=new_id(),
        number=await cases.draw_number(session, context, at=at),
        life_event=body.life_event,
        name=content.name,
        state=BundleState.UNDER_WAY,
        plan=rules.plan(members),
        after={one.code: list(one.after) for one in members},
        applicant_subject=body.applicant_subject if caller.is_staff else caller.subject,
        submitted_by=caller.subject,
        submitted_at=at,
    )
    session.add(bundle)
    publish(
        session,
        BundleSubmitted(
            at=at,
            bundle_id=bundle.id,
            life_event=bundle.life_event,
            parts=len(members),
            failed=0,
        ),
        of=bundle,
    )
    await session.flush()
    await _submit_all(session, context, body, bundle, shares, caller=caller, at=at)
    await session.flush()
    return await _shown(session, bundle)


async def _content(session: AsyncSession, code: str) -> LifeEventContent:
    row = await store.life_event(session, code)
    if row is None or row.state != "published":
        raise LifeEventUnknown(life_event=code)
    return LifeEventContent.model_validate(row.content)


async def _shares(
    session: AsyncSession,
    context: Context,
    body: BundleIn,
    members: Iterable[Member],
    *,
    at: datetime,
) -> dict[str, Share]:
    known, today = matters_of(context), local_date(at)
    evidence = {one.name: one.evidence.value for one in body.materials}
    shares = {}
    for member in members:
        matter = await known.current(session, member.code, today=today)
        shares[member.code] = rules.share_of(
            member,
            matter.content,
            form=body.form,
            situation_answers=body.situation_answers,
            evidence=evidence,
        )
    return shares


def _require_asked(body: BundleIn, content: LifeEventContent, shares: Sequence[Share]) -> None:
    used = frozenset().union(*(facts_used(one.when) for one in content.matters))
    places = {"form": body.form, "situation_answers": body.situation_answers}
    faults = [
        Where.pointer(f"/{place}/{key}", _UNASKED, "unasked")
        for place, told in places.items()
        for key in rules.unasked(told, shares, used)
    ]
    asked = {name_without_form(name) for one in shares for name in one.material_names.values()}
    faults += [
        Where.pointer(f"{_MATERIALS}/{at}/name", _UNASKED, "unasked")
        for at, one in enumerate(body.materials)
        if name_without_form(one.name) not in asked
    ]
    if faults:
        raise ApplicationIncomplete(errors=faults)


async def _submit_all(
    session: AsyncSession,
    context: Context,
    body: BundleIn,
    bundle: Bundle,
    shares: dict[str, Share],
    *,
    caller: Caller,
    at: datetime,
) -> None:
    """Make each part's case; every fault of every part is told at once."""
    common = body.model_dump(
        mode="json", exclude={"life_event", "form", "situation_answers", "materials"}
    )
    faults: dict[tuple[str | None, str | None], FieldError] = {}
    for code, share in shares.items():
        part = CaseIn.model_validate(
            {
                **common,
                "matter_code": code,
                "life_event": body.life_event,
                "form": share.form,
                "situation_answers": share.situation_answers,
                "materials": [
                    {"key": key, "evidence": kind} for key, kind in share.evidence.items()
                ],
            }
        )
        try:
            case = await cases.submit(
                session, context, part, caller=caller, at=at, bundle_id=bundle.id
            )
        except ApplicationIncomplete as refusal:
            for fault in refusal.errors:
                mended = _in_shared_words(fault, share, body)
                faults[mended.pointer, mended.code] = mended
        else:
            await actions.submitted(session, context, case, caller=caller, at=at)
    if faults:
        raise ApplicationIncomplete(errors=list(faults.values()))


def _in_shared_words(fault: FieldError, share: Share, body: BundleIn) -> FieldError:
    """Point at the place in the shared application, where a part's own key stands for it."""
    root, _, key = (fault.pointer or "").rpartition("/")
    of_materials, _, place = root.rpartition("/")
    if of_materials == _MATERIALS:
        material = share.material_names[list(share.evidence)[int(place)]]
        told = [name_without_form(one.name) for one in body.materials]
        at = told.index(name_without_form(material))
        return Where.pointer(f"{of_materials}/{at}/{key}", fault.detail, fault.code)
    if key not in share.shared_keys or fault.pointer is None:
        return fault
    return Where.pointer(f"{root}/{share.shared_keys[key]}", fault.detail, fault.code)


async def read(session: AsyncSession, bundle_id: UUID, *, caller: Caller) -> BundleRead:
    """查看联办申请.

    Raises:
        BundleNotFound
    """
    return await _shown(session, await _visible(session, bundle_id, caller))


async def of_account(session: AsyncSession, caller: Caller, paging: Paging) -> Sequence[Bundle]:
    """Return a page of the caller's bundles, and one more."""
    return await store.of_account(session, caller.subject, paging)


async def share_file(
    session: AsyncSession,
    context: Context,
    bundle_id: UUID,
    name: str,
    file: UploadFile,
    *,
    caller: Caller,
    at: datetime,
) -> list[FileRead]:
    """共享材料: one file for every part that asks for this document; its bytes are kept once.

    Raises:
        BundleNotFound, MaterialUnknown, CaseFinished, and those of an upload
    """
    bundle = await _visible(session, bundle_id, caller)
    known, kept, asked = matters_of(context), list[FileRead](), set[str]()
    for case in await store.lock_parts(session, bundle.id):
        matter = await known.version(session, case.matter_code, case.matter_version)
        asked |= {one.name for one in matter.content.materials}
        if case.stage in FINAL:
            continue
        for one in rules.materials_called(name, matter.content.materials):
            try:
                read_back, _ = await materials.upload(
                    session, context, case.id, one.key, file, caller=caller, at=at, if_match=None
                )
            except MaterialUnknown:
                continue  # its own answers do not call for it
            kept.append(read_back)
            await actions.supplemented(session, context, case.id, at=at)
    if not kept:
        raise MaterialUnknown(known=sorted(asked))
    return kept


async def release(
    session: AsyncSession,
    bundle_id: UUID,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> BundleRead:
    """先行领取: the applicant asks for what is ready; the rest follows.

    Raises:
        BundleNotFound, StaleVersion
    """
    await _visible(session, bundle_id, caller)
    bundle = await store.lock(session, bundle_id)
    if bundle is None:
        raise BundleNotFound
    require_match(bundle.version, if_match)
    bundle.released_at = bundle.released_at or at
    await session.flush()
    return await _shown(session, bundle)


async def hand_over(
    session: AsyncSession,
    context: Context,
    bundle_id: UUID,
    body: HandOverIn,
    *,
    caller: Caller,
    at: datetime,
) -> BundleRead:
    """一并交付并办结: every result at once; what came to nothing is told with its reason.

    Raises:
        BundleNotFound, BundleNotReady, and those of the actions `deliver` and `close`
    """
    bundle = await _visible(session, bundle_id, caller)
    parts = await store.lock_parts(session, bundle.id)
    waiting = [one.number for one in parts if one.stage in rules.UNDECIDED]
    if waiting and bundle.released_at is None:
        raise BundleNotReady(waiting=waiting)
    told = ActionIn(way=body.way, recipient=body.recipient)
    for case in parts:
        stage = case.stage
        for action in _STILL_TO_DO.get(stage, ()):
            await actions.act(
                session,
                context,
                case.id,
                action,
                told if action is Action.DELIVER else ActionIn(),
                caller=caller,
                at=at,
                if_match=None,
            )
    await session.flush()
    return await _shown(session, bundle)


_STILL_TO_DO = {
    Stage.DECIDED: (Action.DELIVER, Action.CLOSE),
    Stage.ISSUED: (Action.DELIVER, Action.CLOSE),
    Stage.DELIVERED: (Action.CLOSE,),
}


async def _visible(session: AsyncSession, bundle_id: UUID, caller: Caller) -> Bundle:
    bundle = await store.find(session, bundle_id)
    if bundle is None:
        raise BundleNotFound
    try:
        for case in await store.parts_of(session, bundle_id):
            cases.require_visible(case, caller)
    except Problem:
        raise BundleNotFound from None
    return bundle


async def _shown(session: AsyncSession, bundle: Bundle) -> BundleRead:
    rows = await store.parts_of(session, bundle.id)
    done = {one.matter_code for one in rows if Part(one.stage, one.outcome).is_decided}
    parts = [_part(one, bundle, done) for one in rows]
    state = rules.state_of([Part(one.stage, one.outcome) for one in rows])
    return BundleRead(
        id=bundle.id,
        number=bundle.number,
        life_event=bundle.life_event,
        name=bundle.name,
        state=state,
        submitted_at=bundle.submitted_at,
        plan=bundle.plan,
        parts=parts,
        released_at=bundle.released_at,
        version=bundle.version,
    )


def _part(case: Case, bundle: Bundle, done: set[str]) -> PartRead:
    first: list[Any] = bundle.after.get(case.matter_code, [])
    return PartRead(
        case_id=case.id,
        number=case.number,
        matter_code=case.matter_code,
        matter_name=case.matter_name,
        stage=case.stage,
        stage_name=said(STAGES[case.stage]),
        outcome=case.outcome,
        reason=case.reason,
        is_failed=Part(case.stage, case.outcome).is_failed,
        waits_for=[code for code in first if code in bundle.after and code not in done],
        version=case.version,
    )
