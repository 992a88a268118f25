"""The table by which an exchange moves, who holds the case, and the pauses between attempts."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop_service.errors import OutOfTurn
from interop_service.exchanges.rules import (
    TRANSITIONS,
    Side,
    State,
    Step,
    advance,
    backoff_seconds,
    holder,
    steps_from,
)

EVERY = set(product(Side, State, Step))


@pytest.mark.parametrize(("at", "after"), TRANSITIONS.items())
def test_a_step_of_the_table_is_taken(at: tuple[Side, State, Step], after: State) -> None:
    assert advance(*at) is after


@pytest.mark.parametrize("at", sorted(EVERY - set(TRANSITIONS)))
def test_any_other_step_is_out_of_turn(at: tuple[Side, State, Step]) -> None:
    side, state, step = at

    with pytest.raises(OutOfTurn) as refusal:
        advance(side, state, step)

    assert step not in refusal.value.facts["possible"]


REACHED = {(side, state) for side, state, _ in TRANSITIONS} | {
    (side, after) for (side, _, _), after in TRANSITIONS.items()
}


@pytest.mark.parametrize(("side", "state"), sorted(REACHED))
def test_somebody_holds_the_case_at_every_point(side: Side, state: State) -> None:
    assert holder(side, state) in Side


@pytest.mark.parametrize("state", [State.PREPARED, State.SENT])
def test_a_case_is_ours_until_its_receipt_is_here(state: State) -> None:
    assert holder(Side.NEAR, state) is Side.NEAR


@pytest.mark.parametrize("end", [State.CONCLUDED, State.FAILED])
def test_nothing_follows_an_end(end: State) -> None:
    assert steps_from(Side.NEAR, end) == []


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 300), (5000, 300)]
)
def test_the_pauses_double_up_to_five_minutes(attempts: int, seconds: float) -> None:
    assert backoff_seconds(attempts, 1.0) == seconds
    assert backoff_seconds(attempts, 0.0) == seconds / 2


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_over_five_minutes_nor_none(attempts: int, chance: float) -> None:
    assert 0.5 <= backoff_seconds(attempts, chance) <= 300
