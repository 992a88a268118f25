"""Work lists (工作台): what waits for the caller, the most urgent first, with what he can do."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.bundles.following import waiting_for_parts
from case_service.cases import party, rules, store, work_store
from case_service.cases.listing import SUMMARY
from case_service.cases.reading import case_facts, said
from case_service.cases.refusals import NoDepartment, NoSite
from case_service.cases.rules import FINAL, TRANSITIONS, Action, Stage
from case_service.cases.schemas import WorkItem
from case_service.cases.tables import NEVER, Case, Review, as_read
from case_service.cases.words import STAGES
from case_service.matters.service import matters_of
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.paging import Page, Paging, page_of

__all__ = ["Scope", "stages_waiting_for", "worklist"]

NUMBER = re.compile(r"[0-9]{21}")
TAIL = re.compile(r"[0-9]{4}")

# What moves a case on: a stage waits for the role that may take one of these.
MOVING = frozenset(
    {
        Action.RECEIVE,
        Action.ACCEPT,
        Action.REVIEW,
        Action.RESUME,
        Action.DECIDE,
        Action.ISSUE,
        Action.DELIVER,
        Action.CLOSE,
    }
)


class Scope(StrEnum):
    """Whose work is listed."""

    MINE = "mine"  # 我的
    ROLE = "role"  # 待领取
    DEPARTMENT = "department"  # 本部门
    SITE = "site"  # 本网点


def stages_waiting_for(roles: Iterable[Role]) -> list[Stage]:
    """Return the stages in which one of these roles may move a case on, in a case's order.

    None that ends a case: what is left to do then is no waiting work of a role's.
    """
    held = frozenset(roles)
    waiting = {
        stage
        for (stage, action), transition in TRANSITIONS.items()
        if stage not in FINAL and action in MOVING and not held.isdisjoint(transition.roles)
    }
    return [stage for stage in Stage if stage in waiting]


async def worklist(
    session: AsyncSession,
    context: Context,
    scope: Scope,
    paging: Paging,
    *,
    caller: Caller,
    site_id: str | None,
    sought: str | None,
    is_open: bool,
) -> Page[WorkItem]:
    """Return a page of one list, or of all the cases he may see that are called as `sought`.

    Raises:
        NoDepartment, NoSite: the list is of a department, or a site, and none is told.
        ForeignSite: he works at another.
        CursorInvalid: 422.
    """
    if sought is not None:
        rows = await work_store.find(
            session, caller, is_open=is_open, paging=paging, **_ways(context, sought)
        )
    else:
        rows = await work_store.page(session, caller, _orders(scope, caller, site_id), paging)
    kept, cursor = page_of(rows, paging, key=lambda row: (row["work_due_on"], row["id"]))
    return Page(items=await _items(session, context, kept, caller), next_cursor=cursor)


def _ways(context: Context, sought: str) -> dict[str, Any]:
    """Tell a number from the tail of a phone, and that from a name."""
    vault = context.vault
    if NUMBER.fullmatch(sought):
        return {"number": sought, "names": [], "phones": []}
    if TAIL.fullmatch(sought):
        return {
            "number": None,
            "names": [],
            "phones": vault.blind_indexes(party.tail_sought(sought)),
        }
    return {"number": None, "names": vault.blind_indexes(party.name_sought(sought)), "phones": []}


def _orders(scope: Scope, caller: Caller, site_id: str | None) -> list[work_store.Order]:
    match scope:
        case Scope.MINE:
            return [{"assigned_to": caller.subject}]
        case Scope.ROLE:
            return [
                {"stage": stage, "assigned_to": None} for stage in stages_waiting_for(caller.roles)
            ]
        case Scope.DEPARTMENT:
            if caller.department is None:
                raise NoDepartment
            return [{"department": caller.department}]
        case Scope.SITE:
            site = site_id or caller.site_id
            if site is None:
                raise NoSite
            caller.require_site(site)
            return [{"site_id": site}]


async def _items(
    session: AsyncSession, context: Context, rows: Sequence[RowMapping], caller: Caller
) -> list[WorkItem]:
    matters = matters_of(context)
    await matters.know(session, {(row["matter_code"], row["matter_version"]) for row in rows})
    cases = [as_read({**row}) for row in rows]
    reviews = await _reviews(session, cases)
    waiting = await waiting_for_parts(session, cases)
    items = []
    for case in cases:
        matter = await matters.version(session, case.matter_code, case.matter_version)
        facts = case_facts(
            case, matter, reviews.get(case.id, []), waits_for_parts=case.id in waiting
        )
        items.append(
            WorkItem(
                **{name: getattr(case, name) for name in SUMMARY},
                stage_name=said(STAGES[case.stage]),
                department=case.department,
                light=case.light,
                step_light=case.step_light,
                due_on=None if case.work_due_on == NEVER else case.work_due_on,
                assigned_to=case.assigned_to,
                green_channel=case.green_channel,
                actions=rules.actions_for(
                    facts,
                    subject=caller.subject,
                    roles=caller.roles,
                    department=caller.department,
                ),
            )
        )
    return items


async def _reviews(session: AsyncSession, cases: Sequence[Case]) -> dict[Any, list[Review]]:
    """Return the opinions of each joint case's current round."""
    rounds = {case.id: case.review_round for case in cases if case.review_round}
    found: dict[Any, list[Review]] = {}
    for review in await store.reviews_of_many(session, list(rounds)) if rounds else ():
        if review.round == rounds[review.case_id]:
            found.setdefault(review.case_id, []).append(review)
    return found
