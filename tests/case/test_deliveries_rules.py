"""What may be done with a delivery, by every way and in every state."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from case_service.deliveries.errors import DeliveryStepNotAllowed
from case_service.deliveries.rules import (
    DeliveryState,
    DeliveryStep,
    DeliveryWay,
    advance,
    locker_ends_at,
    new_code,
    steps_from,
    way_called,
)

EVERY = list(product(DeliveryState, DeliveryWay, DeliveryStep))


@pytest.mark.parametrize(("state", "way", "step"), EVERY)
def test_a_step_that_is_not_listed_is_refused_with_those_that_are(
    state: DeliveryState, way: DeliveryWay, step: DeliveryStep
) -> None:
    allowed = steps_from(state, way)
    if step in allowed:
        assert advance(state, way, step) is not state
        return

    with pytest.raises(DeliveryStepNotAllowed) as refusal:
        advance(state, way, step)

    assert refusal.value.facts["allowed"] == allowed


@pytest.mark.parametrize("way", DeliveryWay)
@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.RETURNED])
def test_what_has_arrived_or_come_back_stays_so(state: DeliveryState, way: DeliveryWay) -> None:
    assert steps_from(state, way) == []


@pytest.mark.parametrize("way", sorted(set(DeliveryWay) - {DeliveryWay.COUNTER}))
def test_nothing_arrives_before_it_was_sent(way: DeliveryWay) -> None:
    assert DeliveryStep.CONFIRM not in steps_from(DeliveryState.PREPARED, way)


def test_the_counter_hands_over_without_sending() -> None:
    counter = DeliveryWay.COUNTER

    assert advance(DeliveryState.PREPARED, counter, DeliveryStep.CONFIRM) is DeliveryState.DELIVERED
    assert DeliveryStep.SEND not in steps_from(DeliveryState.PREPARED, counter)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (None, DeliveryWay.COUNTER),
        ("window", DeliveryWay.COUNTER),
        ("online", DeliveryWay.ONLINE),
        ("pigeon", None),
    ],
)
def test_ways_are_known_by_name(name: str | None, way: DeliveryWay | None) -> None:
    assert way_called(name) is way


def test_a_locker_keeps_things_three_days() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)

    assert locker_ends_at(at) - at == timedelta(days=3)


def test_a_code_has_six_digits() -> None:
    codes = {new_code() for _ in range(200)}

    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 190
