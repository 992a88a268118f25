"""What a tree of questions must be before people are led through it. Pure.

Each question follows from earlier answers only, so there is no cycle; each can be reached, and so
can each of its answers and each part that depends on one; each way ends in something to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_service.errors import SituationsFaulty
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_tree import (
    CONDITIONAL,
    Demand,
    Question,
    TooTangled,
    Tree,
    comparisons,
    conditional,
    tree_of,
    way_to,
)
from tongban.conditions import Condition, Facts, In, Is, facts_used, parse
from tongban.problems import FieldError, Text, Where

__all__ = ["Part", "faults_by_path", "faults_of_content", "faults_of_tree"]

ENDS = ("/materials/", "/form_fields/")

TANGLED: Text = {
    "zh-CN": "相互关联的情形过多，无法逐一核对，请拆分事项或者减少相互引用",
    "en": "too many situations hang together to be reviewed; split the matter or untie some",
}
NEVER: Text = {
    "zh-CN": "无论怎样回答，这个条件都不成立",
    "en": "whatever is answered, this condition never holds",
}


@dataclass(frozen=True)
class Part:
    """Something that applies in some situations only."""

    place: str
    when: Condition | None
    is_end: bool = False
    """Whether it gives the applicant something to do."""


def faults_of_content(content: MatterContent) -> Iterator[FieldError]:
    """Yield the faults of a matter's tree, each with its place in the content."""
    if not content.situations and not any(map(_hangs, _parts_of(content))):
        return  # nothing to decide, as in most matters of a large import
    plain = content.model_dump(mode="json")
    tree = tree_of(plain)
    parts = [
        Part(place, parse(one.get("when")), is_end=place.startswith(ENDS))
        for place, one in conditional(plain)
    ]
    asked_by_form = {one.place for one in tree.questions}
    yield from faults_of_tree(tree, [one for one in parts if one.place not in asked_by_form])


def faults_by_path(
    content: MatterContent,
) -> Iterator[tuple[tuple[str | int, ...], Text, str]]:
    """Yield the same faults for whoever points into a larger document: path, words and code."""
    for fault in faults_of_content(content):
        steps = (fault.pointer or "").split("/")[1:]
        path = tuple(int(one) if one.isdigit() else one for one in steps)
        yield path, fault.detail, fault.code or SituationsFaulty.type


def _parts_of(content: MatterContent) -> Iterator[Any]:
    for name in CONDITIONAL:
        yield from getattr(content, name, ())


def _hangs(part: Any) -> bool:
    exemptions = getattr(part, "exemptions", ())
    return getattr(part, "when", None) is not None or any(one.when for one in exemptions)


def faults_of_tree(tree: Tree, parts: Sequence[Part]) -> Iterator[FieldError]:
    """Yield the faults of a tree and of the parts that hang on it."""
    known = {one.key: one for one in tree.questions}
    for at, question in enumerate(tree.questions):
        yield from _faults_of_answers(question)
        disordered = _fault_of_order(question, tree.questions[at + 1 :])
        if disordered is not None:
            yield disordered
            continue
        yield from _faults_of_condition(tree, known, question.place, question.when)
    for part in parts:
        yield from _faults_of_condition(tree, known, part.place, part.when)
    yield from _faults_of_ends(tree, [one for one in parts if one.is_end])


def _faults_of_answers(question: Question) -> Iterator[FieldError]:
    for at, value in enumerate(question.values):
        if value in question.values[:at]:
            said = {
                "zh-CN": f"答案 {value} 重复，后一个永远选不到",
                "en": f"the answer {value} is there before: this one can't be chosen",
            }
            word = "options" if question.place.startswith("/form_fields") else "answers"
            tail = "" if word == "options" else "/value"
            yield Where.pointer(f"{question.place}/{word}/{at}{tail}", said, "answer_repeated")


def _fault_of_order(question: Question, later: Sequence[Question]) -> FieldError | None:
    used = facts_used(question.when)
    place = f"{question.place}/when"
    if question.key in used:
        said = {"zh-CN": "问题不能以自身的答案为条件", "en": "a question can't depend on itself"}
        return Where.pointer(place, said, "question_cycle")
    ahead = sorted(one.key for one in later if one.key in used)
    if ahead:
        said = {
            "zh-CN": f"引用了后面的问题 {'、'.join(ahead)}，只能引用前面的问题",
            "en": f"looks at a later question ({', '.join(ahead)}); only earlier ones are answered",
        }
        return Where.pointer(place, said, "question_cycle")
    return None


def _faults_of_condition(
    tree: Tree, known: dict[str, Question], place: str, when: Condition | None
) -> Iterator[FieldError]:
    if when is None:
        return
    unknown = [*_unknown_answers(known, f"{place}/when", when)]
    yield from unknown
    try:
        is_met = way_to(tree, [(when, True)]) is not None
    except TooTangled:
        yield Where.pointer(f"{place}/when", TANGLED, "situations_tangled")
        return
    if not is_met and not unknown:
        yield Where.pointer(f"{place}/when", NEVER, "unreachable")


def _unknown_answers(
    known: dict[str, Question], place: str, when: Condition
) -> Iterator[FieldError]:
    for within, one in comparisons(when):
        if one.fact not in known:
            continue
        offered = known[one.fact].values
        match one:
            case Is(value=value):
                missing = [value] if value not in offered else []
            case In(values=values):
                missing = [value for value in values if value not in offered]
            case _:
                missing = [one.limit]  # an answer is a word: it has no size
        if missing:
            named = "、".join(str(value) for value in missing)
            said = {
                "zh-CN": f"问题 {one.fact} 没有这个答案：{named}",
                "en": f"the question {one.fact} has no such answer: {named}",
            }
            yield Where.pointer(place + within, said, "answer_unknown")


def _faults_of_ends(tree: Tree, parts: Sequence[Part]) -> Iterator[FieldError]:
    if not parts or any(one.when is None for one in parts):
        return
    demands: list[Demand] = [(one.when, False) for one in parts if one.when is not None]
    last = _last_question(tree, demands)
    try:
        way = way_to(tree, demands)
    except TooTangled:
        yield Where.pointer(last, TANGLED, "situations_tangled")
        return
    if way is not None:
        yield Where.pointer(last, _nothing_after(way), "path_empty")


def _last_question(tree: Tree, demands: Sequence[Demand]) -> str:
    used = frozenset().union(*(facts_used(condition) for condition, _ in demands))
    deciding = [one.place for one in tree.questions if one.key in used]
    return deciding[-1] if deciding else "/materials"


def _nothing_after(way: Facts) -> Text:
    told = "、".join(f"{key}={value}" for key, value in way.items()) or "–"
    return {
        "zh-CN": f"这样回答后没有任何材料和表单：{told}",
        "en": f"after these answers there is neither a material nor a form: {told}",
    }
