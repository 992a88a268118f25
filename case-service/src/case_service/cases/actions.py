"""Taking an action on a case (办理操作): the lock, the rules, and one statement for the step.

What each action checks, changes and tells is in `front`, `owed`, `joint`, `pauses`, `back` and
`endings`. People and the machine go by the same table, timeline, ledger and events.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance import authorities
from case_service.bundles.following import waiting_for_parts
from case_service.cases import (
    application,
    assigning,
    back,
    endings,
    front,
    joint,
    owed,
    party,
    pauses,
    rules,
    steps,
    store,
)
from case_service.cases.action_body import ActionIn
from case_service.cases.reading import case_facts, shown
from case_service.cases.refusals import OutOfOrder
from case_service.cases.rules import Action, Stage
from case_service.cases.schemas import CaseRead
from case_service.cases.service import require_visible, role_of
from case_service.cases.step import Effect, Step
from case_service.cases.tables import Case, Review
from case_service.errors import CaseNotFound
from case_service.matters.service import matters_of
from tongban import conditions
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller

__all__ = ["act", "act_by_machine", "decide_at_once", "go_on", "submitted", "supplemented"]

MACHINE = "system"
SKEW = timedelta(seconds=30)
"""So far two processes' clocks may be apart without a step counting as dated too early."""

Files = Sequence[Mapping[str, Any]]


async def act(
    session: AsyncSession,
    context: Context,
    case_id: UUID,
    action: Action,
    body: ActionIn,
    *,
    caller: Caller,
    at: datetime,
    if_match: str | None,
) -> CaseRead:
    """Take one action on a case, as the rules allow it.

    Raises:
        CaseNotFound, ForeignSite, StaleVersion, ActionNotAllowed, NotAllowed, SamePerson,
        HelperMayNotDecide, AssignedToAnother, ActionIncomplete, MaterialsMissing, and those of
        `refusals`
    """
    found = await store.get_with_files(session, case_id, is_locked=True)
    if found is None:
        raise CaseNotFound
    case, files = found
    require_visible(case, caller)
    await authorities.require(session, case, action.value, caller=caller, at=at)
    require_match(case.version, if_match)
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    reviews = await _reviews(session, case)
    waits = case.id in await waiting_for_parts(session, [case])
    facts = case_facts(case, matter, reviews, waits_for_parts=waits)
    transition = rules.advance(
        facts,
        action,
        subject=caller.subject,
        roles=caller.roles,
        department=caller.department,
    )
    step = Step(
        session,
        context,
        case,
        files,
        matter,
        body,
        caller,
        at=_in_order(case, at),
        target=transition.leads_to(facts),
        reviews=reviews,
    )
    await _take(step, action, role=role_of(caller))
    matter, reviews = step.matter, list(step.reviews)
    if action in (Action.RECEIVE, Action.CORRECT):
        await decide_at_once(session, context, case, files, at=step.at)
    return shown(
        case,
        matter,
        files,
        vault=context.vault,
        caller=caller,
        reviews=reviews,
        waits_for_parts=waits,
    )


async def act_by_machine(
    session: AsyncSession,
    context: Context,
    case: Case,
    action: Action,
    *,
    at: datetime,
    facts: Mapping[str, Any],
    files: Files | None = None,
    actor: str = MACHINE,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Take an action that nobody but the machine takes, on a locked case.

    `actor` is another district where its message is what brings it about, and `changes` what that
    changes besides.

    `facts` are what the body of the action would tell, such as a termination's `ground`; or
    `deemed` for an acceptance by silence, or the `rule` by which it is decided.

    Raises:
        ActionNotAllowed: the table does not let the machine, or not now.
    """
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    waits = case.id in await waiting_for_parts(session, [case])
    known = replace(
        case_facts(case, matter, waits_for_parts=waits), is_rule_decided="rule" in facts
    )
    transition = rules.advance_by_machine(known, action)
    if files is None:
        files = [{"key": file.key} for file in await store.files_of(session, case.id)]
    step = Step(
        session,
        context,
        case,
        files,
        matter,
        ActionIn.model_validate({name: facts[name] for name in facts if name in _TOLD}),
        Caller(actor, frozenset(), context.settings.district),
        at=_in_order(case, at),
        target=transition.leads_to(known),
        machine=facts,
    )
    await _take(step, action, role=MACHINE, besides=changes)


async def go_on(session: AsyncSession, context: Context, case: Case, *, at: datetime) -> None:
    """Let a locked case go on by the matter's own rule, once what held it back is there."""
    files = [{"key": file.key} for file in await store.files_of(session, case.id)]
    await decide_at_once(session, context, case, files, at=at)


async def decide_at_once(
    session: AsyncSession, context: Context, case: Case, files: Files, *, at: datetime
) -> bool:
    """秒批: accept and decide by the matter's own rule, where all is there and the rule holds.

    Returns whether it did; else the case goes the ordinary way. A case applied for by oneself is
    received on the way.
    """
    if case.stage not in _DECIDED_AT_ONCE or case.owner_district != case.district:
        return False
    if case.stage is Stage.ACCEPTED and (case.accepted_by != MACHINE or case.deemed_accepted):
        return False
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    rule = matter.content.instant_rule
    if rule is None or (case.stage is Stage.SUBMITTED and case.channel not in _BY_ONESELF):
        return False
    whole = party.opened(context.vault, case.sealed_party, case_id=case.id)
    known = application.facts_of(case.situation_answers, whole["form"])
    uploaded = frozenset(file["key"] for file in files)
    if not application.rule_holds(matter.content, known, evidence=case.evidence, uploaded=uploaded):
        return False
    used = {name: known[name] for name in sorted(conditions.facts_used(rule)) if name in known}
    on_record = {
        "matter_version": matter.version,
        "condition": rule.model_dump(mode="json"),
        # Keyed: what few values a fact can have can't be tried out.
        "facts_digest": context.vault.blind_index(json.dumps(used)).hex(),
    }
    told: Mapping[Action, dict[str, Any]] = {
        Action.RECEIVE: {},
        Action.ACCEPT: {},
        Action.DECIDE: {"outcome": "granted"},
    }
    for action, facts in told.items():
        if action is Action.RECEIVE and case.stage is not Stage.SUBMITTED:
            continue
        if action is Action.ACCEPT and case.stage is Stage.ACCEPTED:
            continue
        if action is Action.DECIDE and case.fee_due_cents:
            break  # it goes on from here once the fee is paid
        await act_by_machine(
            session, context, case, action, at=at, facts={**facts, "rule": on_record}, files=files
        )
    return True


async def submitted(
    session: AsyncSession, context: Context, case: CaseRead, *, caller: Caller, at: datetime
) -> CaseRead:
    """Return the case just submitted as it is once its matter's rule, if any, was held to it."""
    matter = await matters_of(context).version(session, case.matter.code, case.matter.version)
    if matter.content.instant_rule is None:
        return case
    found = await store.get_with_files(session, case.id, is_locked=True)
    if found is None:
        raise AssertionError("a case just stored is there")
    row, files = found
    if not await decide_at_once(session, context, row, files, at=at):
        return case
    return shown(row, matter, files, vault=context.vault, caller=caller)


async def supplemented(
    session: AsyncSession, context: Context, case_id: UUID, *, at: datetime
) -> int:
    """Hold the matter's rule, if any, to a case that a material came in for; return its version.

    Raises:
        CaseNotFound: there is none.
    """
    case = await store.find(session, case_id)
    if case is None:
        raise CaseNotFound
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    if matter.content.instant_rule is None:
        return case.version
    found = await store.get_with_files(session, case_id, is_locked=True)
    if found is None:
        raise CaseNotFound
    case, files = found
    await decide_at_once(session, context, case, files, at=at)
    return case.version


_TOLD = frozenset(ActionIn.model_fields)
_DECIDED_AT_ONCE = frozenset({Stage.SUBMITTED, Stage.RECEIVED, Stage.ACCEPTED})
_BY_ONESELF = frozenset({rules.Channel.ONLINE, rules.Channel.KIOSK})


async def _take(
    step: Step, action: Action, *, role: str, besides: Mapping[str, Any] | None = None
) -> None:
    effect = await EFFECTS[action](step)
    changes = {**step.moved(effect.changes), **effect.changes, **(besides or {})}
    if "next_due_at" not in effect.changes:
        changes |= await step.dates(effect.changes)
    await steps.take(
        step.session,
        step.case,
        changes,
        action=action.value,
        actor=step.caller.subject,
        actor_role=role,
        site_id=step.caller.site_id,
        at=step.at,
        comment=step.body.comment,
        facts=effect.facts,
        events=effect.events,
    )


async def _reviews(session: AsyncSession, case: Case) -> list[Review]:
    if case.review_round == 0:
        return []
    return await store.reviews_of(session, case.id, case.review_round)


def _in_order(case: Case, at: datetime) -> datetime:
    """Return when the step counts as taken: never before the one that it follows.

    Raises:
        OutOfOrder: its date is earlier by more than clocks are apart.
    """
    instants = (
        case.submitted_at,
        case.received_at,
        case.notified_at,
        case.corrected_at,
        case.accepted_at,
        case.decided_at,
        case.forwarded_at,
        case.closed_at,
        case.reopened_at,
        case.step_started_at,
    )
    last = max(instant for instant in instants if instant is not None)
    if at < last - SKEW:
        raise OutOfOrder(last=last.isoformat(timespec="seconds"))
    return max(at, last)


EFFECTS: Mapping[Action, Callable[[Step], Awaitable[Effect]]] = MappingProxyType(
    {
        Action.RECEIVE: front.receive,
        Action.PRE_CHECK: front.pre_check,
        Action.REQUEST_CORRECTION: front.request_correction,
        Action.CORRECT: front.correct,
        Action.ACCEPT: front.accept,
        Action.DECLINE: front.decline,
        Action.FORWARD: front.forward,
        Action.SUPPLY: owed.supply,
        Action.CHECK_COMMITMENT: owed.check_commitment,
        Action.REQUEST_REVIEWS: joint.request_reviews,
        Action.GIVE_OPINION: joint.give_opinion,
        Action.REVIEW: joint.review,
        Action.SUSPEND: pauses.suspend,
        Action.RESUME: pauses.resume,
        Action.EXTEND: pauses.extend,
        Action.DECIDE: back.decide,
        Action.ISSUE: back.issue,
        Action.DELIVER: back.deliver,
        Action.CLOSE: back.close,
        Action.REPORT_OUTSIDE: back.report_outside,
        Action.ESCALATE: back.escalate,
        Action.CLAIM: assigning.claim,
        Action.ASSIGN: assigning.assign,
        Action.HAND_OVER: assigning.hand_over,
        Action.WITHDRAW: endings.withdraw,
        Action.TERMINATE: endings.terminate,
        Action.REOPEN: endings.reopen,
        Action.NOTE_REVIEW: endings.note_review,
    }
)
