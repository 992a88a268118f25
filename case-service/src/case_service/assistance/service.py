"""Use cases of assistance: put it on record, list it, say who may no longer decide."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from case_service.assistance import rules, store
from case_service.assistance.schemas import AssistanceIn, AssistanceRead, HelpedWith
from case_service.assistance.store import helpers_of
from case_service.assistance.tables import Assistance
from case_service.cases import history
from case_service.cases.rules import FINAL
from case_service.cases.schemas import Words
from case_service.cases.tables import Case, TimelineEntry
from case_service.cases.words import STEPS
from tongban.clock import local_date
from tongban.identity import Caller, Role
from tongban.paging import Paging, page_of

__all__ = ["helpers_of", "of_case", "record", "shown"]


async def record(
    session: AsyncSession, case: Case, given: AssistanceIn, *, caller: Caller, at: datetime
) -> Assistance:
    """帮办代办: put on record who helps with a case; `case` is locked by the caller.

    Raises:
        AuthorisationMissing, AuthorisationNotAsked, AuthorisationEnded, CaseFinished,
        AuthorityEvidenceMissing, DeciderMayNotHelp: see the rules.
    """
    rules.check(
        mode=given.mode,
        authorisation=given.authorisation,
        evidence=given.evidence,
        until=given.until,
        today=local_date(at),
        is_finished=case.stage in FINAL,
        helper=caller.subject,
        deciders=frozenset(filter(None, (case.reviewed_by, case.decided_by))),
    )
    assistance = Assistance(
        case_id=case.id,
        mode=given.mode,
        helper=caller.subject,
        helper_name=given.helper_name,
        steps=[step.value for step in given.steps],
        authorisation=given.authorisation,
        evidence=given.evidence,
        actions=given.actions,
        until=given.until,
        at=at,
    )
    session.add(assistance)
    if caller.subject not in case.helpers:
        case.helpers = [*case.helpers, caller.subject]
    history.note(
        session,
        case,
        action=given.mode.value,
        actor=caller.subject,
        actor_role=Role.HELPER,
        site_id=caller.site_id,
        at=at,
        facts={"helper_name": given.helper_name, "steps": assistance.steps},
        payload={
            "steps": assistance.steps,
            "authorisation": given.authorisation.value if given.authorisation else None,
        },
    )
    await session.flush()
    return assistance


async def of_case(
    session: AsyncSession, case_id: UUID, paging: Paging
) -> tuple[list[AssistanceRead], str | None]:
    """Return a page of who helped with a case, in order, each with everything he did."""
    rows = await store.of_case(session, case_id, paging)
    page, cursor = page_of(rows, paging, key=lambda row: (row.id,))
    did = await store.done_by(session, case_id, {row.helper for row in page})
    return [shown(row, did) for row in page], cursor


def shown(row: Assistance, did: Sequence[TimelineEntry] = ()) -> AssistanceRead:
    """Return help on record, with what its helper did."""
    return AssistanceRead(
        id=row.id,
        case_id=row.case_id,
        mode=row.mode,
        helper_name=row.helper_name,
        steps=row.steps,
        authorisation=row.authorisation,
        until=row.until,
        evidence=row.evidence,
        actions=row.actions,
        at=row.at,
        did=[
            HelpedWith(
                at=entry.at,
                action=entry.action,
                action_name=Words(zh=STEPS[entry.action]["zh-CN"], en=STEPS[entry.action]["en"]),
            )
            for entry in did
            if entry.actor == row.helper
        ],
    )
