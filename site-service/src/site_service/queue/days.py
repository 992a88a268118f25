"""Use cases of a site's day: its rule, windows that pause, the end of the day, midnight."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from site_service.events import TicketLapsed
from site_service.queue import notes, rules, store
from site_service.queue.policy import QueuePolicy
from site_service.queue.rules import TicketAction
from site_service.queue.service import facts_of, note_of, policy_of
from site_service.queue.tables import QueueRules, WindowPause
from site_service.sites import service as sites
from tongban import audit
from tongban.clock import local_date
from tongban.context import Context
from tongban.identity import Caller
from tongban.messages import publish

ROUND = 500

log = structlog.get_logger(__name__)


async def policy(session: AsyncSession, site_id: str) -> QueuePolicy:
    """Return the site's rule of calls.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    return await policy_of(session, site_id)


async def keep_policy(
    session: AsyncSession, site_id: str, wanted: QueuePolicy, *, caller: Caller
) -> QueuePolicy:
    """Give the site a rule of its own, from the next call on.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get_for_change(session, site_id)
    row = await store.rules_for_update(session, site_id)
    kept = wanted.model_dump(mode="json")
    if row is None:
        session.add(QueueRules(site_id=site_id, policy=kept))
    else:
        row.policy = kept
    audit.note(
        session,
        actor=caller.subject,
        action="queue.policy_kept",
        subject=site_id,
        payload=kept,
    )
    await session.flush()
    return wanted


async def pause(
    session: AsyncSession,
    window_id: UUID,
    *,
    reason: str | None,
    caller: Caller,
    at: datetime,
) -> None:
    """Let the window call nobody; whom it has is served. What was meant for it alone is freed.

    Raises:
        WindowNotFound: 404.
    """
    window = await sites.lock_window(session, window_id)
    caller.require_site(window.site_id)
    if await store.pause_of(session, window_id) is not None:
        return
    session.add(
        WindowPause(window_id=window_id, reason=reason, paused_at=at, paused_by=caller.subject)
    )
    await store.release_from(session, window_id)
    facts = {"window_id": str(window_id), "window_number": window.number}
    await notes.write(session, window.site_id, "paused", facts, at=at)


async def resume(session: AsyncSession, window_id: UUID, *, caller: Caller, at: datetime) -> None:
    """Let the window call again.

    Raises:
        WindowNotFound: 404.
    """
    window = await sites.lock_window(session, window_id)
    caller.require_site(window.site_id)
    paused = await store.pause_of(session, window_id)
    if paused is None:
        return
    await session.delete(paused)
    facts = {"window_id": str(window_id), "window_number": window.number}
    await notes.write(session, window.site_id, "resumed", facts, at=at)


async def close(session: AsyncSession, site_id: str, *, caller: Caller, at: datetime) -> None:
    """Give no more tickets today; those who wait are still called.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    today = local_date(at)
    if await store.close_day(session, site_id, today, at=at, by=caller.subject):
        await notes.write(session, site_id, "day_closed", {"day": today.isoformat()}, at=at)


async def reopen(session: AsyncSession, site_id: str, *, caller: Caller, at: datetime) -> None:
    """Give tickets again today.

    Raises:
        SiteNotFound: 404.
    """
    await sites.get(session, site_id)
    today = local_date(at)
    closed = await store.closed_day(session, site_id, today)
    if closed is None:
        return
    await session.delete(closed)
    log.info("queue.reopened", site_id=site_id, by=caller.subject)
    await notes.write(session, site_id, "day_reopened", {"day": today.isoformat()}, at=at)


async def end_of_day(session: AsyncSession, context: Context) -> None:
    """Let the tickets of earlier days lapse, and forget old notes.

    Who is being served at midnight is served to the end.
    """
    at = context.clock()
    lapsed = await store.unfinished_before(session, local_date(at), limit=ROUND)
    for ticket in lapsed:
        ticket.state = rules.advance(ticket.state, TicketAction.LAPSE)
        publish(session, TicketLapsed(**facts_of(ticket, at)), of=ticket)
    await session.flush()
    # Site by site in one order: two workers never wait for each other's stream.
    for ticket in sorted(lapsed, key=lambda one: one.site_id):
        await notes.write(session, ticket.site_id, "lapsed", note_of(ticket), at=at)
    await notes.forget(session, before=at - notes.KEPT)
