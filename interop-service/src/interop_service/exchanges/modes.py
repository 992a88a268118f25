"""How an exchange moves in each mode, who has the case in hand, and which clock runs (三种模式).

Pure. The one table a mode is the law of it: what a message may do, the API's `possible`, the
answers to what is refused, the diagram in the documents and the tests all come from it.

* online 全程网办: the owner handles the case at a distance, its corrections and delivery too; the
  near district recognises identity and evidence, and passes on.
* proxy 异地代收代办: receipt and acceptance are apart (收受分离). The near window receives, tells
  the applicant, takes his corrections and hands him the result; the owner alone accepts, asks,
  declines, decides and seals.
* joint 多地联办: as proxy, with several owners at once; the near window tells each how the others
  stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from interop_service.errors import MessageNotAllowed, OutOfTurn
from interop_service.exchanges.rules import HopClock, MessageKind, Side, State
from interop_service.partners.rules import Mode

__all__ = [
    "BEFORE_RECEIPT",
    "MACHINES",
    "OPEN_AT_OWNER",
    "Arrival",
    "Hop",
    "Machine",
    "Move",
    "advance",
    "arrival",
    "hop",
    "leads_to",
    "possible",
]


@dataclass(frozen=True)
class Hop:
    """Who has the case in hand in a state, and which clock runs against him."""

    responsible: Side
    clock: HopClock | None = None


@dataclass(frozen=True)
class Move:
    """Where a message leads, and who may send it."""

    senders: frozenset[Side]
    target: State


@dataclass(frozen=True)
class Machine:
    """One mode: a hop for each state, a move for each message that may come in it."""

    hops: Mapping[State, Hop]
    moves: Mapping[tuple[State, MessageKind], Move]


class Arrival(Enum):
    """What becomes of a message that a state does or does not wait for."""

    TAKEN = auto()
    EARLY = auto()
    """What it follows is still on its way: it comes again."""
    LATE = auto()
    """The exchange has moved on: it is receipted, and has no effect."""


Moves = Mapping[tuple[State, MessageKind], Move]

BEFORE_RECEIPT = (State.PREPARED, State.SENT)
OPEN_AT_OWNER = (
    State.RECEIVED,
    State.CORRECTING,
    State.ACCEPTED,
    State.SUSPENDED,
    State.DECIDED,
)
_BEFORE_A_DECISION = (State.RECEIVED, State.CORRECTING, State.ACCEPTED, State.SUSPENDED)

_NEAR = frozenset({Side.NEAR})
_OWNER = frozenset({Side.OWNER})
_EITHER = frozenset(Side)


def _staying(kind: MessageKind, senders: frozenset[Side], *states: State) -> Moves:
    return {(state, kind): Move(senders, state) for state in states}


_COMMON: Moves = {
    **{(state, MessageKind.PACKAGE): Move(_NEAR, State.RECEIVED) for state in BEFORE_RECEIPT},
    (State.RECEIVED, MessageKind.CORRECTIONS_REQUESTED): Move(_OWNER, State.CORRECTING),
    # An applicant may also go to the owner with what is missing.
    (State.CORRECTING, MessageKind.CORRECTED): Move(_EITHER, State.RECEIVED),
    (State.RECEIVED, MessageKind.ACCEPTED): Move(_OWNER, State.ACCEPTED),
    (State.ACCEPTED, MessageKind.SUSPENDED): Move(_OWNER, State.SUSPENDED),
    (State.SUSPENDED, MessageKind.RESUMED): Move(_OWNER, State.ACCEPTED),
    (State.ACCEPTED, MessageKind.DECIDED): Move(_OWNER, State.DECIDED),
    **{(state, MessageKind.RESULT): Move(_OWNER, State.CONCLUDED) for state in OPEN_AT_OWNER},
    **_staying(MessageKind.EXTENDED, _OWNER, State.ACCEPTED),
    **_staying(MessageKind.LICENCE_ISSUED, _OWNER, State.DECIDED),
    **_staying(MessageKind.DELIVERED, _OWNER, State.DECIDED),
    **_staying(MessageKind.WITHDRAWAL_REQUESTED, _NEAR, *_BEFORE_A_DECISION),
    **_staying(MessageKind.REMOTE_HELP, _EITHER, *OPEN_AT_OWNER),
    (State.CONCLUDED, MessageKind.ARCHIVED): Move(_OWNER, State.ARCHIVED),
    **_staying(MessageKind.RATED, _NEAR, State.CONCLUDED, State.ARCHIVED),
}

_HANDED_OUT_NEAR: Moves = {
    (State.CONCLUDED, MessageKind.HANDED_OVER): Move(_NEAR, State.HANDED_OVER),
    (State.HANDED_OVER, MessageKind.ARCHIVED): Move(_OWNER, State.ARCHIVED),
    **_staying(MessageKind.RATED, _NEAR, State.HANDED_OVER),
}

_IN_CONCERT: Moves = _staying(MessageKind.CONCERT, _NEAR, *OPEN_AT_OWNER, State.CONCLUDED)

_HOPS: Mapping[State, Hop] = {
    State.PREPARED: Hop(Side.NEAR, HopClock.FORWARD),
    State.SENT: Hop(Side.NEAR, HopClock.FORWARD),
    State.RECEIVED: Hop(Side.OWNER, HopClock.NOTICE),
    State.ACCEPTED: Hop(Side.OWNER, HopClock.PROMISED),
    State.SUSPENDED: Hop(Side.OWNER, HopClock.SUSPENSION),
    State.DECIDED: Hop(Side.OWNER, HopClock.ISSUE),
    State.ARCHIVED: Hop(Side.OWNER),
    # Whoever could not go on keeps it; the near side, whose package was refused.
    State.FAILED: Hop(Side.NEAR),
}
_AT_A_DISTANCE: Mapping[State, Hop] = {
    State.CORRECTING: Hop(Side.OWNER, HopClock.CORRECTION),
    State.CONCLUDED: Hop(Side.OWNER),
}
_AT_THE_NEAR_WINDOW: Mapping[State, Hop] = {
    State.CORRECTING: Hop(Side.NEAR, HopClock.CORRECTION),
    State.CONCLUDED: Hop(Side.NEAR, HopClock.HAND_OVER),
    State.HANDED_OVER: Hop(Side.OWNER),
}

MACHINES: Mapping[Mode, Machine] = MappingProxyType(
    {
        Mode.ONLINE: Machine({**_HOPS, **_AT_A_DISTANCE}, _COMMON),
        Mode.PROXY: Machine({**_HOPS, **_AT_THE_NEAR_WINDOW}, {**_COMMON, **_HANDED_OUT_NEAR}),
        Mode.JOINT: Machine(
            {**_HOPS, **_AT_THE_NEAR_WINDOW}, {**_COMMON, **_HANDED_OUT_NEAR, **_IN_CONCERT}
        ),
    }
)


def hop(mode: Mode, state: State) -> Hop:
    """Return who has the case in hand, and which clock runs."""
    return MACHINES[mode].hops[state]


def possible(mode: Mode, state: State, sender: Side) -> list[MessageKind]:
    """Return what a side may send in this state, in the order of an exchange's life."""
    moves = MACHINES[mode].moves
    return [
        kind
        for kind in MessageKind
        if (move := moves.get((state, kind))) is not None and sender in move.senders
    ]


def advance(mode: Mode, state: State, kind: MessageKind, sender: Side) -> State:
    """Return the state after a message.

    Raises:
        MessageNotAllowed: 409, that side never sends it in this mode.
        OutOfTurn: 409, not in this state; tells what is possible.
    """
    move = MACHINES[mode].moves.get((state, kind))
    if move is not None and sender in move.senders:
        return move.target
    if not _is_ever_sent(mode, kind, sender):
        allowed = [one for one in MessageKind if _is_ever_sent(mode, one, sender)]
        raise MessageNotAllowed(kind=kind, mode=mode, side=sender, allowed=allowed)
    raise OutOfTurn(state=state, kind=kind, possible=possible(mode, state, sender))


def arrival(mode: Mode, state: State, kind: MessageKind, sender: Side) -> Arrival:
    """Return what becomes of a message that comes in this state.

    It is early where a state that takes it can still be reached, and late where none can.

    Raises:
        MessageNotAllowed: 409, that side never sends it in this mode.
    """
    try:
        advance(mode, state, kind, sender)
    except OutOfTurn:
        is_ahead = any(
            kind in possible(mode, later, sender) for later in _reached_from(mode, state)
        )
        return Arrival.EARLY if is_ahead else Arrival.LATE
    return Arrival.TAKEN


def leads_to(mode: Mode, state: State, later: State) -> bool:
    """Tell whether `later` can follow `state`."""
    return later is not state and later in set(_reached_from(mode, state))


def _is_ever_sent(mode: Mode, kind: MessageKind, sender: Side) -> bool:
    return any(
        one is kind and sender in move.senders for (_, one), move in MACHINES[mode].moves.items()
    )


def _reached_from(mode: Mode, state: State) -> Iterator[State]:
    """Yield every state that may follow, this one not, unless a way leads back to it."""
    moves, seen, left = MACHINES[mode].moves, set(), [state]
    while left:
        source = left.pop()
        for (at, _), move in moves.items():
            if at is source and move.target is not at and move.target not in seen:
                seen.add(move.target)
                left.append(move.target)
                yield move.target
