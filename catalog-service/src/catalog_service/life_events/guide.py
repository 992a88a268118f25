"""Led through a life event (一件事引导): all its matters' questions as one talk. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog_service.errors import AnswerInvalid
from catalog_service.life_events.merging import (
    Claim,
    Joined,
    Shared,
    claims_of_questions,
    conflicts,
    merged_fields,
    merged_materials,
    need_of,
)
from catalog_service.life_events.rules import Plan, Unavailable, plan
from catalog_service.matters.guide import Guidance, faults_of_answers, guide, walk
from catalog_service.matters.guide_tree import Entry, tree_of
from catalog_service.matters.limits import in_working_days
from catalog_service.matters.vocabulary import DayUnit
from tongban.conditions import Facts, holds, parse
from tongban.problems import FieldError

__all__ = ["InForce", "Outcome", "guide_through", "join"]

InForce = Mapping[str, tuple[int, Entry]]
"""The matters in force, by code: version and content."""


@dataclass(frozen=True)
class Outcome:
    """The next question, or, where none is left, all that the life event takes."""

    unavailable: Mapping[str, Unavailable]
    question: dict[str, Any] | None = None
    matters: Sequence[tuple[Joined, Guidance]] = ()
    materials: Sequence[dict[str, Any]] = ()
    form_fields: Sequence[dict[str, Any]] = ()
    plan: Plan = field(default_factory=lambda: plan((), {}, {}))
    statutory_days: int = 0


def join(event: Entry, in_force: InForce) -> tuple[list[Joined], dict[str, Unavailable]]:
    """Put the matters together; those that are retired or no longer fit are left out.

    A matter may have changed since it was taken into the life event.
    """
    known: dict[str, Claim] = claims_of_questions(event["questions"])
    fitting: list[Joined] = []
    unavailable: dict[str, Unavailable] = {}
    for member in event["matters"]:
        code = member["code"]
        if code not in in_force:
            unavailable[code] = Unavailable.NOT_IN_FORCE
            continue
        version, content = in_force[code]
        joined = Joined.of(member, version=version, content=content)
        if conflicts(known, joined):
            unavailable[code] = Unavailable.CONFLICTING
        else:
            fitting.append(joined)
    return fitting, unavailable


def guide_through(event: Entry, in_force: InForce, answers: Facts) -> Outcome:
    """Ask the next question that `answers` leave open, or put together all that applies.

    Raises:
        AnswerInvalid: 422, an answer to no question, or none of its choices.
    """
    fitting, unavailable = join(event, in_force)
    shared = Shared({one["key"]: one for one in event["wordings"]})
    own = tree_of({"situations": event["questions"]})
    known_keys = [one.key for one in own.questions]
    own_answers = {key: answers[key] for key in known_keys if key in answers}
    faults = [
        *faults_of_answers(own, own_answers),
        *_faults_elsewhere(fitting, {k: v for k, v in answers.items() if k not in known_keys}),
    ]
    if faults:
        raise AnswerInvalid(errors=faults)
    question, facts = walk(own, own_answers)
    if question is not None:
        asked_by = [one.code for one in fitting if one.asks(question["key"])]
        entry = shared.question(question, question["key"], asked_by)
        return Outcome(unavailable, question=entry)
    wanted = {one["code"] for one in event["matters"] if holds(parse(one.get("when")), facts)}
    unavailable = {code: why for code, why in unavailable.items() if code in wanted}
    doing = [one for one in fitting if one.code in wanted]
    guided: list[tuple[Joined, Guidance]] = []
    for joined in doing:
        guidance = guide(joined.content, joined.own_answers(answers))
        if guidance.question is not None:
            key = joined.shared_key(guidance.question["key"])
            asked_by = [one.code for one in doing if one.asks(key)]
            return Outcome(unavailable, question=shared.question(guidance.question, key, asked_by))
        guided.append((joined, guidance))
    return _put_together(event, guided, shared, unavailable)


def _put_together(
    event: Entry,
    guided: Sequence[tuple[Joined, Guidance]],
    shared: Shared,
    unavailable: Mapping[str, Unavailable],
) -> Outcome:
    codes = [one.code for one, _ in guided]
    order = {one["code"]: one.get("after", ()) for one in event["matters"]}
    planned = plan(codes, order, {one.code: one.content["promised_days"] for one, _ in guided})
    by_law = plan(codes, order, {one.code: _limit_of(one.content) for one, _ in guided})
    by_code = {one.code: (one, guidance) for one, guidance in guided}
    turns = {turn.code: turn for turn in planned.turns}
    needs = [
        need_of(joined, material, [by_code[one][0] for one in _before(turn.code, turns)])
        for turn in planned.turns
        for joined, guidance in [by_code[turn.code]]
        for material in guidance.materials
    ]
    return Outcome(
        unavailable=unavailable,
        matters=[by_code[turn.code] for turn in planned.turns],
        materials=merged_materials(needs),
        form_fields=merged_fields(
            [(joined, guidance.form_fields) for joined, guidance in guided], shared
        ),
        plan=planned,
        statutory_days=by_law.total_days,
    )


def _limit_of(content: Entry) -> int:
    """The law's limit in working days; what was published before the unit was told has none."""
    unit = DayUnit(content.get("statutory_unit", DayUnit.WORKING_DAYS))
    return in_working_days(content["statutory_days"], unit)


def _before(code: str, turns: Mapping[str, Any]) -> list[str]:
    """Return all that is done before a matter's turn, however far back."""
    found: dict[str, None] = {}
    left = [*turns[code].after]
    while left:
        one = left.pop()
        if one not in found:
            found[one] = None
            left.extend(turns[one].after)
    return [*found]


def _faults_elsewhere(fitting: Sequence[Joined], answers: Facts) -> Iterator[FieldError]:
    """Tell which answers fit no matter's question. The matters agree on what they share."""
    for key, answer in answers.items():
        tree, mine = tree_of({}), {key: answer}
        for joined in fitting:
            keys = [one.key for one in joined.tree.questions if one.key not in joined.given]
            found = [one for one in (*keys, *joined.tree.fields) if joined.shared_key(one) == key]
            if found:
                tree, mine = joined.tree, {found[0]: answer}
                break
        for fault in faults_of_answers(tree, mine):
            yield FieldError(detail=fault.detail, pointer=f"/answers/{key}", code=fault.code)
