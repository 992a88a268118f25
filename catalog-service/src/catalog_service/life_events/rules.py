"""In which order a life event's matters are done, what runs in parallel, how long it all takes.

Pure. Times are working days as promised; what is decided on the spot takes none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Change", "Plan", "State", "Turn", "Unavailable", "change_for", "cycle_in", "plan"]

Order = Mapping[str, Sequence[str]]
"""By matter, the matters that must be done before it."""


class State(StrEnum):
    """Whether people are led through it."""

    PUBLISHED = "published"  # 已发布
    RETIRED = "retired"  # 已停用


class Unavailable(StrEnum):
    """不可办原因: why a matter of a life event can't be applied for with the others."""

    NOT_IN_FORCE = "not_in_force"  # 已停用
    CONFLICTING = "conflicting"  # 内容冲突


class Change(StrEnum):
    """What an import does with one life event."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"


def change_for(known: str, state: State, *, digest: str) -> Change:
    """Tell what an import changes of one that is stored; a retired one comes back by it."""
    return Change.NONE if known == digest and state is State.PUBLISHED else Change.UPDATE


def cycle_in(order: Order) -> list[str]:
    """Return matters that wait for each other, the first again at the end; none where sound."""
    done: set[str] = set()
    for start in order:
        way: list[str] = []
        pending = [(start, iter(order[start]))]
        while pending:
            code, before = pending[-1]
            if len(way) < len(pending):
                way.append(code)
            following = next((one for one in before if one in order and one not in done), None)
            if following is None:
                done.add(code)
                way.pop()
                pending.pop()
            elif following in way:
                return [*way[way.index(following) :], following]
            else:
                pending.append((following, iter(order[following])))
    return []


@dataclass(frozen=True)
class Turn:
    """When a matter's turn comes, in working days from the start."""

    code: str
    after: Sequence[str]
    step: int
    starts_after_days: int
    done_after_days: int


@dataclass(frozen=True)
class Plan:
    """办理计划: the turns by step; what has the same step runs in parallel."""

    turns: Sequence[Turn]
    total_days: int
    one_by_one_days: int
    critical_path: Sequence[str]

    @property
    def steps(self) -> list[list[str]]:
        """The matters of each step."""
        last = max((turn.step for turn in self.turns), default=0)
        return [
            [turn.code for turn in self.turns if turn.step == step] for step in range(1, last + 1)
        ]


def plan(codes: Sequence[str], order: Order, days: Mapping[str, int]) -> Plan:
    """Plan the matters in `codes`. Who waits for one that is not done waits for what that awaits.

    `order` has no cycle.
    """
    turns: dict[str, Turn] = {}
    slowest: dict[str, str] = {}
    awaited = {code: _awaited(code, order, frozenset(codes)) for code in codes}
    left = list(codes)
    while left:
        code = next(one for one in left if all(before in turns for before in awaited[one]))
        left.remove(code)
        before = [turns[one] for one in awaited[code]]
        start = max((one.done_after_days for one in before), default=0)
        if before:
            slowest[code] = max(before, key=lambda one: one.done_after_days).code
        turns[code] = Turn(
            code=code,
            after=awaited[code],
            step=1 + max((one.step for one in before), default=0),
            starts_after_days=start,
            done_after_days=start + days[code],
        )
    by_step = sorted(turns.values(), key=lambda one: (one.step, codes.index(one.code)))
    last = max(by_step, key=lambda one: (one.done_after_days, one.step), default=None)
    return Plan(
        turns=by_step,
        total_days=0 if last is None else last.done_after_days,
        one_by_one_days=sum(days[code] for code in codes),
        critical_path=[] if last is None else _way_to(last.code, slowest),
    )


def _awaited(code: str, order: Order, doing: frozenset[str]) -> list[str]:
    found: dict[str, None] = {}
    seen: set[str] = set()
    left = list(reversed(order.get(code, ())))
    while left:
        before = left.pop()
        if before in seen:
            continue
        seen.add(before)
        if before in doing:
            found[before] = None
        else:
            left.extend(reversed(order.get(before, ())))
    return [*found]


def _way_to(code: str, slowest: Mapping[str, str]) -> list[str]:
    way = [code]
    while way[0] in slowest:
        way.insert(0, slowest[way[0]])
    return way
