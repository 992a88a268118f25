"""The order of calls, the green channel, the life of a ticket."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_service.errors import TicketActionNotAllowed
from site_service.queue.errors import TicketReturnOver
from site_service.queue.policy import ORDINARY, USUAL, CallClass, QueuePolicy
from site_service.queue.rules import (
    TRANSITIONS,
    Duty,
    Need,
    TicketAction,
    TicketState,
    Visitor,
    advance,
    class_now,
    duty_of,
    next_ticket,
    number_of,
    place_of,
    place_on_return,
)
from site_service.sites.rules import WindowKind
from support.identities import identity_number

OPENING = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)
TODAY = date(2026, 10, 10)
ANY = Duty(frozenset())
HEAD_START = 30


@dataclass(frozen=True)
class Turn:
    minute: int
    is_green: bool
    area: str = "tax"
    is_partner: bool = False
    due_at: datetime | None = None
    for_window_id: UUID | None = None
    id: UUID = field(default_factory=uuid4)

    @property
    def call_class(self) -> str:
        return "green" if self.is_green else ORDINARY

    @property
    def placed_at(self) -> datetime:
        return OPENING + timedelta(minutes=self.minute)


def minutes(number: float) -> datetime:
    return OPENING + timedelta(minutes=number)


TURNS = st.lists(
    st.builds(Turn, minute=st.integers(0, 90), is_green=st.booleans()), min_size=1, max_size=30
)


def call_all(turns: list[Turn], now: datetime, policy: QueuePolicy = USUAL) -> list[Turn]:
    """Call everybody at one window, as the service does: by the window's own history."""
    waiting, called = list(turns), list[Turn]()
    while waiting:
        history = [class_now(turn, now, policy) for turn in reversed(called)]
        turn = next_ticket(waiting, now=now, duty=ANY, history=history, policy=policy)
        assert turn is not None
        waiting.remove(turn)
        called.append(turn)
    return called


@given(TURNS)
def test_everybody_is_called_once(turns: list[Turn]) -> None:
    called = call_all(turns, minutes(90))

    assert sorted(turn.id for turn in called) == sorted(turn.id for turn in turns)


@given(TURNS)
def test_within_a_class_the_first_to_come_is_the_first_called(turns: list[Turn]) -> None:
    called = call_all(turns, minutes(90))

    for is_green in (True, False):
        came = [turn.minute for turn in called if turn.is_green is is_green]
        assert came == sorted(came)


@given(TURNS, st.integers(0, 90))
def test_nobody_is_overtaken_by_who_came_later_than_the_head_start(
    turns: list[Turn], mine: int
) -> None:
    ordinary = Turn(mine, is_green=False)

    called = call_all([*turns, ordinary], minutes(90))

    before = called[: called.index(ordinary)]
    assert all(turn.minute <= mine + HEAD_START for turn in before)


@given(st.integers(1, 20), st.integers(1, 20))
def test_however_many_green_come_an_ordinary_ticket_gets_every_third_call(
    ordinary: int, green: int
) -> None:
    turns = [Turn(0, is_green=False) for _ in range(ordinary)]
    waiting, history = list(turns), list[str]()

    for _ in range(ordinary * (USUAL.preferred_in_a_row + 1)):
        fresh = [Turn(1, is_green=True) for _ in range(green)]
        turn = next_ticket(
            [*waiting, *fresh], now=minutes(1), duty=ANY, history=history, policy=USUAL
        )
        assert turn is not None
        history.insert(0, turn.call_class)
        waiting = [one for one in waiting if one.id != turn.id]

    assert waiting == []


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=60, max_size=60))
def test_whoever_keeps_coming_an_ordinary_and_a_green_one_are_called_within_bounds(
    coming: list[tuple[int, int]],
) -> None:
    """More come each minute than are called: still both who were first have their turn."""
    ordinary, green = Turn(-1, is_green=False), Turn(-1, is_green=True)
    watched = {ordinary.id: 0, green.id: 0}
    waiting, history = [ordinary, green], list[str]()

    for minute, (greens, ordinaries) in enumerate(coming):
        waiting += [Turn(minute, is_green=True) for _ in range(greens)]
        waiting += [Turn(minute, is_green=False) for _ in range(ordinaries)]
        now = minutes(minute)
        turn = next_ticket(waiting, now=now, duty=ANY, history=history, policy=USUAL)
        assert turn is not None
        history.insert(0, turn.call_class)
        waiting = [one for one in waiting if one.id != turn.id]
        watched.pop(turn.id, None)
        if minute >= USUAL.preferred_in_a_row:
            assert not watched


def test_the_green_channel_goes_first() -> None:
    ordinary, green = Turn(0, is_green=False), Turn(5, is_green=True)

    chosen = next_ticket([ordinary, green], now=green.placed_at, duty=ANY, history=[], policy=USUAL)

    assert chosen is green


def test_a_green_one_does_not_overtake_who_came_half_an_hour_before() -> None:
    ordinary, green = Turn(0, is_green=False), Turn(HEAD_START + 1, is_green=True)

    chosen = next_ticket([ordinary, green], now=minutes(40), duty=ANY, history=[], policy=USUAL)

    assert chosen is ordinary


@pytest.mark.parametrize(
    ("now", "is_first"), [(10, False), (54, False), (55, True), (75, True), (76, False)]
)
def test_an_appointment_goes_first_near_its_time_only(now: int, is_first: bool) -> None:
    booked = Turn(2, is_green=False, due_at=minutes(60))
    waiting = Turn(1, is_green=False)

    chosen = next_ticket([booked, waiting], now=minutes(now), duty=ANY, history=[], policy=USUAL)

    assert (chosen is booked) is is_first


def test_appointments_go_by_their_times() -> None:
    later = Turn(0, is_green=False, due_at=minutes(62))
    sooner = Turn(5, is_green=False, due_at=minutes(60))

    chosen = next_ticket([later, sooner], now=minutes(60), duty=ANY, history=[], policy=USUAL)

    assert chosen is sooner


def test_who_is_still_on_the_way_is_not_called() -> None:
    coming = Turn(20, is_green=True)

    early = next_ticket([coming], now=minutes(19), duty=ANY, history=[], policy=USUAL)
    in_time = next_ticket([coming], now=minutes(20), duty=ANY, history=[], policy=USUAL)

    assert (early, in_time) == (None, coming)
    assert place_of(issued_at=minutes(0), expected_at=minutes(20)) == minutes(20)
    assert place_of(issued_at=minutes(0), expected_at=None) == minutes(0)


def test_what_was_sent_to_one_window_is_called_by_that_one_alone() -> None:
    meant = uuid4()
    turn = Turn(0, is_green=False, for_window_id=meant)

    taken = {
        window: Duty(frozenset(), window_id=window).covers(turn) for window in (meant, uuid4())
    }

    assert list(taken.values()) == [True, False]


@given(st.integers(0, 60), st.integers(0, 60))
def test_who_missed_a_call_comes_back_once_with_part_of_the_waiting(waited: int, away: int) -> None:
    place = place_on_return(
        placed_at=minutes(0),
        missed_at=minutes(waited),
        returned_at=None,
        at=minutes(waited + away),
        policy=USUAL,
    )

    assert place == max(minutes(0), minutes(waited + away - USUAL.return_credit_minutes))


@pytest.mark.parametrize(("returned_at", "after"), [(minutes(5), 10), (None, 61)])
def test_who_came_back_before_or_comes_too_late_takes_a_new_ticket(
    returned_at: datetime | None, after: int
) -> None:
    with pytest.raises(TicketReturnOver):
        place_on_return(
            placed_at=minutes(0),
            missed_at=minutes(0),
            returned_at=returned_at,
            at=minutes(after),
            policy=USUAL,
        )


def test_classes_are_data() -> None:
    veterans = CallClass(
        code="veteran",
        prefix="V",
        name="退役军人",
        english_name="Veterans",
        head_start_minutes=60,
        when={"fact": "veteran", "is": True},
    )
    policy = QueuePolicy(classes=(veterans, *USUAL.classes))

    veteran = policy.class_of(Visitor(needs=frozenset({Need.VETERAN})).facts(TODAY))
    old = policy.class_of(Visitor(birth_year=1950).facts(TODAY))
    anybody = policy.class_of(Visitor().facts(TODAY))

    assert [one.prefix for one in (veteran, old, anybody)] == ["V", "G", "A"]


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
    assert USUAL.class_of(visitor.facts(TODAY)).is_green is is_green
    assert visitor.is_elderly(TODAY) is is_elderly


@pytest.mark.parametrize(
    ("state", "action"), sorted(set(product(TicketState, TicketAction)) - set(TRANSITIONS))
)
def test_any_other_action_is_refused(state: TicketState, action: TicketAction) -> None:
    with pytest.raises(TicketActionNotAllowed) as refusal:
        advance(state, action)

    assert action not in refusal.value.facts["allowed"]


@pytest.mark.parametrize(
    ("prefix", "count", "number"), [("A", 12, "A012"), ("G", 3, "G003"), ("A", 1000, "A1000")]
)
def test_a_number_names_its_class(prefix: str, count: int, number: str) -> None:
    assert number_of(prefix, count) == number
