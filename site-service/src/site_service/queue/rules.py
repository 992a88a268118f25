"""Who is called next, who goes through the green channel, and what may happen to a ticket.

Pure. The order of calls (叫号规则): the green channel goes first, but no one waits without end:

* after two green calls in a row at a window, the next one there is an ordinary ticket;
* an ordinary ticket that waited half an hour takes its turn by its time of issue;
* within a class the first to come is the first to be called.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar
from uuid import UUID

from site_service.errors import TicketActionNotAllowed
from site_service.sites.rules import WindowKind
from tongban import gb

GREEN_AGE = 60
GREEN_CALLS_IN_A_ROW = 2
LONG_WAIT = timedelta(minutes=30)
USUAL_SERVICE = timedelta(minutes=8)


class TicketState(StrEnum):
    WAITING = "waiting"  # 等候
    CALLED = "called"  # 已叫号
    SERVING = "serving"  # 办理中
    DONE = "done"  # 已办完
    MISSED = "missed"  # 过号


class TicketAction(StrEnum):
    CALL = "call"  # 叫号
    RECALL = "recall"  # 重呼
    MISS = "miss"  # 过号
    SERVE = "serve"  # 开始办理
    DONE = "done"  # 办完


class TicketChannel(StrEnum):
    WINDOW = "window"  # 窗口
    KIOSK = "kiosk"  # 自助终端
    PHONE = "phone"  # 电话
    ONLINE = "online"  # 网上


class Need(StrEnum):
    """What a visitor declares; each one opens the green channel (绿色通道)."""

    ELDERLY = "elderly"  # 老年人
    DISABLED = "disabled"  # 残疾人
    PREGNANT = "pregnant"  # 孕妇
    WITH_INFANT = "with_infant"  # 携带婴幼儿
    SOLDIER = "soldier"  # 现役军人
    VETERAN = "veteran"  # 退役军人
    ILL = "ill"  # 行动不便的病人


TRANSITIONS: Mapping[tuple[TicketState, TicketAction], TicketState] = MappingProxyType(
    {
        (TicketState.WAITING, TicketAction.CALL): TicketState.CALLED,
        (TicketState.CALLED, TicketAction.RECALL): TicketState.CALLED,
        (TicketState.CALLED, TicketAction.MISS): TicketState.MISSED,
        (TicketState.CALLED, TicketAction.SERVE): TicketState.SERVING,
        (TicketState.MISSED, TicketAction.RECALL): TicketState.CALLED,
        (TicketState.SERVING, TicketAction.DONE): TicketState.DONE,
    }
)

# A window has one ticket in these states at a time.
AT_THE_WINDOW = frozenset({TicketState.CALLED, TicketState.SERVING})


def actions_from(state: TicketState) -> list[TicketAction]:
    """Return what may be done with a ticket in this state."""
    return [action for source, action in TRANSITIONS if source is state]


def advance(state: TicketState, action: TicketAction) -> TicketState:
    """Return the state that `action` leads to.

    Raises:
        TicketActionNotAllowed: 409, with what is allowed.
    """
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise TicketActionNotAllowed(
            state=state, action=action, allowed=actions_from(state)
        ) from None


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of a visitor when a ticket is taken: as little as they tell."""

    identity_number: str | None = None
    birth_year: int | None = None
    needs: frozenset[Need] = frozenset()

    def is_elderly(self, today: date) -> bool:
        """Whether the visitor is 60 or older, by number, by year of birth, or by their word."""
        if Need.ELDERLY in self.needs:
            return True
        if self.identity_number is not None:
            return gb.age_on(self.identity_number, today) >= GREEN_AGE
        return self.birth_year is not None and today.year - self.birth_year >= GREEN_AGE

    def is_green(self, today: date) -> bool:
        """Whether the visitor goes through the green channel."""
        return bool(self.needs) or self.is_elderly(today)


def number_of(*, is_green: bool, count: int) -> str:
    """Return the number printed on a ticket: `G003`, `A012`."""
    return f"{'G' if is_green else 'A'}{count:03d}"


class Waiting(Protocol):
    """What the order of calls looks at in a ticket."""

    @property
    def id(self) -> UUID: ...
    @property
    def area(self) -> str: ...
    @property
    def is_green(self) -> bool: ...
    @property
    def is_partner(self) -> bool: ...
    @property
    def issued_at(self) -> datetime: ...


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Duty:
    """Which tickets a window takes; None stands for either."""

    areas: frozenset[str]
    """Business areas; none named is all."""
    is_partner: bool | None = None
    is_green: bool | None = None

    def covers(self, ticket: Waiting) -> bool:
        """Whether the window takes this ticket."""
        return (
            (not self.areas or ticket.area in self.areas)
            and self.is_partner in (None, ticket.is_partner)
            and self.is_green in (None, ticket.is_green)
        )


def duty_of(kind: WindowKind, areas: Collection[str]) -> Duty | None:
    """Return which tickets a window takes; None where it takes none for a matter."""
    scope = frozenset(areas)
    match kind:
        case WindowKind.INTEGRATED:
            return Duty(scope)
        case WindowKind.SPECIALIST:
            return Duty(scope, is_partner=False)
        case WindowKind.CROSS_DISTRICT:
            return Duty(scope, is_partner=True)
        case WindowKind.GREEN:
            return Duty(scope, is_partner=False, is_green=True)
        case WindowKind.ISSUING | WindowKind.PROBLEM:
            return None


def next_ticket(
    waiting: Iterable[W], *, now: datetime, duty: Duty, history: Sequence[bool]
) -> W | None:
    """Return the ticket to call at a window.

    `history` says of the window's latest calls, newest first, whether each was green.
    """
    fitting = sorted(filter(duty.covers, waiting), key=lambda one: (one.issued_at, one.id))
    green = next((one for one in fitting if one.is_green), None)
    ordinary = next((one for one in fitting if not one.is_green), None)
    if green is None or ordinary is None:
        return green or ordinary
    latest = history[:GREEN_CALLS_IN_A_ROW]
    if len(latest) == GREEN_CALLS_IN_A_ROW and all(latest):
        return ordinary
    if now - ordinary.issued_at >= LONG_WAIT and ordinary.issued_at <= green.issued_at:
        return ordinary
    return green


def expected_wait(*, ahead: int, windows: int, service: timedelta | None) -> timedelta:
    """Return how long the tickets ahead take, shared by the windows that are open."""
    return (service or USUAL_SERVICE) * ahead / max(windows, 1)
