"""The order of calls, the green channel, the life of a ticket."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_service.errors import TicketActionNotAllowed
from site_service.queue.rules import (
    GREEN_CALLS_IN_A_ROW,
    LONG_WAIT,
    TRANSITIONS,
    Duty,
    Need,
    TicketAction,
    TicketState,
    Visitor,
    advance,
    duty_of,
    expected_wait,
    next_ticket,
    number_of,
)
from site_service.sites.rules import WindowKind
from support.identities import identity_number

OPENING = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)
TODAY = date(2026, 10, 10)
ANY = Duty(frozenset())


@dataclass(frozen=True)
class Turn:
    minute: int
    is_green: bool
    area: str = "tax"
    is_partner: bool = False
    id: UUID = field(default_factory=uuid4)

    @property
    def issued_at(self) -> datetime:
        return OPENING + timedelta(minutes=self.minute)


TURNS = st.lists(
    st.builds(Turn, minute=st.integers(0, 90), is_green=st.booleans()), min_size=1, max_size=30
)


def call_all(turns: list[Turn], now: datetime) -> list[Turn]:
    """Call everybody at one window, as the service does: by the window's own history."""
    waiting, called = list(turns), list[Turn]()
    while waiting:
        history = [turn.is_green for turn in reversed(called)]
        turn = next_ticket(waiting, now=now, duty=ANY, history=history)
        assert turn is not None
        waiting.remove(turn)
        called.append(turn)
    return called


@given(TURNS)
def test_everybody_is_called_once(turns: list[Turn]) -> None:
    called = call_all(turns, OPENING + timedelta(minutes=90))

    assert sorted(turn.id for turn in called) == sorted(turn.id for turn in turns)


@given(TURNS)
def test_within_a_class_the_first_to_come_is_the_first_called(turns: list[Turn]) -> None:
    called = call_all(turns, OPENING + timedelta(minutes=90))

    for is_green in (True, False):
        minutes = [turn.minute for turn in called if turn.is_green is is_green]
        assert minutes == sorted(minutes)


@given(st.integers(1, 20), st.integers(1, 20))
def test_however_many_green_come_an_ordinary_ticket_gets_every_third_call(
    ordinary: int, green: int
) -> None:
    turns = [Turn(0, is_green=False) for _ in range(ordinary)]
    waiting, history = list(turns), list[bool]()

    for _ in range(ordinary * (GREEN_CALLS_IN_A_ROW + 1)):
        fresh = [Turn(1, is_green=True) for _ in range(green)]
        turn = next_ticket([*waiting, *fresh], now=OPENING, duty=ANY, history=history)
        assert turn is not None
        history.insert(0, turn.is_green)
        waiting = [one for one in waiting if one.id != turn.id]

    assert waiting == []


def test_the_green_channel_goes_first() -> None:
    ordinary, green = Turn(0, is_green=False), Turn(5, is_green=True)

    chosen = next_ticket([ordinary, green], now=green.issued_at, duty=ANY, history=[])

    assert chosen is green


def test_who_waited_half_an_hour_comes_before_a_green_one_who_came_later() -> None:
    ordinary, green = Turn(0, is_green=False), Turn(5, is_green=True)

    chosen = next_ticket(
        [ordinary, green], now=ordinary.issued_at + LONG_WAIT, duty=ANY, history=[]
    )

    assert chosen is ordinary


@pytest.mark.parametrize(
    ("kind", "areas", "turn", "is_taken"),
    [
        (WindowKind.INTEGRATED, ["tax"], Turn(0, False), True),
        (WindowKind.INTEGRATED, ["tax"], Turn(0, False, is_partner=True), True),
        (WindowKind.INTEGRATED, ["notary"], Turn(0, False), False),
        (WindowKind.INTEGRATED, [], Turn(0, False), True),
        (WindowKind.SPECIALIST, ["tax"], Turn(0, False), True),
        (WindowKind.SPECIALIST, ["tax"], Turn(0, False, is_partner=True), False),
        (WindowKind.CROSS_DISTRICT, ["tax"], Turn(0, False, is_partner=True), True),
        (WindowKind.CROSS_DISTRICT, ["tax"], Turn(0, False), False),
        (WindowKind.GREEN, ["tax"], Turn(0, True), True),
        (WindowKind.GREEN, ["tax"], Turn(0, False), False),
    ],
)
def test_a_window_takes_what_it_is_for(
    kind: WindowKind, areas: list[str], turn: Turn, is_taken: bool
) -> None:
    duty = duty_of(kind, areas)

    assert duty is not None
    assert duty.covers(turn) is is_taken


@pytest.mark.parametrize("kind", [WindowKind.ISSUING, WindowKind.PROBLEM])
def test_some_windows_call_no_tickets(kind: WindowKind) -> None:
    assert duty_of(kind, ["tax"]) is None


@pytest.mark.parametrize(
    ("visitor", "is_green", "is_elderly"),
    [
        (Visitor(), False, False),
        (Visitor(identity_number=identity_number(date(1966, 10, 10))), True, True),
        (Visitor(identity_number=identity_number(date(1966, 10, 11))), False, False),
        (Visitor(birth_year=1952), True, True),
        (Visitor(birth_year=1990), False, False),
        (Visitor(needs=frozenset({Need.PREGNANT})), True, False),
        (Visitor(needs=frozenset({Need.ELDERLY})), True, True),
    ],
)
def test_the_green_channel_is_for_age_and_need(
    visitor: Visitor, is_green: bool, is_elderly: bool
) -> None:
    assert visitor.is_green(TODAY) is is_green
    assert visitor.is_elderly(TODAY) is is_elderly


@pytest.mark.parametrize(
    ("state", "action"), sorted(set(product(TicketState, TicketAction)) - set(TRANSITIONS))
)
def test_any_other_action_is_refused(state: TicketState, action: TicketAction) -> None:
    with pytest.raises(TicketActionNotAllowed) as refusal:
        advance(state, action)

    assert action not in refusal.value.facts["allowed"]


@pytest.mark.parametrize(
    ("is_green", "count", "number"),
    [(False, 12, "A012"), (True, 3, "G003"), (False, 1000, "A1000")],
)
def test_a_number_names_its_class(is_green: bool, count: int, number: str) -> None:
    assert number_of(is_green=is_green, count=count) == number


def test_the_wait_is_shared_by_the_windows() -> None:
    wait = expected_wait(ahead=6, windows=3, service=timedelta(minutes=10))

    assert wait == timedelta(minutes=20)
