"""The guide (办事指引): from answers about a situation to what applies in it. Pure.

It reads content as plain values, because a partner's matter may say more than we know of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_service.errors import AnswerInvalid
from tongban.conditions import Fact, Facts, holds, parse
from tongban.problems import FieldError, Where

__all__ = ["Guidance", "guide"]

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Guidance:
    """The next question, or, where none is left, what applies."""

    question: Entry | None
    materials: Sequence[Entry]
    form_fields: Sequence[Entry]


def guide(content: Entry, answers: Facts) -> Guidance:
    """Ask the next question that `answers` leave open, or tell what applies.

    An answer to a question that is not asked in this situation changes nothing.

    Raises:
        AnswerInvalid: 422, an answer to no question, or none of its choices.
    """
    _require_known(content, answers)
    facts: dict[str, Fact] = {
        field["key"]: answers[field["key"]]
        for field in content.get("form_fields", ())
        if field["key"] in answers
    }
    for situation in content.get("situations", ()):
        if not _applies(situation, facts):
            continue
        if situation["key"] not in answers:
            return Guidance(question=situation, materials=(), form_fields=())
        facts[situation["key"]] = answers[situation["key"]]
    return Guidance(
        question=None,
        materials=[one for one in content.get("materials", ()) if _applies(one, facts)],
        form_fields=[one for one in content.get("form_fields", ()) if _applies(one, facts)],
    )


def _applies(entry: Entry, facts: Facts) -> bool:
    return holds(parse(entry.get("when")), facts)


def _require_known(content: Entry, answers: Facts) -> None:
    choices = {
        one["key"]: [choice["value"] for choice in one["answers"]]
        for one in content.get("situations", ())
    }
    fields = {one["key"] for one in content.get("form_fields", ())}
    faults = [
        _fault(key, choices.get(key, ()))
        for key, answer in answers.items()
        if key not in fields and answer not in choices.get(key, ())
    ]
    if faults:
        raise AnswerInvalid(errors=faults)


def _fault(key: str, choices: Sequence[str]) -> FieldError:
    said = {"zh-CN": "该事项没有这个问题", "en": "the matter asks no such question"}
    if choices:
        listed = "、".join(choices)
        said = {"zh-CN": f"应为下列之一：{listed}", "en": f"must be one of: {', '.join(choices)}"}
    return Where.pointer(f"/answers/{key}", said)
