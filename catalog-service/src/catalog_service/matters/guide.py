"""The guide (办事指引): from answers about a situation to what applies in it. Pure.

It reads content as plain values, because a partner's matter may say more than we know of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_service.errors import AnswerInvalid
from catalog_service.matters.guide_tree import CONDITIONAL, Entry, Tree, tree_of
from tongban.conditions import Fact, Facts, holds, parse
from tongban.problems import FieldError, Where

__all__ = ["Guidance", "facts_of_fields", "faults_of_answers", "guide", "walk"]


@dataclass(frozen=True)
class Guidance:
    """The next question, or, where none is left, what applies."""

    question: Entry | None
    applicable: Mapping[str, Sequence[Entry]]

    @property
    def materials(self) -> Sequence[Entry]:
        return self.applicable.get("materials", ())

    @property
    def form_fields(self) -> Sequence[Entry]:
        return self.applicable.get("form_fields", ())

    def part(self, name: str, content: Entry) -> list[dict[str, Any]]:
        """Return what applies of a part; while a question is open, all of it."""
        found = content.get(name, ()) if self.question else self.applicable.get(name, ())
        return [dict(one) for one in found]


def guide(content: Entry, answers: Facts) -> Guidance:
    """Ask the next question that `answers` leave open, or tell what applies.

    An answer to a question that is not asked in this situation changes nothing.

    Raises:
        AnswerInvalid: 422, an answer to no question, or none of its choices.
    """
    tree = tree_of(content)
    faults = faults_of_answers(tree, answers)
    if faults:
        raise AnswerInvalid(errors=faults)
    question, facts = walk(tree, answers)
    if question is not None:
        return Guidance(question=question, applicable={})
    return Guidance(
        question=None,
        applicable={
            part: [
                _as_it_applies(one, facts) for one in content.get(part, ()) if _applies(one, facts)
            ]
            for part in CONDITIONAL
        },
    )


def _applies(entry: Entry, facts: Facts) -> bool:
    return holds(parse(entry.get("when")), facts)


def _as_it_applies(entry: Entry, facts: Facts) -> Entry:
    """Leave of a fee's exemptions those that are met."""
    if not entry.get("exemptions"):
        return entry
    return {**entry, "exemptions": [one for one in entry["exemptions"] if _applies(one, facts)]}


def walk(tree: Tree, answers: Facts) -> tuple[Entry | None, Facts]:
    """Go as far as the answers lead: the question that is open, and the facts known by then."""
    facts: dict[str, Fact] = facts_of_fields(tree, answers)
    for question in tree.questions:
        if not holds(question.when, facts):
            continue
        if question.key not in answers:
            return question.entry, facts
        facts[question.key] = answers[question.key]
    return None, facts


def facts_of_fields(tree: Tree, answers: Facts) -> dict[str, Fact]:
    """Return what the form's fields say that no question asks for."""
    return {key: answers[key] for key in tree.fields if key in answers}


def faults_of_answers(tree: Tree, answers: Facts) -> list[FieldError]:
    """Tell which answers belong to no question, or are none of its choices."""
    choices = {one.key: one.values for one in tree.questions}
    return [
        _fault(key, choices.get(key, ()))
        for key, answer in answers.items()
        if key not in tree.fields and answer not in choices.get(key, ())
    ]


def _fault(key: str, choices: Sequence[Fact]) -> FieldError:
    said = {"zh-CN": "该事项没有这个问题", "en": "the matter asks no such question"}
    if choices:
        listed = [str(one) for one in choices]
        said = {
            "zh-CN": f"应为下列之一：{'、'.join(listed)}",
            "en": f"must be one of: {', '.join(listed)}",
        }
    return Where.pointer(f"/answers/{key}", said)
