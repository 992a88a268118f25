"""How long one will wait, with its spread (预计等候): the queue, played forward many times.

Pure. Each run lets the windows that are open call by the very rule that they call by, and gives
each visit a time drawn from those measured there. What is told is the middle of the runs and the
edges within which eight of ten lie. Those who are yet to come and go first, as the green channel
does, come in each run as often as they came lately.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import simpy

from site_service.queue.policy import QueuePolicy
from site_service.queue.rules import Duty, Waiting, class_now, next_ticket

USUAL_SERVICE = timedelta(minutes=8)
"""Where nothing was measured yet; a visit is then taken to vary as such visits do."""
USUAL_SPREAD = 0.5
FEW = 8
"""With fewer measured visits an area goes by those of the whole site."""
MOST_RUNS, FEWEST_RUNS, LOOKS = 120, 12, 60_000
"""A run looks at each one who waits at each call: so many looks in all, or a little more."""
HORIZON = timedelta(hours=10)
PROBES = UUID("0192f0c1-7b1e-7000-8000-00000000beef")


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window that calls, and for how long it has had the visitor it has."""

    duty: Duty
    busy_with: str | None = None
    """The business area of the visitor who is there now."""
    busy_for: timedelta = timedelta()
    history: tuple[str, ...] = ()
    opens_in: timedelta = timedelta()
    """How long until somebody stands there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One who waits, as the rule looks at them."""

    id: UUID
    area: str
    is_green: bool
    is_partner: bool
    call_class: str
    placed_at: datetime
    due_at: datetime | None = None
    for_window_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """A kind of visitor, and how many of them come in an hour."""

    area: str
    call_class: str
    is_green: bool
    is_partner: bool
    an_hour: float


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait in minutes: nine of ten wait at least `low`, half `middle`, one in ten `high`."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Measured:
    """Visits' times as they were measured, in seconds, by business area; and who came lately."""

    by_area: Mapping[str, Sequence[float]] = field(default_factory=dict)
    coming: Sequence[Coming] = ()

    def draw(self, area: str, rng: np.random.Generator) -> float:
        """Return a visit's time."""
        known = self.by_area.get(area, ())
        if len(known) < FEW:
            known = [one for times in self.by_area.values() for one in times]
        if len(known) < FEW:
            usual = USUAL_SERVICE.total_seconds()
            drawn = rng.lognormal(np.log(usual) - USUAL_SPREAD**2 / 2, USUAL_SPREAD)
            return float(drawn)
        return float(known[int(rng.integers(len(known)))])

    def rest(self, area: str, spent: float, rng: np.random.Generator) -> float:
        """Return how much longer a visit takes that has lasted so long."""
        for _ in range(8):
            if (drawn := self.draw(area, rng)) > spent:
                return drawn - spent
        return self.draw(area, rng) / 2


def waits(
    waiting: Sequence[Waiting],
    windows: Sequence[OpenWindow],
    measured: Measured,
    *,
    now: datetime,
    policy: QueuePolicy,
    seed: int = 0,
) -> dict[UUID, Wait]:
    """Return each waiting one's wait; those whom no open window takes are left out."""
    runs = max(FEWEST_RUNS, min(MOST_RUNS, LOOKS // max(1, len(waiting)) ** 2))
    told: dict[UUID, list[float]] = {one.id: [] for one in waiting}
    for run in range(runs):
        rng = np.random.default_rng((seed, run))
        later = [one for kind in measured.coming for one in _arrivals(kind, now, policy, rng)]
        played = _Run([*waiting, *later], windows, measured, now, policy, rng).play(told)
        for key, minutes in played.items():
            told[key].append(minutes)
    return {key: _told(minutes) for key, minutes in told.items() if len(minutes) == runs}


def _arrivals(
    kind: Coming, now: datetime, policy: QueuePolicy, rng: np.random.Generator
) -> Iterator[Standing]:
    """Yield those who come while they may still overtake somebody who is here now."""
    head_start = policy.head_start(kind.call_class)
    for nth in range(int(rng.poisson(kind.an_hour * (head_start / timedelta(hours=1))))):
        yield Standing(
            id=uuid5(PROBES, f"{kind.area}/{kind.call_class}/{kind.is_partner}/{nth}"),
            area=kind.area,
            is_green=kind.is_green,
            is_partner=kind.is_partner,
            call_class=kind.call_class,
            placed_at=now + head_start * float(rng.random()),
        )


def probe(site: str, area: str, *, is_partner: bool, call_class: str, is_green: bool) -> UUID:
    """Return the id of one who would come now: the same for the same question."""
    return uuid5(PROBES, f"{site}/{area}/{is_partner}/{call_class}/{is_green}")


def _told(minutes: Sequence[float]) -> Wait:
    low, middle, high = np.percentile(minutes, [10, 50, 90])
    return Wait(low=int(low), middle=int(np.ceil(middle)), high=int(np.ceil(high)))


class _Run:
    """One way in which the day may go on."""

    def __init__(
        self,
        waiting: Sequence[Waiting],
        windows: Sequence[OpenWindow],
        measured: Measured,
        now: datetime,
        policy: QueuePolicy,
        rng: np.random.Generator,
    ) -> None:
        self._waiting = {one.id: one for one in waiting}
        self._windows = windows
        self._measured = measured
        self._now = now
        self._policy = policy
        self._rng = rng
        self._clock = simpy.Environment()
        self._minutes: dict[UUID, float] = {}
        self._left: set[UUID] = set()

    def play(self, asked: Collection[UUID]) -> dict[UUID, float]:
        """Let every window call until nobody is left for it; return what those asked for waited."""
        self._left = {*asked}
        for window in self._windows:
            self._clock.process(self._serve(window))
        opens_in = max((window.opens_in for window in self._windows), default=timedelta())
        self._clock.run(until=(opens_in + HORIZON).total_seconds())
        return self._minutes

    def _serve(self, window: OpenWindow) -> Generator[simpy.Event, object, None]:
        history = list(window.history)
        if window.busy_with is not None:
            spent = window.busy_for.total_seconds()
            yield self._clock.timeout(self._measured.rest(window.busy_with, spent, self._rng))
        elif window.opens_in:
            yield self._clock.timeout(window.opens_in.total_seconds())
        while self._left:
            at = self._now + timedelta(seconds=self._clock.now)
            called = next_ticket(
                self._waiting.values(),
                now=at,
                duty=window.duty,
                history=history,
                policy=self._policy,
            )
            if called is None:
                if (pause := self._until_next(window.duty, at)) is None:
                    return
                yield self._clock.timeout(pause)
                continue
            del self._waiting[called.id]
            if called.id in self._left:
                waited = at - max(self._now, called.placed_at)
                self._minutes[called.id] = max(0.0, waited.total_seconds() / 60)
                self._left.remove(called.id)
            if isinstance(called, Probe):
                continue
            history.insert(0, class_now(called, at, self._policy))
            yield self._clock.timeout(self._measured.draw(called.area, self._rng))

    def _until_next(self, duty: Duty, at: datetime) -> float | None:
        """Return the seconds until somebody for this window comes; None where nobody will."""
        coming = [
            (one.placed_at - at).total_seconds()
            for one in self._waiting.values()
            if duty.covers(one)
        ]
        return max(min(coming), 0.001) if coming else None


class Probe(Standing):
    """One who would come now: asks how long it takes, and takes no time of anybody."""

    __slots__ = ()
