"""The choice among a service's processes: never a dead one while another lives, and fair."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.balance import aside_seconds, choose

NOW = 100.0


@dataclass
class Process:
    in_flight: int = 0
    aside_until: float = 0.0


processes = st.lists(
    st.builds(
        Process,
        in_flight=st.integers(0, 5),
        aside_until=st.sampled_from([0.0, NOW, NOW + 1, NOW + 2]),
    ),
    min_size=1,
    max_size=6,
)


@given(processes, st.data())
def test_the_least_busy_of_those_that_are_up_is_asked(
    known: list[Process], data: st.DataObject
) -> None:
    last = data.draw(st.integers(0, len(known) - 1))
    tried = data.draw(st.sets(st.integers(0, len(known) - 1)))

    chosen = choose(known, now=NOW, last=last, tried=tried)

    left = [index for index in range(len(known)) if index not in tried]
    up = [index for index in left if known[index].aside_until <= NOW]
    if not left:
        assert chosen is None
    elif up:
        assert chosen in up
        assert known[chosen].in_flight == min(known[index].in_flight for index in up)
    else:
        assert chosen in left
        assert known[chosen].aside_until == min(known[index].aside_until for index in left)


@given(processes)
def test_each_is_tried_once_before_the_service_counts_as_down(known: list[Process]) -> None:
    tried: list[int] = []
    while (chosen := choose(known, now=NOW, last=0, tried=tried)) is not None:
        tried.append(chosen)

    assert sorted(tried) == list(range(len(known)))


@given(st.integers(1, 6), st.integers(1, 50), st.booleans())
def test_none_is_ever_more_than_one_request_ahead(count: int, requests: int, stay: bool) -> None:
    known = [Process() for _ in range(count)]
    asked: Counter[int] = Counter({index: 0 for index in range(count)})
    last = count - 1

    for _ in range(requests):
        chosen = choose(known, now=NOW, last=last)
        assert chosen is not None
        last = chosen
        asked[chosen] += 1
        known[chosen].in_flight += stay

    assert max(asked.values()) - min(asked.values()) <= 1


@given(st.integers(2, 5), st.lists(st.integers(0, 9), max_size=60))
def test_whatever_order_they_answer_in_the_load_stays_within_one(
    count: int, steps: list[int]
) -> None:
    """Each step asks; an odd one first lets the busiest answer."""
    known = [Process() for _ in range(count)]
    last = 0
    for step in steps:
        if step % 2:
            busiest = max(known, key=lambda one: one.in_flight)
            busiest.in_flight = max(0, busiest.in_flight - 1)
        chosen = choose(known, now=NOW, last=last)
        assert chosen is not None
        last = chosen
        known[chosen].in_flight += 1

        loads = [one.in_flight for one in known]
        assert max(loads) - min(loads) <= 1


@pytest.mark.parametrize(
    ("refusals", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (10_000, 15)]
)
def test_a_dead_one_is_spared_twice_as_long_each_time(refusals: int, seconds: float) -> None:
    assert aside_seconds(refusals) == seconds
