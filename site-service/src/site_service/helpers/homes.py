"""Use cases of home visits (上门服务): ask, schedule, come, call off."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.errors import MatterNotHere
from site_service.events import (
    HomeVisitCancelled,
    HomeVisitDone,
    HomeVisitRequested,
    HomeVisitScheduled,
)
from site_service.helpers import rules, store
from site_service.helpers.errors import HomeVisitAhead, HomeVisitNotFound, NotTheHelper
from site_service.helpers.rules import Candidate, HomeVisitAction, HomeVisitState
from site_service.helpers.schemas import HomeVisitIn
from site_service.helpers.tables import HomeVisit
from site_service.queue import service as queue
from site_service.queue.service import SITE_STAFF
from site_service.rosters import service as rosters
from site_service.sites import service as sites
from tongban import audit, gb
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller, Role
from tongban.ids import new_id
from tongban.messages import publish
from tongban.paging import Paging, page_of
from tongban.problems import MalformedRequest, Where
from tongban.vault import Vault

SEALED_FOR = "home_visits.{}"
MOST_AHEAD = timedelta(days=90)
LONGEST = timedelta(hours=8)


async def request(
    session: AsyncSession, asked: HomeVisitIn, *, context: Context, caller: Caller, at: datetime
) -> HomeVisit:
    """Ask that a helper comes; name, phone and address are sealed.

    Raises:
        SiteNotFound: 404.
        MatterNotHere: 409, with the nearest sites that handle it.
    """
    today = local_date(at)
    if not today <= asked.wanted_from or asked.wanted_until > today + MOST_AHEAD:
        said = {
            "zh-CN": f"应从今天起 {MOST_AHEAD.days} 天内",
            "en": f"must lie within {MOST_AHEAD.days} days from today",
        }
        raise MalformedRequest(errors=[Where.pointer("/wanted_from", said, "order")])
    for code in asked.matter_codes:
        there = await sites.matter_there(session, asked.site_id, code)
        if not there.is_handled:
            others = await queue.other_sites(session, asked.site_id, code, there)
            raise MatterNotHere(names=[one["name"] for one in others], other_sites=others)
    vault = context.vault
    visit = HomeVisit(
        id=new_id(),
        site_id=asked.site_id,
        matter_codes=list(asked.matter_codes),
        needs=sorted(asked.needs),
        wanted_from=asked.wanted_from,
        wanted_until=asked.wanted_until,
        name=vault.seal(asked.name, context=SEALED_FOR.format("name")),
        phone=vault.seal(asked.phone, context=SEALED_FOR.format("phone")),
        address=vault.seal(asked.address, context=SEALED_FOR.format("address")),
        requested_by=caller.subject,
        state=HomeVisitState.REQUESTED,
        steps=[],
    )
    session.add(visit)
    publish(session, HomeVisitRequested(**_facts(visit, at)), of=visit)
    await session.flush()
    return visit


def _facts(visit: HomeVisit, at: datetime) -> dict[str, Any]:
    return {
        "home_visit_id": visit.id,
        "site_id": visit.site_id,
        "matters": list(visit.matter_codes),
        "helper_id": visit.helper_id,
        "starts_at": visit.starts_at,
        "at": at,
    }


async def get(session: AsyncSession, visit_id: UUID, *, caller: Caller) -> HomeVisit:
    """Return one's own, or one of the site that one works for.

    Raises:
        HomeVisitNotFound: 404.
    """
    return _seen_by(caller, await store.home(session, visit_id))


async def get_for_change(session: AsyncSession, visit_id: UUID, *, caller: Caller) -> HomeVisit:
    """Return one's own, or one of the site that one works for, locked.

    Raises:
        HomeVisitNotFound: 404.
    """
    return _seen_by(caller, await store.home_for_update(session, visit_id))


def _seen_by(caller: Caller, visit: HomeVisit | None) -> HomeVisit:
    if visit is None:
        raise HomeVisitNotFound
    is_staff_there = caller.has(*SITE_STAFF) and caller.site_id in (None, visit.site_id)
    if caller.subject != visit.requested_by and not is_staff_there:
        raise HomeVisitNotFound
    return visit


async def schedule(
    session: AsyncSession,
    visit: HomeVisit,
    helper: str | None,
    *,
    starts_at: datetime,
    minutes: int,
    context: Context,
    at: datetime,
) -> HomeVisit:
    """Say which helper comes, and when; scheduled again it moves.

    Raises:
        HomeVisitActionNotAllowed: 409.
        HelperNotOnDuty, HelperBusy, NoHelperFree: 409.
    """
    state = rules.advance(visit.state, HomeVisitAction.SCHEDULE)
    day = local_date(starts_at)
    if starts_at <= at or not visit.wanted_from <= day <= visit.wanted_until:
        said = {
            "zh-CN": f"应晚于现在，并在 {visit.wanted_from} 至 {visit.wanted_until} 之间",
            "en": f"must lie ahead, from {visit.wanted_from} until {visit.wanted_until}",
        }
        raise MalformedRequest(errors=[Where.pointer("/starts_at", said, "order")])
    await store.lock_helpers(session, visit.site_id)
    candidates = await _candidates(session, visit, starts_at, minutes, context)
    found = rules.chosen(candidates, helper)
    visit.state, visit.helper_id = state, found.id
    visit.starts_at, visit.minutes = starts_at, minutes
    publish(session, HomeVisitScheduled(**_facts(visit, at)), of=visit)
    await session.flush()
    return visit


async def _candidates(
    session: AsyncSession, visit: HomeVisit, starts_at: datetime, minutes: int, context: Context
) -> list[Candidate]:
    length = timedelta(minutes=minutes)
    members = await rosters.helpers(session, visit.site_id, starts_at, context=context)
    leave = await rosters.helpers(
        session, visit.site_id, starts_at + length - timedelta(minutes=1), context=context
    )
    stays = {one.id for one, is_on_duty in leave if is_on_duty}
    ids = [one.id for one, _ in members]
    others = await store.homes_of(
        session, ids, starts_at - LONGEST, starts_at + length, besides=visit.id
    )
    planned = await store.planned_then(session, ids, starts_at, starts_at + length)

    def is_busy(member_id: UUID) -> bool:
        own = [
            (one.starts_at, timedelta(minutes=one.minutes))
            for one in others
            if one.helper_id == member_id and one.starts_at and one.minutes
        ]
        return member_id in planned or rules.overlaps(starts_at, length, own)

    return [
        Candidate(
            id=one.id,
            subject=one.subject,
            name=one.name,
            is_on_duty=is_on_duty and one.id in stays,
            is_busy=is_busy(one.id),
            helped_today=sum(1 for each in others if each.helper_id == one.id),
        )
        for one, is_on_duty in members
    ]


async def finish(
    session: AsyncSession,
    visit: HomeVisit,
    steps: Sequence[str],
    outcome: str,
    *,
    caller: Caller,
    at: datetime,
) -> HomeVisit:
    """Note what was done at the home, by the helper who came.

    Raises:
        HomeVisitActionNotAllowed: 409.
        HomeVisitAhead: 409, it is for a later day.
        NotTheHelper: 403.
    """
    state = rules.advance(visit.state, HomeVisitAction.FINISH)
    await _require_helper(session, visit, caller)
    if visit.starts_at is not None and local_date(visit.starts_at) > local_date(at):
        raise HomeVisitAhead(starts_at=visit.starts_at)
    visit.state, visit.done_at = state, at
    visit.steps, visit.outcome = sorted({*steps}), outcome
    publish(session, HomeVisitDone(**_facts(visit, at)), of=visit)
    await session.flush()
    return visit


async def _require_helper(session: AsyncSession, visit: HomeVisit, caller: Caller) -> None:
    if caller.has(Role.SITE_MANAGER, Role.ADMIN):
        return
    members = await rosters.names(session, [visit.helper_id] if visit.helper_id else [])
    helper = members.get(visit.helper_id) if visit.helper_id else None
    if helper is None or helper.subject != caller.subject:
        raise NotTheHelper(helper=helper.name if helper else "—")


async def cancel(session: AsyncSession, visit: HomeVisit, *, at: datetime) -> HomeVisit:
    """Call it off.

    Raises:
        HomeVisitActionNotAllowed: 409.
    """
    visit.state = rules.advance(visit.state, HomeVisitAction.CANCEL)
    publish(session, HomeVisitCancelled(**_facts(visit, at)), of=visit)
    await session.flush()
    return visit


async def contact(
    session: AsyncSession, visit: HomeVisit, *, context: Context, caller: Caller
) -> dict[str, str]:
    """Return name, phone and address in full, for who comes or manages; it goes on record.

    Raises:
        NotTheHelper: 403.
    """
    if caller.subject != visit.requested_by:
        await _require_helper(session, visit, caller)
        audit.note(
            session,
            actor=caller.subject,
            action="home_visit.read_full",
            subject=str(visit.id),
            payload={"fields": ["name", "phone", "address"]},
        )
        await session.flush()
    return {field: _opened(visit, field, context.vault) for field in ("name", "phone", "address")}


def _opened(visit: HomeVisit, field: str, vault: Vault) -> str:
    return vault.open_text(getattr(visit, field), context=SEALED_FOR.format(field))


async def listed(
    session: AsyncSession,
    paging: Paging,
    *,
    site_id: str | None,
    state: HomeVisitState | None,
    caller: Caller,
) -> tuple[list[HomeVisit], str | None]:
    """Return a page of one's own, or of the site's that one works for, newest first.

    Raises:
        ForeignSite: 403.
    """
    is_staff = caller.has(*SITE_STAFF)
    if is_staff:
        caller.require_site(site_id)
        site_id = site_id or caller.site_id
    requested_by = None if is_staff and site_id is not None else caller.subject
    found = await store.homes(
        session, paging, site_id=site_id, requested_by=requested_by, state=state
    )
    return page_of(found, paging, key=lambda one: (one.id,))


async def told(
    session: AsyncSession, visits: Sequence[HomeVisit], *, context: Context
) -> list[dict[str, Any]]:
    """Return home visits as lists show them: whose they are is masked."""
    members = await rosters.names(session, {one.helper_id for one in visits if one.helper_id})
    found = []
    for one in visits:
        helper = members.get(one.helper_id) if one.helper_id else None
        row = {
            name: getattr(one, name)
            for name in (
                "id",
                "site_id",
                "matter_codes",
                "needs",
                "wanted_from",
                "wanted_until",
                "state",
                "starts_at",
                "minutes",
                "steps",
                "outcome",
                "done_at",
                "version",
            )
        }
        found.append(
            {
                **row,
                "name": gb.mask_name(_opened(one, "name", context.vault)),
                "phone": gb.mask_phone(_opened(one, "phone", context.vault)),
                "actions": rules.actions_from(one.state),
                "helper": helper and helper.subject,
                "helper_name": helper and helper.name,
            }
        )
    return found
