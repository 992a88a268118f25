"""The tree of questions: what is refused at publication, held against trying every way."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from catalog.factories import matter_content
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide import guide, walk
from catalog_service.matters.guide_rules import faults_of_content
from catalog_service.matters.guide_tree import MOST_WAYS, TooTangled, tree_of, way_to
from tongban.conditions import parse

YES = {"fact": "has_canteen", "is": "yes"}


def question(key: str, when: Any = None, answers: tuple[str, ...] = ("yes", "no")) -> Any:
    return {
        "key": key,
        "question": f"{key}？",
        "english_question": f"{key}?",
        "answers": [{"value": one, "label": one} for one in answers],
        "when": when,
    }


def material(key: str, when: Any = None) -> dict[str, Any]:
    return {"key": key, "name": key, "necessity": "required", "form": "copy", "when": when}


def faults(**changes: Any) -> list[tuple[str | None, str | None]]:
    content = MatterContent.model_validate(matter_content(**changes))
    return [(one.pointer, one.code) for one in faults_of_content(content)]


def test_a_sound_tree_has_no_faults() -> None:
    assert faults() == []
    assert faults(situations=[question("has_canteen"), question("is_large", YES)]) == []


@pytest.mark.parametrize("key", ["is_large", "later"])
def test_a_question_on_itself_or_on_a_later_one_is_a_cycle(key: str) -> None:
    situations = [
        question("has_canteen"),
        question("is_large", {"not": {"fact": key, "is": "yes"}}),
        question("later", {"fact": "is_large", "is": "no"}),
    ]
    content = matter_content()
    if key == "is_large":  # a content that refers to itself is refused before it is a draft
        content["situations"] = situations
        with pytest.raises(ValueError, match="is_large"):
            MatterContent.model_validate(content)
        return

    assert faults(situations=situations) == [("/situations/1/when", "question_cycle")]


def test_a_question_that_no_answers_lead_to_is_named() -> None:
    both = {"all": [YES, {"fact": "is_large", "is": "yes"}]}
    situations = [
        question("has_canteen"),
        question("is_large", {"fact": "has_canteen", "is": "no"}),
        question("never", both),
    ]

    assert faults(situations=situations) == [("/situations/2/when", "unreachable")]


def test_an_answer_that_cannot_be_chosen_is_named() -> None:
    assert faults(situations=[question("has_canteen", answers=("yes", "no", "yes"))]) == [
        ("/situations/0/answers/2/value", "answer_repeated")
    ]


def test_a_comparison_with_an_answer_that_is_not_offered_is_named() -> None:
    when = {"any": [YES, {"fact": "has_canteen", "in": ["no", "maybe"]}]}
    materials = [material("always"), material("some", when)]

    assert faults(materials=materials) == [("/materials/1/when/any/1", "answer_unknown")]


def test_a_material_that_nobody_ever_needs_is_named() -> None:
    when = {"all": [YES, {"not": YES}]}

    assert faults(materials=[material("always"), material("never", when)]) == [
        ("/materials/1/when", "unreachable")
    ]


def test_a_way_that_ends_in_nothing_names_its_last_question() -> None:
    content = MatterContent.model_validate(
        matter_content(materials=[material("one", YES)], form_fields=[])
    )

    [fault] = faults_of_content(content)

    assert (fault.pointer, fault.code) == ("/situations/0", "path_empty")
    assert "has_canteen=no" in fault.detail["zh-CN"]


def test_a_matter_granted_without_asking_needs_no_end() -> None:
    assert faults(materials=[], form_fields=[], situations=[]) == []


def test_a_choice_of_the_form_that_decides_something_is_asked() -> None:
    who = {"key": "who", "label": "申请人类型", "kind": "choice", "options": ["个人", "单位"]}
    content = matter_content(
        form_fields=[who],
        materials=[material("always"), material("firm", {"fact": "who", "is": "单位"})],
    )

    asked = guide(content, {"has_canteen": "no"}).question
    told = guide(content, {"has_canteen": "no", "who": "单位"})

    assert asked is not None
    assert (asked["key"], [one["value"] for one in asked["answers"]]) == ("who", ["个人", "单位"])
    assert [one["key"] for one in told.materials] == ["always", "firm"]
    assert [*faults_of_content(MatterContent.model_validate(content))] == []


def test_fifty_independent_questions_are_checked_as_fast_as_one() -> None:
    situations = [question("has_canteen"), *(question(f"q{n}") for n in range(49))]
    hanging = [material(f"m{n}", {"fact": f"q{n}", "is": "yes"}) for n in range(49)]

    assert faults(situations=situations, materials=[material("always"), *hanging]) == []


def test_a_chain_of_fifty_questions_is_one_way_at_a_time() -> None:
    situations = [question("has_canteen")]
    for n in range(49):
        before = situations[-1]["key"]
        situations.append(question(f"q{n}", {"fact": before, "is": "yes"}))

    assert faults(situations=situations) == []


def test_what_nobody_could_review_is_refused_instead_of_tried() -> None:
    situations = [question("has_canteen"), *(question(f"q{n}") for n in range(14))]
    odd: Any = {"all": [{"fact": f"q{n}", "is": "yes"} for n in range(14)]}
    tangled = [material("always"), material("one", odd)]

    assert MOST_WAYS < 2**14
    assert faults(situations=situations, materials=tangled) == [
        ("/materials/1/when", "situations_tangled")
    ]
    with pytest.raises(TooTangled):
        way_to(tree_of({"situations": situations}), [(condition(odd), True)])


def condition(raw: Any) -> Any:
    read = parse(raw)
    assert read is not None
    return read


KEYS = ("a", "b", "c", "d")
FIELDS = {"size": (None, 1, 2, 2.5, 3, 3.5, 4, 5), "kind": (None, "x", "y", "z")}
COMPARISONS = st.one_of(
    st.builds(
        lambda key, value: {"fact": key, "is": value},
        st.sampled_from(KEYS),
        st.sampled_from(("1", "2", "3")),
    ),
    st.builds(
        lambda key, values: {"fact": key, "in": values},
        st.sampled_from(KEYS),
        st.lists(st.sampled_from(("1", "2", "3")), min_size=1, max_size=2),
    ),
    st.builds(
        lambda word, limit: {"fact": "size", word: limit},
        st.sampled_from(("at_least", "at_most", "is")),
        st.sampled_from((2, 3, 4)),
    ),
    st.builds(lambda value: {"fact": "kind", "is": value}, st.sampled_from(("x", "y"))),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(lambda all_of: {"all": all_of}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda any_of: {"any": any_of}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda other: {"not": other}, inner),
    ),
    max_leaves=5,
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """A small content: up to four questions, two fields, and materials that hang on them."""
    keys = KEYS[: draw(st.integers(min_value=1, max_value=4))]
    answers = st.integers(min_value=1, max_value=3)
    when = st.none() | CONDITIONS
    return {
        "situations": [question(key, draw(when), ("1", "2", "3")[: draw(answers)]) for key in keys],
        "form_fields": [
            {"key": key, "label": key, "kind": "text", "required": False, "when": None}
            for key in FIELDS
        ],
        "materials": [material(f"m{n}", draw(CONDITIONS)) for n in range(2)],
    }


def every_way(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every set of answers that anybody could give."""
    choices = [
        [(one["key"], answer["value"]) for answer in one["answers"]]
        for one in content["situations"]
    ]
    fields = [[(key, value) for value in values] for key, values in FIELDS.items()]
    for way in product(*choices, *fields):
        yield {key: value for key, value in way if value is not None}


@settings(deadline=None, max_examples=60)
@given(contents())
def test_what_can_be_met_is_what_trying_every_way_meets(content: dict[str, Any]) -> None:
    tree = tree_of(content)
    needed: set[str] = set()
    asked: set[str] = set()
    is_ever_empty = False
    for answers in every_way(content):
        guidance = guide(content, answers)
        needed |= {one["key"] for one in guidance.materials}
        is_ever_empty = is_ever_empty or not guidance.materials
        _, facts = walk(tree, answers)
        asked |= facts.keys() & set(KEYS)

    for one in content["materials"]:
        way = way_to(tree, [(condition(one["when"]), True)])
        assert (way is not None) is (one["key"] in needed)
    for one in content["situations"]:
        if one["when"] is not None:
            reached = way_to(tree, [(condition(one["when"]), True)]) is not None
            # A question that looks at itself or ahead is refused for that already.
            ahead = {later.key for later in tree.questions[place_of(tree, one["key"]) :]}
            if not ahead & condition(one["when"]).facts_used():
                assert reached is (one["key"] in asked)
    nothing = [(condition(one["when"]), False) for one in content["materials"]]
    assert (way_to(tree, nothing) is not None) is is_ever_empty


def place_of(tree: Any, key: str) -> int:
    return [one.key for one in tree.questions].index(key)


@settings(deadline=None, max_examples=30)
@given(contents())
def test_a_way_that_is_told_leads_where_it_says(content: dict[str, Any]) -> None:
    before = deepcopy(content)
    tree = tree_of(content)
    for one in content["materials"]:
        way = way_to(tree, [(condition(one["when"]), True)])
        if way is None:
            continue
        first = {other["key"]: other["answers"][0]["value"] for other in content["situations"]}
        asked = guide(content, {**first, **way})
        assert asked.question is None
    assert content == before
