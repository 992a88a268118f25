"""The expected wait: the queue played forward."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from site_service.queue.estimate import Coming, Measured, OpenWindow, Probe, Standing, waits
from site_service.queue.policy import ORDINARY, USUAL
from site_service.queue.rules import Duty

NOW = datetime(2026, 10, 12, 1, 30, tzinfo=UTC)
ANY = Duty(frozenset())
TEN_MINUTES = Measured({"tax": [600.0] * 10})


def standing(nth: int, *, is_green: bool = False, area: str = "tax") -> Standing:
    """Return one who came the nth."""
    came = NOW - timedelta(minutes=20) + timedelta(seconds=nth)
    call_class = "green" if is_green else ORDINARY
    return Standing(UUID(int=nth), area, is_green, False, call_class, came)


def test_where_every_visit_takes_ten_minutes_the_wait_is_sure() -> None:
    waiting = [standing(nth) for nth in range(1, 6)]

    told = waits(waiting, [OpenWindow(ANY)] * 2, TEN_MINUTES, now=NOW, policy=USUAL)

    middles = [told[one.id].middle for one in waiting]
    assert middles == [0, 0, 10, 10, 20]
    assert all(one.low == one.middle == one.high for one in told.values())


def test_who_is_at_the_window_is_waited_for() -> None:
    busy = OpenWindow(ANY, busy_with="tax", busy_for=timedelta(minutes=4))

    told = waits([standing(1)], [busy], TEN_MINUTES, now=NOW, policy=USUAL)

    assert told[UUID(int=1)].middle == 6


def test_whom_no_window_takes_is_told_nothing() -> None:
    only_tax = OpenWindow(Duty(frozenset({"tax"})))

    told = waits([standing(1, area="family")], [only_tax], TEN_MINUTES, now=NOW, policy=USUAL)

    assert told == {}


def test_who_only_asks_takes_no_time_of_anybody() -> None:
    asking = Probe(UUID(int=9), "tax", True, False, "green", NOW)

    told = waits([standing(1), asking], [OpenWindow(ANY)], TEN_MINUTES, now=NOW, policy=USUAL)

    assert told[UUID(int=1)].middle == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5))
def test_more_windows_never_make_the_wait_longer(people: int, windows: int) -> None:
    waiting = [standing(nth, is_green=nth % 3 == 0) for nth in range(1, people + 1)]

    few, more = (
        waits(waiting, [OpenWindow(ANY)] * count, TEN_MINUTES, now=NOW, policy=USUAL)
        for count in (windows, windows + 1)
    )

    assert sum(one.middle for one in more.values()) <= sum(one.middle for one in few.values())


def test_who_is_yet_to_come_and_goes_first_is_reckoned_with() -> None:
    """Six green visitors an hour, half an hour ahead of who is ordinary: three more visits."""
    waiting = [standing(nth) for nth in range(1, 5)]
    coming = [
        Coming("tax", "green", True, False, an_hour=6.0),
        Coming("tax", ORDINARY, False, False, 60.0),
    ]
    busier = Measured(TEN_MINUTES.by_area, coming)

    alone = waits(waiting, [OpenWindow(ANY)], TEN_MINUTES, now=NOW, policy=USUAL)
    told = waits(waiting, [OpenWindow(ANY)], busier, now=NOW, policy=USUAL)

    last = waiting[-1].id
    assert alone[last].middle == 30
    # Whoever is ordinary and comes later changes nothing.
    assert 40 <= told[last].middle <= 60
    assert told[last].low < told[last].high
    assert told.keys() == alone.keys()
