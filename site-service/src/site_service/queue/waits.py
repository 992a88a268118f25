"""The expected wait of a site's queue, played forward off the event loop and kept for a moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Self
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from site_service.queue import attendance, estimate, rules, store
from site_service.queue.estimate import Coming, Measured, OpenWindow, Probe, Wait, probe
from site_service.queue.policy import QueuePolicy
from site_service.queue.rules import Duty, Waiting
from site_service.queue.store import Head
from site_service.queue.tables import Ticket
from site_service.sites import service as sites
from site_service.sites.rules import WindowState
from tongban.clock import local_date
from tongban.context import Context

FRESH = timedelta(seconds=30)
"""So long an answer holds where nobody came, was called or left."""
MANY, FRESH_WITH_MANY = 40, timedelta(seconds=5)
"""Where many wait one more changes little: an answer holds for a moment all the same."""
HOUR = LATELY = timedelta(hours=1)
"""Who goes first comes as often as they came in this time."""
MEASURED_FRESH = timedelta(minutes=5)
MEASURED_SINCE = timedelta(days=28)
MEASURED_MOST = 2000
CLOCKS_DIFFER = timedelta(seconds=2)
"""Two machines' clocks do by so much, and one's own that is set back: nobody is overlooked."""
RESOURCE = "queue.waits"


@dataclass(frozen=True, slots=True)
class Situation:
    """A site's queue as it stands: who waits, and which windows call."""

    waiting: Sequence[Head]
    windows: Sequence[OpenWindow]


@dataclass
class _Known:
    """What was reckoned for a site, and when."""

    at: datetime
    of: Situation
    waits: dict[UUID, Wait]

    def holds(self, situation: Situation, at: datetime) -> bool:
        """Whether it still answers."""
        age = abs(at - self.at)
        if len(situation.waiting) >= MANY and age < FRESH_WITH_MANY:
            return True
        now, then = situation, self.of
        is_same = {one.id for one in now.waiting} == {one.id for one in then.waiting} and [
            one.busy_with for one in now.windows
        ] == [one.busy_with for one in then.windows]
        return is_same and age < FRESH


@dataclass
class Waits:
    """One process's answers, by site. Who asks while one is being reckoned waits for it."""

    context: Context
    _known: dict[str, _Known] = field(default_factory=dict)
    _measured: dict[str, tuple[datetime, Measured]] = field(default_factory=dict)
    _reckoning: dict[str, asyncio.Lock] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the process's own."""
        found: Self = context.resources.setdefault(RESOURCE, cls(context))
        return found

    async def of_newcomer(
        self, session: AsyncSession, ticket: Ticket, policy: QueuePolicy, *, at: datetime
    ) -> tuple[int, Wait | None]:
        """Return how many stand before one who takes this ticket now, and how long they wait."""
        situation = await self._situation(session, ticket.site_id, at)
        ahead = _ahead(ticket, situation, at, policy)
        if ticket.placed_at > at or ticket.due_at is not None:
            return ahead, None
        asking = Probe(
            id=_probe_id(ticket.site_id, ticket),
            area=ticket.area,
            is_green=ticket.is_green,
            is_partner=ticket.is_partner,
            call_class=ticket.call_class,
            placed_at=at,
        )
        known = await self._reckoned(session, ticket.site_id, situation, policy, at, asking=asking)
        return ahead, known.get(asking.id)

    async def of_ticket(
        self, session: AsyncSession, ticket: Ticket, policy: QueuePolicy, *, at: datetime
    ) -> tuple[int, Wait | None]:
        """Return how many stand before a ticket that waits, and how long it still waits."""
        if ticket.state is not rules.TicketState.WAITING or ticket.day != local_date(at):
            return 0, None
        situation = await self._situation(session, ticket.site_id, at)
        known = await self._reckoned(session, ticket.site_id, situation, policy, at)
        return _ahead(ticket, situation, at, policy), known.get(ticket.id)

    async def of_areas(
        self, session: AsyncSession, site_id: str, policy: QueuePolicy, *, at: datetime
    ) -> list[tuple[str, bool, Wait | None]]:
        """Return the wait of one who would come now, by business area and by class.

        When the day's hours are over nobody is given a number any more: none has a wait.
        """
        situation = await self._situation(session, site_id, at)
        today = await attendance.of_today(session, site_id, context=self.context, at=at)
        if today.is_over(at):
            return [
                (one.area, one.is_green, None) for one in _probes(site_id, situation, policy, at)
            ]
        known = await self._reckoned(session, site_id, situation, policy, at)
        return [
            (one.area, one.is_green, known.get(one.id))
            for one in _probes(site_id, situation, policy, at)
        ]

    async def _reckoned(
        self,
        session: AsyncSession,
        site_id: str,
        situation: Situation,
        policy: QueuePolicy,
        at: datetime,
        *,
        asking: Probe | None = None,
    ) -> dict[UUID, Wait]:
        async with self._reckoning.setdefault(site_id, asyncio.Lock()):
            known = self._known.get(site_id)
            if (
                known is not None
                and known.holds(situation, at)
                and (asking is None or asking.id in known.waits)
            ):
                return known.waits
            measured = await self.measured_at(session, site_id, at)
            probes = {one.id: one for one in _probes(site_id, situation, policy, at)}
            if asking is not None:
                probes[asking.id] = asking
            asked: list[Waiting] = [*situation.waiting, *probes.values()]
            told = await asyncio.to_thread(
                estimate.waits, asked, situation.windows, measured, now=at, policy=policy
            )
            self._known[site_id] = _Known(at, situation, told)
            return told

    async def measured_at(self, session: AsyncSession, site_id: str, at: datetime) -> Measured:
        """Return how long visits took at the site in the last weeks, and who came lately."""
        kept = self._measured.get(site_id)
        if kept is not None and abs(at - kept[0]) < MEASURED_FRESH:
            return kept[1]
        rows = await store.served_times(session, site_id, at - MEASURED_SINCE, most=MEASURED_MOST)
        by_area: dict[str, list[float]] = {}
        for area, seconds in rows:
            by_area.setdefault(area, []).append(seconds)
        came = await store.came(session, site_id, since=at - LATELY, until=at)
        coming = [
            Coming(area, call_class, is_green, is_partner, an_hour=count * (HOUR / LATELY))
            for area, call_class, is_green, is_partner, count in came
        ]
        measured = Measured(by_area, coming)
        self._measured[site_id] = at, measured
        return measured

    async def _situation(self, session: AsyncSession, site_id: str, at: datetime) -> Situation:
        """Return the queue as it stands, by the windows that call now or later in the day.

        After the site's hours those who still wait are called by whoever stayed.
        """
        windows = await sites.windows(session, site_id)
        ids = [window.id for window in windows]
        paused = await store.paused(session, ids)
        present = await store.at_windows(session, ids)
        today = await attendance.of_today(session, site_id, context=self.context, at=at)
        calling: list[OpenWindow] = []
        for window in windows:
            duty = rules.duty_of(window.kind, window.areas, window.id)
            if duty is None or window.state is not WindowState.OPEN or window.id in paused:
                continue
            calls_from = at if today.is_over(at) else today.calls_from([window.id], at)
            there = present.get(window.id)
            if there is not None or calls_from is not None:
                calling.append(_open_window(duty, there, at, calls_from or at))
        waiting = await store.all_waiting(session, site_id, local_date(at))
        return Situation([_here(one, at) for one in waiting], calling)


def _here(one: Head, at: datetime) -> Head:
    """Return somebody who took a number by a clock that is a little ahead as one who is here."""
    is_ahead = at < one.placed_at <= at + CLOCKS_DIFFER
    return replace(one, placed_at=at) if is_ahead else one


def _open_window(
    duty: Duty, ticket: Ticket | None, at: datetime, calls_from: datetime
) -> OpenWindow:
    if ticket is None:
        return OpenWindow(duty, opens_in=calls_from - at)
    spent = at - ticket.called_at if ticket.called_at else timedelta()
    history = (ticket.called_as or ticket.call_class,)
    return OpenWindow(duty, busy_with=ticket.area, busy_for=spent, history=history)


def _ahead(ticket: Waiting, situation: Situation, at: datetime, policy: QueuePolicy) -> int:
    """Count who stands before the ticket at the windows that may call it."""
    serving = [window.duty for window in situation.windows if window.duty.covers(ticket)]
    mine = (rules.standing(ticket, at, policy), ticket.id)
    return sum(
        1
        for other in situation.waiting
        if other.id != ticket.id
        and (rules.standing(other, at, policy), other.id) < mine
        and any(duty.covers(other) for duty in serving)
    )


def _probe_id(site_id: str, ticket: Waiting) -> UUID:
    return probe(
        site_id,
        ticket.area,
        is_partner=ticket.is_partner,
        call_class=ticket.call_class,
        is_green=ticket.is_green,
    )


def _probes(site_id: str, situation: Situation, policy: QueuePolicy, at: datetime) -> list[Probe]:
    """Return one who would come now for each kind of visit that the windows take."""
    areas = {area for window in situation.windows for area in window.duty.areas}
    areas |= {one.area for one in situation.waiting}
    return [
        Probe(
            id=probe(site_id, area, is_partner=False, call_class=one.code, is_green=one.is_green),
            area=area,
            is_green=one.is_green,
            is_partner=False,
            call_class=one.code,
            placed_at=at,
        )
        for area, one in product(sorted(areas), policy.classes)
    ]
