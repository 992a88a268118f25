"""Use cases of drafts: save, resume here and there, hand in; what nobody goes on with goes."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import actions, progress
from case_service.cases import service as cases
from case_service.cases.schemas import CaseIn, CaseRead
from case_service.drafts import rules, store
from case_service.drafts.errors import DraftNotFound, DraftOver
from case_service.drafts.rules import DraftState
from case_service.drafts.schemas import (
    CodeMade,
    DraftContent,
    DraftFile,
    DraftIn,
    DraftRead,
    HandIn,
    ResumeIn,
)
from case_service.drafts.tables import Draft
from case_service.duty import Duty
from case_service.errors import ApplicationIncomplete
from case_service.materials import drafted
from case_service.materials.tables import DraftMaterial
from case_service.matters.service import matters_of
from tongban import audit, writes
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller, NotAllowed, Role
from tongban.ids import new_id
from tongban.paging import Paging
from tongban.problems import Where, pointer_to, sentences_of

__all__ = [
    "DRAFT_DUTY",
    "begin",
    "erase_of",
    "exported",
    "hand_in",
    "held",
    "held_to_read",
    "make_code",
    "of_account",
    "read",
    "resume",
    "save",
    "shown",
    "throw_away",
    "touch",
]

_STAFF: Final = (Role.CLERK, Role.HELPER)


async def begin(
    session: AsyncSession, context: Context, body: DraftIn, *, caller: Caller, at: datetime
) -> DraftRead:
    """新建草稿: the number that it gets is the case's, once it is handed in.

    Raises:
        MatterUnknown, MatterRetired
    """
    await matters_of(context).current(session, body.matter_code, today=local_date(at))
    draft = Draft(
        id=new_id(),
        number=await cases.draw_number(session, context, at=at),
        matter_code=body.matter_code,
        state=DraftState.OPEN,
        owner_subject=None if caller.has(*_STAFF) else caller.subject,
        holders=[caller.subject],
    )
    _fill(context, draft, body, caller=caller, at=at)
    session.add(draft)
    await session.flush()
    return shown(context, draft, [])


async def save(
    session: AsyncSession,
    context: Context,
    draft_id: UUID,
    body: DraftContent,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> DraftRead:
    """保存草稿.

    Raises:
        DraftNotFound, DraftOver, StaleVersion
    """
    draft = await held(session, draft_id, caller)
    require_match(draft.version, if_match)
    _fill(context, draft, body, caller=caller, at=at)
    await session.flush()
    return await _whole(session, context, draft)


def _fill(
    context: Context, draft: Draft, body: DraftContent, *, caller: Caller, at: datetime
) -> None:
    content = body.model_dump(mode="json", exclude={"matter_code"})
    told = content["applicant"].get("credit_code") or content["applicant"].get("identity_number")
    draft.sealed_body = context.vault.seal(
        json.dumps(content, ensure_ascii=False), context=_place(draft.id)
    )
    draft.identity_index = context.vault.blind_index(_as_typed(told)) if told else None
    touch(context, draft, caller=caller, at=at)


def touch(context: Context, draft: Draft, *, caller: Caller, at: datetime) -> None:
    """Note that a draft was worked on: by whom, where, and how long it is kept from now."""
    draft.last_site_id = caller.site_id
    draft.saved_at, draft.saved_by = at, caller.subject
    draft.next_due_at = rules.kept_until(at, context.settings.draft_days)


async def read(
    session: AsyncSession, context: Context, draft_id: UUID, *, caller: Caller
) -> DraftRead:
    """查看草稿: for whoever holds it alone.

    Raises:
        DraftNotFound
    """
    return await _whole(session, context, await held_to_read(session, draft_id, caller))


async def of_account(session: AsyncSession, caller: Caller, paging: Paging) -> Sequence[Draft]:
    """Return a page of the caller's own open drafts, and one more."""
    return await store.of_account(session, caller.subject, paging)


async def make_code(
    session: AsyncSession, context: Context, draft_id: UUID, *, caller: Caller, at: datetime
) -> CodeMade:
    """一次性接续码: resumes the draft once, at a window, a kiosk or at home; the last one counts.

    Raises:
        DraftNotFound, DraftOver
    """
    draft = await held(session, draft_id, caller)
    code = "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(rules.CODE_LENGTH))
    draft.code_index = context.vault.blind_index(_as_indexed(code))
    draft.code_ends_at = at + timedelta(hours=rules.CODE_HOURS)
    await session.flush()
    return CodeMade(code=code, ends_at=draft.code_ends_at)


async def resume(
    session: AsyncSession, context: Context, body: ResumeIn, *, caller: Caller, at: datetime
) -> DraftRead:
    """接续草稿: the same record goes on in other hands; who took it up is on the ledger.

    What is tried in vain is counted, and stays though the request is refused.

    Raises:
        DraftNotFound, TooManyTries, NotAllowed
    """
    key = f"draft:{body.number or caller.subject}"
    await progress.require_tries_left(session, key, at=at)
    if body.code is not None:
        typed = _as_indexed(body.code.strip().upper())
        draft = await store.by_code(session, context.vault.blind_indexes(typed), at=at)
    elif not caller.has(*_STAFF):
        raise NotAllowed(needed=list(_STAFF))
    else:
        indexes = context.vault.blind_indexes(_as_typed(body.identity_number or ""))
        draft = await store.by_number(session, body.number or "", indexes)
    if draft is None:
        async with writes.staying(session):
            await progress.note_miss(session, key, at=at)
        raise DraftNotFound
    if body.code is not None:
        draft.code_index = draft.code_ends_at = None
    if draft.owner_subject is None and not caller.has(*_STAFF):
        draft.owner_subject = caller.subject
    if caller.subject not in draft.holders:
        draft.holders = [*draft.holders, caller.subject]
    audit.note(
        session,
        actor=caller.subject,
        action="draft.resume",
        subject=str(draft.id),
        payload={"number": draft.number, "way": "code" if body.code is not None else "identity"},
    )
    await session.flush()
    return await _whole(session, context, draft)


async def hand_in(
    session: AsyncSession,
    context: Context,
    draft_id: UUID,
    body: HandIn,
    *,
    caller: Caller,
    if_match: str | None,
    at: datetime,
) -> CaseRead:
    """提交草稿: it becomes the case of the same id and number, its files too.

    Of the draft nothing is left.

    Raises:
        DraftNotFound, DraftOver, StaleVersion, and all that an application may be refused for
    """
    draft = await held(session, draft_id, caller)
    require_match(draft.version, if_match)
    whole = {**_opened(context, draft), **body.model_dump(mode="json")}
    if caller.has(*_STAFF):
        whole["applicant_subject"] = draft.owner_subject
    application = _as_application({**whole, "matter_code": draft.matter_code})
    case = await cases.submit(
        session, context, application, caller=caller, at=at, draft=(draft.id, draft.number)
    )
    handed_over = await drafted.hand_over(session, draft.id, {one.key for one in case.materials})
    _empty(draft, DraftState.SUBMITTED)
    await session.flush()
    settled = await actions.submitted(session, context, case, caller=caller, at=at)
    if not handed_over:
        return settled
    return await cases.read(session, context, draft.id, caller=caller, is_full=False)


def _as_application(whole: dict[str, Any]) -> CaseIn:
    try:
        return CaseIn.model_validate(whole)
    except ValidationError as fault:
        raise ApplicationIncomplete(
            errors=[
                Where.pointer(pointer_to(one["loc"]), sentences_of({**one}), one["type"])
                for one in fault.errors()
            ]
        ) from None


async def throw_away(
    session: AsyncSession, draft_id: UUID, *, caller: Caller, if_match: str | None
) -> None:
    """删除草稿.

    Raises:
        DraftNotFound, DraftOver, StaleVersion
    """
    draft = await held(session, draft_id, caller)
    require_match(draft.version, if_match)
    await session.delete(draft)
    await session.flush()


async def expire(session: AsyncSession, _context: Context, draft: Draft, _at: datetime) -> None:
    """草稿过期: what nobody went on with is forgotten, and nothing personal is left of it."""
    await drafted.forget(session, draft.id)
    _empty(draft, DraftState.EXPIRED)


async def exported(
    session: AsyncSession, context: Context, subject: str, *, limit: int
) -> list[dict[str, Any]]:
    """Return what is kept of an account's drafts, in full."""
    rows = await store.of_person(session, subject, limit=limit)
    files = await drafted.files_of(session, [one.id for one in rows])
    return [shown(context, one, files).model_dump(mode="json") for one in rows]


async def erase_of(session: AsyncSession, subject: str, *, limit: int) -> int:
    """Forget an account's drafts: nothing official was done with them. Return how many."""
    rows = await store.of_person(session, subject, limit=limit)
    for draft in rows:
        await session.delete(draft)
    return len(rows)


async def _whole(session: AsyncSession, context: Context, draft: Draft) -> DraftRead:
    return shown(context, draft, await drafted.files_of(session, [draft.id]))


def shown(context: Context, draft: Draft, files: Sequence[DraftMaterial]) -> DraftRead:
    """Return a draft as whoever holds it reads it, with those of `files` that are its own."""
    return DraftRead(
        id=draft.id,
        number=draft.number,
        matter_code=draft.matter_code,
        state=draft.state,
        saved_at=draft.saved_at,
        next_due_at=draft.next_due_at,
        version=draft.version,
        content=_opened(context, draft),
        last_site_id=draft.last_site_id,
        files=[DraftFile.model_validate(one) for one in files if one.draft_id == draft.id],
    )


async def held_to_read(session: AsyncSession, draft_id: UUID, caller: Caller) -> Draft:
    """Return the draft, where the caller holds it.

    Raises:
        DraftNotFound
    """
    draft = await store.find(session, draft_id)
    if draft is None or not _is_held(draft, caller):
        raise DraftNotFound
    return draft


async def held(session: AsyncSession, draft_id: UUID, caller: Caller) -> Draft:
    """Return the open draft, locked, where the caller holds it.

    Raises:
        DraftNotFound, DraftOver
    """
    draft = await store.lock(session, draft_id)
    if draft is None or not _is_held(draft, caller):
        raise DraftNotFound
    if draft.state is not DraftState.OPEN:
        raise DraftOver
    return draft


def _is_held(draft: Draft, caller: Caller) -> bool:
    return rules.holds(caller.subject, [draft.owner_subject, *draft.holders])


def _opened(context: Context, draft: Draft) -> dict[str, Any]:
    if not draft.sealed_body:
        return {}
    opened: dict[str, Any] = json.loads(
        context.vault.open(draft.sealed_body, context=_place(draft.id))
    )
    return opened


def _empty(draft: Draft, state: DraftState) -> None:
    draft.state, draft.next_due_at = state, None
    draft.sealed_body, draft.identity_index = b"", None
    draft.code_index = draft.code_ends_at = None


def _place(draft_id: UUID) -> str:
    return f"drafts.body:{draft_id}"


def _as_indexed(code: str) -> str:
    return f"drafts.code:{code}"


def _as_typed(number: str) -> str:
    return f"drafts.identity:{''.join(number.split()).upper()}"


DRAFT_DUTY = Duty("draft", Draft, expire)
