"""The tree of questions (情形树) that a matter's content spans, and which parts of it can be met.

Pure. It reads content as plain values, because a partner's matter may say more than we know of.

What can be met is found exactly and cheaply. To know whether a condition can ever hold, only the
facts that it uses count, and those that decide whether these are asked at all; of a fact's values
only those count that a condition tells apart, with one that stands for all others. Walking
through the questions in their order, two ways that differ only in what nobody looks at any more
are one way. The cost follows the questions that hang together, not all that the matter asks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tongban.conditions import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Fact,
    Facts,
    In,
    Is,
    Not,
    facts_used,
    holds,
    parse,
)

__all__ = [
    "CONDITIONAL",
    "Demand",
    "Entry",
    "Question",
    "TooTangled",
    "Tree",
    "comparisons",
    "conditional",
    "tree_of",
    "way_to",
]

Entry: TypeAlias = Mapping[str, Any]
Demand: TypeAlias = tuple[Condition, bool]
"""A condition, and whether it shall hold."""

CONDITIONAL = (
    "materials",
    "form_fields",
    "handling_items",
    "fees",
    "results",
    "special_procedures",
)
"""The parts of a content that may apply in some situations only."""

MOST_WAYS = 4_096


class TooTangled(Exception):
    """More ways hang together than anybody could review."""


@dataclass(frozen=True)
class Question:
    """A question whose answer decides something: a situation, or a choice of the form."""

    place: str
    key: str
    values: tuple[Fact, ...]
    when: Condition | None
    entry: Entry


@dataclass(frozen=True)
class Tree:
    """Questions in the order in which they are asked, and the form's fields that nobody asks.

    A field's value may come with the answers; a condition may look at it.
    """

    questions: Sequence[Question]
    fields: frozenset[str] = frozenset()


def tree_of(content: Entry) -> Tree:
    """Read the tree from a content.

    A choice on the form that decides something is a question like any other: asked before the
    situations where one of these looks at it, else after them.
    """
    situations = [
        Question(
            place=f"/situations/{at}",
            key=one["key"],
            values=tuple(answer["value"] for answer in one["answers"]),
            when=parse(one.get("when")),
            entry=one,
        )
        for at, one in enumerate(content.get("situations", ()))
    ]
    fields = content.get("form_fields", ())
    looked_at = _facts_of(one.when for one in situations)
    deciding = looked_at | _facts_of(parse(one.get("when")) for _, one in conditional(content))
    choices = [
        _as_question(at, one)
        for at, one in enumerate(fields)
        if one["key"] in deciding and one.get("options")
    ]
    return Tree(
        questions=[
            *(one for one in choices if one.key in looked_at),
            *situations,
            *(one for one in choices if one.key not in looked_at),
        ],
        fields=frozenset(one["key"] for one in fields) - {one.key for one in choices},
    )


def conditional(content: Entry) -> Iterator[tuple[str, Entry]]:
    """Yield each part that may apply in some situations only, with its place."""
    for name in CONDITIONAL:
        for at, one in enumerate(content.get(name, ())):
            yield f"/{name}/{at}", one
            for nth, exemption in enumerate(one.get("exemptions", ())):
                yield f"/{name}/{at}/exemptions/{nth}", exemption


def _as_question(at: int, field: Entry) -> Question:
    answers = [{"value": one, "label": one, "english_label": None} for one in field["options"]]
    return Question(
        place=f"/form_fields/{at}",
        key=field["key"],
        values=tuple(field["options"]),
        when=parse(field.get("when")),
        entry={
            "key": field["key"],
            "question": field["label"],
            "english_question": field.get("english_label") or field["label"],
            "answers": answers,
            "when": field.get("when"),
        },
    )


def _facts_of(conditions: Iterable[Condition | None]) -> frozenset[str]:
    return frozenset().union(*map(facts_used, conditions))


def comparisons(condition: Condition | None) -> Iterator[tuple[str, Is | In | AtLeast | AtMost]]:
    """Yield each comparison within a condition with its place in it (a JSON pointer)."""
    match condition:
        case AllOf(conditions=inner) | AnyOf(conditions=inner):
            word = "all" if isinstance(condition, AllOf) else "any"
            for at, one in enumerate(inner):
                yield from ((f"/{word}/{at}{place}", found) for place, found in comparisons(one))
        case Not(condition=one):
            yield from ((f"/not{place}", found) for place, found in comparisons(one))
        case Is() | In() | AtLeast() | AtMost():
            yield "", condition


def way_to(tree: Tree, demands: Sequence[Demand]) -> Facts | None:
    """Return answers on whose way all demands are met, or None where no way leads there.

    Raises:
        TooTangled: too many ways hang together.
    """
    asked = {one.key: one for one in tree.questions}
    needed = _with_what_decides(_facts_of(one for one, _ in demands), asked)
    loose = sorted(needed & tree.fields)
    order = [one for one in tree.questions if one.key in needed]
    conditions = [*(one for one, _ in demands), *(one.when for one in order if one.when)]
    told_apart = _told_apart(conditions)

    # A way is kept by what is still looked at: of those that agree in it, any one will do.
    ways: dict[frozenset[tuple[str, type, Fact]], Facts] = {frozenset(): {}}
    steps = [*loose, *(one.key for one in order)]
    open_demands = list(demands)
    for at, key in enumerate(steps):
        question = asked.get(key)
        later = set(steps[at + 1 :])
        settled = [one for one in open_demands if not facts_used(one[0]) & later]
        open_demands = [one for one in open_demands if one not in settled]
        watched = _facts_of(
            [*(one for one, _ in open_demands), *(one.when for one in order if one.key in later)]
        )
        reached: dict[frozenset[tuple[str, type, Fact]], Facts] = {}
        for facts in ways.values():
            for way in _steps_on(facts, key, question, told_apart.get(key, ())):
                if all(holds(condition, way) is wish for condition, wish in settled):
                    seen = ((name, type(one), one) for name, one in way.items() if name in watched)
                    reached.setdefault(frozenset(seen), way)
        if len(reached) > MOST_WAYS:
            raise TooTangled
        ways = reached
    met = (way for way in ways.values() if all(holds(one, way) is wish for one, wish in demands))
    return next(met, None)


def _with_what_decides(names: frozenset[str], asked: Mapping[str, Question]) -> frozenset[str]:
    """Add to facts those that decide whether these are asked, and so on."""
    found: set[str] = set()
    left = set(names)
    while left:
        name = left.pop()
        found.add(name)
        if name in asked:
            left |= facts_used(asked[name].when) - found
    return frozenset(found)


def _steps_on(
    facts: Facts, key: str, question: Question | None, told_apart: Iterable[Fact]
) -> Iterator[Facts]:
    if question is None:
        yield facts  # a field may be left empty
        yield from ({**facts, key: value} for value in told_apart)
    elif holds(question.when, facts):
        known = [one for one in question.values if one in told_apart]
        others = [one for one in question.values if one not in told_apart]
        yield from ({**facts, key: value} for value in [*known, *others[:1]])
    else:
        yield facts


def _told_apart(conditions: Iterable[Condition]) -> dict[str, list[Fact]]:
    """Return, by fact, values of which each stands for all that no condition tells from it."""
    compared: dict[str, list[Fact]] = {}
    limits: dict[str, set[float]] = {}
    for condition in conditions:
        for _, one in comparisons(condition):
            match one:
                case Is(value=value):
                    compared.setdefault(one.fact, []).append(value)
                case In(values=values):
                    compared.setdefault(one.fact, []).extend(values)
                case AtLeast(limit=limit) | AtMost(limit=limit):
                    limits.setdefault(one.fact, set()).add(limit)
    for fact, told in compared.items():
        numbers = {one for one in told if isinstance(one, int | float) and one is not bool(one)}
        limits.setdefault(fact, set()).update(numbers)
    for fact, marks in limits.items():
        compared.setdefault(fact, []).extend(_around(sorted(marks)))
    return compared


def _around(marks: Sequence[float]) -> Iterator[float]:
    """Yield a number below, at, between and above the marks."""
    if marks:
        yield marks[0] - 1
        yield marks[-1] + 1
    for at, mark in enumerate(marks):
        yield mark
        if at:
            yield (marks[at - 1] + mark) / 2
