"""How an exchange moves in each mode, who holds the case, its light, the pauses of its messages."""

from datetime import date
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop_service.errors import MessageNotAllowed, OutOfTurn
from interop_service.exchanges import diagram
from interop_service.exchanges.modes import (
    MACHINES,
    Arrival,
    advance,
    arrival,
    hop,
    possible,
)
from interop_service.exchanges.rules import (
    HopClock,
    Light,
    MessageKind,
    Side,
    State,
    backoff_seconds,
    concert_outcome,
    light_of,
)
from interop_service.partners.rules import Mode

EVERY = set(product(Mode, State, MessageKind, Side))
ALLOWED = {
    (mode, state, kind, sender)
    for mode, machine in MACHINES.items()
    for (state, kind), move in machine.moves.items()
    for sender in move.senders
}
DOCUMENT = Path(__file__).parents[2] / "docs/interop/modes.md"


@pytest.mark.parametrize("at", sorted(ALLOWED), ids="-".join)
def test_a_message_of_the_table_leads_where_it_says(
    at: tuple[Mode, State, MessageKind, Side],
) -> None:
    mode, state, kind, sender = at

    target = MACHINES[mode].moves[state, kind].target

    assert advance(*at) is target
    assert kind in possible(mode, state, sender)
    assert target in MACHINES[mode].hops


@pytest.mark.parametrize("mode", Mode)
def test_any_other_message_is_refused_with_what_is_allowed(mode: Mode) -> None:
    ever = {(kind, sender) for one, _, kind, sender in ALLOWED if one is mode}
    for at in sorted(EVERY - ALLOWED):
        if at[0] is not mode:
            continue
        _, state, kind, sender = at
        with pytest.raises((OutOfTurn, MessageNotAllowed)) as refusal:
            advance(*at)

        if (kind, sender) in ever:
            assert isinstance(refusal.value, OutOfTurn)
            assert refusal.value.facts["possible"] == possible(mode, state, sender)
            assert kind not in refusal.value.facts["possible"]
        else:
            assert isinstance(refusal.value, MessageNotAllowed)
            assert kind not in refusal.value.facts["allowed"]


@pytest.mark.parametrize(("mode", "state"), sorted(product(Mode, State)))
def test_only_what_a_later_state_waits_for_comes_again(mode: Mode, state: State) -> None:
    """What no state ahead takes is receipted without effect, and never blocks what follows it."""
    for kind, sender in product(MessageKind, Side):
        try:
            found = arrival(mode, state, kind, sender)
        except MessageNotAllowed:
            continue
        ahead: set[State] = set()
        left = {state}
        while left:
            source = left.pop()
            found_now = {
                move.target
                for (at, _), move in MACHINES[mode].moves.items()
                if at is source and move.target is not source
            }
            left |= found_now - ahead
            ahead |= found_now
        waits = any((mode, later, kind, sender) in ALLOWED for later in ahead)
        if (mode, state, kind, sender) in ALLOWED:
            assert found is Arrival.TAKEN
        else:
            assert found is (Arrival.EARLY if waits else Arrival.LATE), (kind, sender)


def test_a_modes_responsibilities_are_as_the_rule_says() -> None:
    """收受分离: in proxy and joint the near window tells, takes corrections and hands over."""
    for mode in Mode:
        assert hop(mode, State.PREPARED).responsible is Side.NEAR
        assert hop(mode, State.PREPARED).clock is HopClock.FORWARD
        for state in (State.RECEIVED, State.ACCEPTED, State.SUSPENDED, State.DECIDED):
            assert hop(mode, state).responsible is Side.OWNER
        at_window = Side.OWNER if mode is Mode.ONLINE else Side.NEAR
        assert hop(mode, State.CORRECTING).responsible is at_window
        assert hop(mode, State.CONCLUDED).responsible is at_window
    near_decides = [
        (mode, kind)
        for mode, _, kind, sender in ALLOWED
        if sender is Side.NEAR
        and kind
        in (
            MessageKind.ACCEPTED,
            MessageKind.CORRECTIONS_REQUESTED,
            MessageKind.DECIDED,
            MessageKind.RESULT,
        )
    ]
    assert near_decides == []


def test_only_a_joint_case_is_told_of_in_concert() -> None:
    told = {mode for mode, _, kind, _ in ALLOWED if kind is MessageKind.CONCERT}

    assert told == {Mode.JOINT}


@pytest.mark.parametrize("mode", Mode)
def test_every_state_leads_to_an_end(mode: Mode) -> None:
    ends = {State.ARCHIVED, State.FAILED}
    sources = {state for state, _ in MACHINES[mode].moves}
    for state in set(State) - ends - ({State.HANDED_OVER} if mode is Mode.ONLINE else set()):
        assert state in sources


def test_the_document_shows_the_tables() -> None:
    """`python -m interop_service.exchanges.diagram docs/interop/modes.md` writes it."""
    text = DOCUMENT.read_text()

    assert diagram.written_into(text) == text


@given(st.dates(), st.dates())
def test_a_light_is_red_only_after_the_last_day(due_on: date, on: date) -> None:
    light = light_of(due_on, on=on)

    assert (light is Light.RED) is (on > due_on)
    assert (light is Light.YELLOW) is (on == due_on)


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        (["granted", "granted"], "granted"),
        (["granted", None], None),
        (["denied", None], None),
        (["granted", "denied"], "denied"),
        (["withdrawn", "declined"], "declined"),
        (["granted", "withdrawn"], "withdrawn"),
    ],
)
def test_one_refusal_refuses_a_joint_case(outcomes: list[str | None], whole: str | None) -> None:
    assert concert_outcome(outcomes) == whole


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 300), (5000, 300)]
)
def test_the_pauses_double_up_to_five_minutes(attempts: int, seconds: float) -> None:
    assert backoff_seconds(attempts, 1.0) == seconds
    assert backoff_seconds(attempts, 0.0) == seconds / 2


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_over_five_minutes_nor_none(attempts: int, chance: float) -> None:
    assert 0.5 <= backoff_seconds(attempts, chance) <= 300
