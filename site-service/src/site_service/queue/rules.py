"""Who is called next, who goes through the green channel, and what may happen to a ticket.

Pure. The order of calls (叫号规则) is by standing: a ticket's place, which is when it came, less
its class's head start. So those who are preferred go first, and yet no one waits without end, for
the head start is bounded: whoever comes later than it does not overtake.

* Within a class the first to come is the first to be called.
* After a number of preferred calls in a row at a window the next one there is an ordinary ticket.
* An appointment is preferred near its time; before and after it stands where it came.
* A transfer keeps its place; a missed ticket comes back once, soon, with a part of its waiting.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar
from uuid import UUID

from site_service.errors import TicketActionNotAllowed
from site_service.queue.errors import TicketReturnOver
from site_service.queue.policy import APPOINTMENT, GREEN_AGE, QueuePolicy
from site_service.sites.rules import WindowKind
from tongban import conditions, gb


class TicketState(StrEnum):
    WAITING = "waiting"  # 等候
    CALLED = "called"  # 已叫号
    SERVING = "serving"  # 办理中
    DONE = "done"  # 已办完
    MISSED = "missed"  # 过号
    WITHDRAWN = "withdrawn"  # 已放弃
    LAPSED = "lapsed"  # 已失效


class TicketAction(StrEnum):
    CALL = "call"  # 叫号
    RECALL = "recall"  # 重呼
    MISS = "miss"  # 过号
    SERVE = "serve"  # 开始办理
    DONE = "done"  # 办完
    TRANSFER = "transfer"  # 转窗
    RETURN = "return"  # 过号返回
    WITHDRAW = "withdraw"  # 放弃
    LAPSE = "lapse"  # 失效


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


class Outcome(StrEnum):
    """What became of a ticket that a kiosk told of."""

    KEPT = "kept"  # 已补录
    KNOWN = "known"  # 已存在
    REFUSED = "refused"  # 未接受


TRANSITIONS: Mapping[tuple[TicketState, TicketAction], TicketState] = MappingProxyType(
    {
        (TicketState.WAITING, TicketAction.CALL): TicketState.CALLED,
        (TicketState.CALLED, TicketAction.RECALL): TicketState.CALLED,
        (TicketState.CALLED, TicketAction.MISS): TicketState.MISSED,
        (TicketState.CALLED, TicketAction.SERVE): TicketState.SERVING,
        (TicketState.MISSED, TicketAction.RECALL): TicketState.CALLED,
        (TicketState.SERVING, TicketAction.DONE): TicketState.DONE,
        (TicketState.CALLED, TicketAction.TRANSFER): TicketState.WAITING,
        (TicketState.SERVING, TicketAction.TRANSFER): TicketState.WAITING,
        (TicketState.MISSED, TicketAction.RETURN): TicketState.WAITING,
        (TicketState.WAITING, TicketAction.WITHDRAW): TicketState.WITHDRAWN,
        (TicketState.MISSED, TicketAction.WITHDRAW): TicketState.WITHDRAWN,
        (TicketState.WAITING, TicketAction.LAPSE): TicketState.LAPSED,
        (TicketState.CALLED, TicketAction.LAPSE): TicketState.LAPSED,
        (TicketState.MISSED, TicketAction.LAPSE): TicketState.LAPSED,
    }
)

# A window has one ticket in these states at a time.
AT_THE_WINDOW = frozenset({TicketState.CALLED, TicketState.SERVING})


BY_THE_CLOCK = frozenset({TicketAction.LAPSE})
"""What no one does: it comes to pass at midnight."""


def actions_from(state: TicketState) -> list[TicketAction]:
    """Return what somebody may do with a ticket in this state."""
    return [
        action for source, action in TRANSITIONS if source is state and action not in BY_THE_CLOCK
    ]


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

    def age(self, today: date) -> int | None:
        """Return the visitor's age, by number or by year of birth."""
        if self.identity_number is not None:
            return gb.age_on(self.identity_number, today)
        return None if self.birth_year is None else today.year - self.birth_year

    def is_elderly(self, today: date) -> bool:
        """Whether the visitor is 60 or older, by number, by year of birth, or by their word."""
        return Need.ELDERLY in self.needs or (self.age(today) or 0) >= GREEN_AGE

    def facts(self, today: date) -> conditions.Facts:
        """Return what a class's condition may ask."""
        facts: dict[str, str | int | float | bool] = {need.value: True for need in self.needs}
        if (age := self.age(today)) is not None:
            facts["age"] = age
        return facts


def number_of(prefix: str, count: int) -> str:
    """Return the number printed on a ticket: `G003`, `A012`."""
    return f"{prefix}{count:03d}"


def place_of(*, issued_at: datetime, expected_at: datetime | None) -> datetime:
    """Return where a ticket stands: when its visitor came, or is to come (预计到达)."""
    return issued_at if expected_at is None else max(issued_at, expected_at)


def place_on_return(
    *,
    placed_at: datetime,
    missed_at: datetime,
    returned_at: datetime | None,
    at: datetime,
    policy: QueuePolicy,
) -> datetime:
    """Return where a missed ticket stands that comes back: once, and soon.

    Raises:
        TicketReturnOver: 409.
    """
    until = missed_at + timedelta(minutes=policy.return_within_minutes)
    if returned_at is not None or at > until:
        raise TicketReturnOver(minutes=policy.return_within_minutes, until=until)
    return max(placed_at, at - timedelta(minutes=policy.return_credit_minutes))


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
    def call_class(self) -> str: ...
    @property
    def placed_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def for_window_id(self) -> UUID | None: ...


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Duty:
    """Which tickets a window takes; None stands for either."""

    areas: frozenset[str]
    """Business areas; none named is all."""
    is_partner: bool | None = None
    is_green: bool | None = None
    window_id: UUID | None = None
    """Which window it is: the one that a transfer may be meant for."""

    def covers(self, ticket: Waiting) -> bool:
        """Whether the window takes this ticket."""
        return (
            (not self.areas or ticket.area in self.areas)
            and self.is_partner in (None, ticket.is_partner)
            and self.is_green in (None, ticket.is_green)
            and ticket.for_window_id in (None, self.window_id)
        )


def duty_of(kind: WindowKind, areas: Collection[str], window_id: UUID | None = None) -> Duty | None:
    """Return which tickets a window takes; None where it takes none for a matter."""
    scope = frozenset(areas)
    match kind:
        case WindowKind.INTEGRATED:
            return Duty(scope, window_id=window_id)
        case WindowKind.SPECIALIST:
            return Duty(scope, is_partner=False, window_id=window_id)
        case WindowKind.CROSS_DISTRICT:
            return Duty(scope, is_partner=True, window_id=window_id)
        case WindowKind.GREEN:
            return Duty(scope, is_partner=False, is_green=True, window_id=window_id)
        case WindowKind.ISSUING | WindowKind.PROBLEM:
            return None


def is_near(due_at: datetime | None, now: datetime, policy: QueuePolicy) -> bool:
    """Whether an appointment's time has come, and is not past."""
    if due_at is None:
        return False
    begins = due_at - timedelta(minutes=policy.near_minutes)
    return begins <= now <= due_at + timedelta(minutes=policy.late_minutes)


def class_now(ticket: Waiting, now: datetime, policy: QueuePolicy) -> str:
    """Return what a ticket would be called as now."""
    return APPOINTMENT if is_near(ticket.due_at, now, policy) else ticket.call_class


def place_now(ticket: Waiting, now: datetime, policy: QueuePolicy) -> datetime:
    """Return a ticket's place within its class now: among appointments, by their time."""
    if ticket.due_at is not None and is_near(ticket.due_at, now, policy):
        return ticket.due_at
    return ticket.placed_at


def standing(ticket: Waiting, now: datetime, policy: QueuePolicy) -> datetime:
    """Return by when a ticket stands: the earliest is called."""
    head_start = policy.head_start(class_now(ticket, now, policy))
    return place_now(ticket, now, policy) - head_start


def next_ticket(
    waiting: Iterable[W],
    *,
    now: datetime,
    duty: Duty,
    history: Sequence[str],
    policy: QueuePolicy,
) -> W | None:
    """Return the ticket to call at a window.

    `history` says as what the window's latest calls were, newest first.
    """
    here = [one for one in waiting if duty.covers(one) and one.placed_at <= now]
    latest = history[: policy.preferred_in_a_row]
    if len(latest) == policy.preferred_in_a_row and policy.preferred.issuperset(latest):
        others = [one for one in here if class_now(one, now, policy) not in policy.preferred]
        here = others or here
    return min(
        here,
        key=lambda one: (standing(one, now, policy), place_now(one, now, policy), one.id),
        default=None,
    )
