"""Taking an action on a case (办理操作): the lock, the rules, and one statement for the step.

What each action checks, changes and tells is in `front` and `back`.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.cases import back, front, rules, steps, store
from case_service.cases.reading import case_facts, shown
from case_service.cases.rules import Action
from case_service.cases.schemas import ActionIn, CaseRead
from case_service.cases.service import require_visible, role_of
from case_service.cases.step import Effect, Step
from case_service.errors import (
    CaseNotFound,
)
from case_service.matters.service import matters_of
from tongban.context import Context
from tongban.etags import require_match
from tongban.identity import Caller

__all__ = ["act"]


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
        HelperMayNotDecide, ActionIncomplete, MaterialsMissing
    """
    found = await store.get_with_files(session, case_id, is_locked=True)
    if found is None:
        raise CaseNotFound
    case, files = found
    require_visible(case, caller)
    require_match(case.version, if_match)
    matter = await matters_of(context).version(session, case.matter_code, case.matter_version)
    transition = rules.advance(
        case_facts(case, matter), action, subject=caller.subject, roles=caller.roles
    )
    step = Step(session, context, case, files, matter, body, caller, at)
    effect = await EFFECTS[action](step)
    await steps.take(
        session,
        case,
        {"stage": transition.target, **effect.changes},
        action=action.value,
        actor=caller.subject,
        actor_role=role_of(caller),
        site_id=caller.site_id,
        at=at,
        comment=body.comment,
        facts=effect.facts,
        events=effect.events,
    )
    return shown(case, step.matter, files, vault=context.vault, caller=caller)


EFFECTS: Mapping[Action, Callable[[Step], Awaitable[Effect]]] = MappingProxyType(
    {
        Action.RECEIVE: front.receive,
        Action.PRE_CHECK: front.pre_check,
        Action.REQUEST_CORRECTION: front.request_correction,
        Action.CORRECT: front.correct,
        Action.ACCEPT: front.accept,
        Action.DECLINE: front.decline,
        Action.FORWARD: front.forward,
        Action.REVIEW: back.review,
        Action.DECIDE: back.decide,
        Action.ISSUE: back.issue,
        Action.DELIVER: back.deliver,
        Action.CLOSE: back.close,
        Action.WITHDRAW: back.withdraw,
    }
)
