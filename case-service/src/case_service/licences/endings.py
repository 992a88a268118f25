"""Use cases of what ends a licence (注销、撤销、撤回、吊销): four acts, kept apart by law."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import history
from case_service.cases.tables import Case
from case_service.documents import service as documents
from case_service.events import CaseEvent, CaseLicenceChanged, CaseLicenceRevoked
from case_service.licences import rules, store, telling
from case_service.licences.errors import (
    EndingIncomplete,
    LicenceActNotAllowed,
    LicenceNotFound,
)
from case_service.licences.following import follow_end
from case_service.licences.rules import ENDINGS, TRANSITIONS
from case_service.licences.schemas import LicenceRead
from case_service.licences.service import COMPENSATION, REASON, holder_of, shown
from case_service.licences.tables import Licence
from case_service.licences.vocabulary import EndGround, LicenceAct, LicenceState
from case_service.notices import service as notices
from case_service.notices.rules import NoticeKind
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller
from tongban.messages import publish
from tongban.problems import Where

__all__ = ["end"]


async def end(
    session: AsyncSession,
    context: Context,
    licence_id: UUID,
    act: LicenceAct,
    *,
    ground: EndGround,
    reason: str,
    compensation: str | None = None,
    if_match: str | None,
    at: datetime,
    caller: Caller,
) -> tuple[LicenceRead, int]:
    """End a licence, draw up the decision that says so, and tell of it.

    A renewal that was granted ahead and has not begun goes on with what is ended now: it ends too,
    by a decision of its own.

    Raises:
        LicenceNotFound, StaleVersion
        LicenceActNotAllowed: it is ended already.
        EndingIncomplete: the act rests on another ground.
    """
    licence = await store.get_for_update(session, licence_id)
    if licence is None:
        raise LicenceNotFound
    require_match(licence.version, if_match)
    _require_allowed(licence, act)
    _require_ground(licence, act, ground)
    ending = Ending(act, ground, reason, compensation, at, caller)
    was_valid = licence.state is LicenceState.VALID
    await _end(session, context, licence, ending)
    if was_valid:
        for renewal in await store.not_begun(session, licence.id, on=local_date(at)):
            await _end(session, context, renewal, ending)
    await session.flush()
    return shown(context, licence, local_date(at)), licence.version


@dataclass(frozen=True)
class Ending:
    """By whom, when, how and why a licence ends."""

    act: LicenceAct
    ground: EndGround
    reason: str
    compensation: str | None
    at: datetime
    caller: Caller


async def _end(session: AsyncSession, context: Context, licence: Licence, ending: Ending) -> None:
    act, at = ending.act, ending.at
    today = local_date(at)
    case = await store.case_of(session, licence)
    was_valid = licence.state is LicenceState.VALID
    effective_on = rules.effective_on(act, valid_from=licence.valid_from, today=today)
    if was_valid:
        _note_end(context, licence, ending)
        licence.invalid_from = effective_on
    if act is LicenceAct.CANCEL:
        licence.struck_off_at = at
    licence.next_due_at = None
    telling.tell(session, licence)
    document = await documents.draw_up(
        session,
        context,
        case_id=case.id,
        case_number=case.number,
        kind=ENDINGS[act].document,
        facts=_facts(context, licence, ending, effective_on),
        at=at,
        drawn_up_by=ending.caller.subject,
    )
    kept = {"id": str(document.id), "kind": document.kind.value, "number": document.number}
    case.documents = [*case.documents, kept]
    if was_valid:
        notices.tell(session, case, NoticeKind.LICENCE_ENDED, at, licence_number=licence.number)
    publish(session, _told(case, licence, act, effective_on, at=at), of=case)
    if was_valid:
        await follow_end(session, context, case, licence, act, at=at)
    _put_on_record(session, case, licence, ending)


def _require_allowed(licence: Licence, act: LicenceAct) -> None:
    allowed = rules.acts_from(licence.state, is_struck_off=licence.struck_off_at is not None)
    if act not in allowed:
        raise LicenceActNotAllowed(
            state=licence.state.value, allowed="、".join(one.value for one in allowed) or "—"
        )


def _require_ground(licence: Licence, act: LicenceAct, ground: EndGround) -> None:
    grounds = rules.grounds_for(act, licence.state)
    if ground not in grounds:
        choices = "、".join(one.value for one in grounds)
        told = {
            "zh-CN": f"此操作的法定情形为：{choices}",
            "en": f"this act rests on one of: {choices}",
        }
        raise EndingIncomplete(errors=[Where.pointer("/ground", told, "ground")])


def _note_end(context: Context, licence: Licence, ending: Ending) -> None:
    licence.state = TRANSITIONS[licence.state, ending.act]
    licence.ended_at, licence.ended_by = ending.at, ending.caller.subject
    licence.end_ground = ending.ground
    licence.sealed_reason = context.vault.seal(ending.reason, context=REASON)
    if ending.compensation is not None:
        licence.sealed_compensation = context.vault.seal(ending.compensation, context=COMPENSATION)


def _facts(
    context: Context, licence: Licence, ending: Ending, effective_on: date
) -> dict[str, Any]:
    law = ENDINGS[ending.act].law
    return {
        "applicant_name": holder_of(context, licence)["name"],
        "matter_name": licence.name,
        "licence_number": licence.number,
        "reason": ending.reason,
        "compensation": ending.compensation,
        "effective_on": effective_on,
        "law": law["zh-CN"],
        "english_law": law["en"],
    }


def _told(
    case: Case, licence: Licence, act: LicenceAct, effective_on: date, *, at: datetime
) -> CaseEvent:
    told: dict[str, Any] = {
        "case_id": case.id,
        "number": case.number,
        "exchange_id": case.exchange_id,
        "at": at,
        "licence_id": licence.id,
        "licence_type": licence.licence_type,
    }
    if act is LicenceAct.REVOKE:
        return CaseLicenceRevoked(**told)
    change = TRANSITIONS[LicenceState.VALID, act].value
    return CaseLicenceChanged(**told, change=change, effective_from=effective_on)


def _put_on_record(session: AsyncSession, case: Case, licence: Licence, ending: Ending) -> None:
    act, caller = ending.act, ending.caller
    role = next((role for role in sorted(ENDINGS[act].roles) if caller.has(role)), None)
    named = {"licence_number": licence.number}
    history.note(
        session,
        case,
        action=f"{act.value}_licence",
        actor=caller.subject,
        actor_role=role,
        at=ending.at,
        facts=named,
        payload=named,
    )
    audit.note(
        session,
        actor=caller.subject,
        action=f"licence.{act.value}",
        subject=str(licence.id),
        payload={"number": licence.number, "ground": ending.ground.value},
    )
