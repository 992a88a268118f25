"""Where an appointment can be (可约时段): a site's numbers, its open quarters, its free windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.appointments import rules, store
from site_service.appointments.errors import SlotNotOffered, SlotTaken
from site_service.appointments.rules import (
    QUARTER,
    USUAL,
    AppointmentPolicy,
    Placed,
    Slot,
    WantedVisit,
)
from site_service.appointments.tables import Appointment, AppointmentRules
from site_service.errors import MatterNotHere, NoWindowForMatter, SiteClosed
from site_service.queue import service as queue
from site_service.queue.estimate import Standing
from site_service.queue.policy import ORDINARY
from site_service.rosters import service as rosters
from site_service.sites import registry
from site_service.sites import service as sites
from site_service.sites.rules import SiteState
from site_service.sites.tables import Site
from tongban import audit
from tongban.clock import SHANGHAI, local_date, start_of
from tongban.context import Context
from tongban.identity import Caller
from tongban.ids import new_id

NEAREST = 5


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit that was asked for, and where it can be."""

    matter_code: str
    area: str
    is_partner: bool
    wanted: WantedVisit


async def policy_of(session: AsyncSession, site_id: str) -> AppointmentPolicy:
    """Return the site's numbers for appointments."""
    row = await store.rules_of(session, site_id)
    return USUAL if row is None else AppointmentPolicy.model_validate(row.policy)


async def policy(session: AsyncSession, site_id: str) -> AppointmentPolicy:
    """Return the numbers of a site that is there.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    return await policy_of(session, site_id)


async def keep_policy(
    session: AsyncSession, site_id: str, wanted: AppointmentPolicy, *, caller: Caller
) -> AppointmentPolicy:
    """Give the site numbers of its own; what is booked stays.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get_for_change(session, site_id)
    row, kept = await store.rules_for_update(session, site_id), wanted.model_dump(mode="json")
    if row is None:
        session.add(AppointmentRules(site_id=site_id, policy=kept))
    else:
        row.policy = kept
    audit.note(
        session,
        actor=caller.subject,
        action="appointments.policy_kept",
        subject=site_id,
        payload=kept,
    )
    await session.flush()
    return wanted


async def slots(
    session: AsyncSession,
    site_id: str,
    matter_codes: Sequence[str],
    day: date,
    *,
    context: Context,
    at: datetime,
) -> list[Slot]:
    """Return the times of the day at which these matters can be begun.

    Raises:
        SiteNotFound: 404.
        SiteClosed, MatterNotHere, NoWindowForMatter: 409.
    """
    site, policy = await open_site(session, site_id), await policy_of(session, site_id)
    planned = await plan(session, site_id, matter_codes, policy, context, at)
    if not is_offered_on(day, at, policy):
        return []
    open_quarters = await open_quarters_of(session, site, day, context)
    nobody = await rosters.unstaffed(session, site_id, open_quarters, context=context)
    return rules.slots(
        [one.wanted for one in planned],
        open_quarters=open_quarters,
        taken=nobody | await taken_on(session, planned, day),
        earliest=at + timedelta(minutes=policy.notice_minutes),
    )


async def open_quarters_of(
    session: AsyncSession, site: Site, day: date, context: Context
) -> list[datetime]:
    """Return the day's quarter hours at which the site is open."""
    calendar = await sites.calendar(session, context)
    times = await sites.open_times(session, site, day, every=QUARTER, calendar=calendar)
    if site.state is SiteState.CLOSED and site.closed_until is not None:
        return [at for at in times if at >= site.closed_until]
    return times


async def open_site(session: AsyncSession, site_id: str) -> Site:
    site = await sites.get(session, site_id)
    if site.state is not SiteState.OPEN and site.closed_until is None:
        others = await registry.alternatives(session, site)
        raise SiteClosed(
            reason=site.closed_reason,
            reopens_at=site.closed_until,
            names=[one["name"] for one in others],
            other_sites=others,
        )
    return site


def is_offered_on(day: date, at: datetime, policy: AppointmentPolicy) -> bool:
    today = local_date(at)
    return today <= day <= today + timedelta(days=policy.days_ahead)


async def plan(
    session: AsyncSession,
    site_id: str,
    matter_codes: Sequence[str],
    policy: AppointmentPolicy,
    context: Context,
    at: datetime,
) -> list[Planned]:
    """Return the visits, each with its length and the windows that may be booked for it."""
    windows = await sites.windows(session, site_id)
    measured = await queue.visit_seconds(session, site_id, context=context, at=at)
    planned: list[Planned] = []
    for code in matter_codes:
        there = await sites.matter_there(session, site_id, code)
        if not there.is_handled or there.area is None:
            others = await queue.other_sites(session, site_id, code, there)
            raise MatterNotHere(names=[one["name"] for one in others], other_sites=others)
        visitor = Standing(new_id(), there.area, False, there.is_partner, ORDINARY, at)
        ids = [window.id for window in queue.windows_for(visitor, windows)]
        if not ids:
            others = await queue.other_sites(session, site_id, code, there)
            raise NoWindowForMatter(names=[one["name"] for one in others], other_sites=others)
        quarters = rules.quarters_for(measured.by_area.get(there.area, ()))
        wanted = WantedVisit(quarters, rules.bookable(ids, policy.bookable_percent))
        planned.append(Planned(code, there.area, there.is_partner, wanted))
    return planned


async def taken_on(
    session: AsyncSession, planned: Sequence[Planned], day: date
) -> set[tuple[UUID, datetime]]:
    window_ids = {window_id for one in planned for window_id in one.wanted.window_ids}
    begins = start_of(day)
    return await store.taken(session, window_ids, begins, begins + timedelta(days=1))


async def place_visits(
    session: AsyncSession,
    appointment: Appointment,
    planned: Sequence[Planned],
    starts_at: datetime,
    policy: AppointmentPolicy,
    context: Context,
    at: datetime,
) -> list[Placed]:
    """Find windows for the visits, while nobody else books on that day."""
    starts_at = starts_at.astimezone(UTC)
    site_id, day = appointment.site_id, local_date(starts_at)
    earliest = at + timedelta(minutes=policy.notice_minutes)
    site = await sites.get(session, site_id)
    open_quarters = await open_quarters_of(session, site, day, context)
    is_offered = is_offered_on(day, at, policy) and starts_at >= earliest
    if not is_offered or starts_at not in open_quarters:
        raise SlotNotOffered(site_id=site_id, days=policy.days_ahead)
    visits = [one.wanted for one in planned]
    # Where a window has a roster, it takes nobody while nobody stands there.
    nobody = await rosters.unstaffed(session, site_id, open_quarters, context=context)
    taken = nobody | await taken_on(session, planned, day)
    placed = rules.place(visits, starts_at, open_quarters={*open_quarters}, taken=taken)
    if placed is not None:
        # It seems free. What is full is refused without waiting for those who book.
        await store.lock_day(session, site_id, day)
        taken = nobody | await taken_on(session, planned, day)
        placed = rules.place(visits, starts_at, open_quarters={*open_quarters}, taken=taken)
    if placed is None:
        offered = rules.slots(visits, open_quarters=open_quarters, taken=taken, earliest=earliest)
        nearest = sorted(offered, key=lambda one: abs(one.starts_at - starts_at))[:NEAREST]
        raise SlotTaken(free=[one.starts_at.astimezone(SHANGHAI) for one in nearest])
    return placed


async def keep_place(
    session: AsyncSession,
    appointment: Appointment,
    placed: Sequence[Placed],
    policy: AppointmentPolicy,
) -> None:
    starts_at = placed[0].starts_at
    appointment.day = local_date(starts_at)
    appointment.starts_at, appointment.ends_at = starts_at, placed[-1].ends_at
    times = rules.check_in_times(starts_at, policy)
    appointment.next_due_at = times.closes_at
    await session.flush()
    cells = [cell for one in placed for cell in one.cells()]
    await store.take(session, appointment.id, cells)
