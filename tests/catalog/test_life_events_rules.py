"""A life event's rules: order and time, what is merged, what is asked once."""

import itertools
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from catalog.factories import matter_content
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog_service.errors import AnswerInvalid
from catalog_service.life_events.content import EXAMPLE_LIFE_EVENT, LifeEventContent
from catalog_service.life_events.guide import guide_through
from catalog_service.life_events.rules import Unavailable, cycle_in, plan

CODES = [f"m{n}" for n in range(6)]


@st.composite
def orders(draw: st.DrawFn) -> dict[str, list[str]]:
    """Any order at all, circles included."""
    some = st.lists(st.sampled_from(CODES), unique=True, max_size=3)
    return {code: draw(some) for code in CODES}


@st.composite
def sound_orders(draw: st.DrawFn) -> dict[str, list[str]]:
    return {
        code: draw(st.lists(st.sampled_from(CODES[:at]), unique=True)) if at else []
        for at, code in enumerate(CODES)
    }


def reaches(order: Mapping[str, Sequence[str]], start: str) -> set[str]:
    found: set[str] = set()
    left = list(order[start])
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left.extend(order[one])
    return found


@settings(deadline=None)
@given(orders())
def test_a_circle_is_found_where_there_is_one_and_told_step_by_step(
    order: dict[str, list[str]],
) -> None:
    circle = cycle_in(order)

    assert bool(circle) is any(code in reaches(order, code) for code in CODES)
    if circle:
        assert circle[0] == circle[-1]
        assert all(after in order[before] for before, after in itertools.pairwise(circle))


@settings(deadline=None)
@given(
    sound_orders(),
    st.lists(st.integers(0, 20), min_size=6, max_size=6),
    st.sets(st.sampled_from(CODES)),
)
def test_a_plan_keeps_the_order_and_is_as_short_as_it_can_be(
    order: dict[str, list[str]], lengths: list[int], doing: set[str]
) -> None:
    days = dict(zip(CODES, lengths, strict=True))
    codes = [code for code in CODES if code in doing]

    planned = plan(codes, order, days)

    turns = {turn.code: turn for turn in planned.turns}
    assert sorted(turns) == codes
    for code, turn in turns.items():
        before = [turns[one] for one in reaches(order, code) & doing]
        assert turn.starts_after_days == max((one.done_after_days for one in before), default=0)
        assert turn.done_after_days == turn.starts_after_days + days[code]
        assert all(one.step < turn.step for one in before)
    assert planned.total_days <= planned.one_by_one_days == sum(days[code] for code in codes)
    assert sum(days[code] for code in planned.critical_path) == planned.total_days
    assert sorted(code for step in planned.steps for code in step) == codes
    assert all(planned.steps)


FIRST, SECOND, THIRD = (f"11610171MB29000014461010200300{n}" for n in (1, 2, 3))


def matter(code: str, **changes: Any) -> dict[str, Any]:
    content = matter_content(code=code, situations=[], materials=[], form_fields=[])
    return {**content, **changes}


def material(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": "m1",
        "name": name,
        "necessity": "required",
        "form": "copy",
        "copies": 1,
        "source": "applicant",
        "when": None,
        "waived_by": [],
        **changes,
    }


def field(key: str, label: str, kind: str = "text", **changes: Any) -> dict[str, Any]:
    return {"key": key, "label": label, "kind": kind, "required": True, "when": None, **changes}


def question(key: str, *values: str, when: Any = None) -> dict[str, Any]:
    answers = [{"value": one, "label": one} for one in values or ("yes", "no")]
    words = {"question": f"{key}？", "english_question": f"{key}?"}
    return {"key": key, **words, "answers": answers, "when": when}


def event(*members: dict[str, Any], **changes: Any) -> dict[str, Any]:
    content = {
        **deepcopy(EXAMPLE_LIFE_EVENT),
        "questions": [],
        "wordings": [],
        "matters": list(members),
        **changes,
    }
    return LifeEventContent.model_validate(content).model_dump(mode="json")


def force(*contents: dict[str, Any]) -> dict[str, tuple[int, dict[str, Any]]]:
    return {one["code"]: (1, one) for one in contents}


def test_each_question_is_asked_once_for_all_that_ask_it() -> None:
    both = force(
        matter(FIRST, situations=[question("has_agent"), question("is_large")]),
        matter(SECOND, situations=[question("has_agent")]),
    )
    joint = event({"code": FIRST}, {"code": SECOND})
    asked = []
    answers: dict[str, Any] = {}

    while (found := guide_through(joint, both, answers)).question is not None:
        asked.append((found.question["key"], found.question["asked_by"]))
        answers[found.question["key"]] = "yes"

    assert asked == [("has_agent", [FIRST, SECOND]), ("is_large", [FIRST])]


def test_its_own_questions_decide_which_matters_it_takes() -> None:
    joint = event(
        {"code": FIRST},
        {"code": SECOND, "when": {"fact": "hires", "is": "yes"}},
        questions=[question("hires")],
    )
    both = force(matter(FIRST), matter(SECOND, situations=[question("has_agent")]))

    alone = guide_through(joint, both, {"hires": "no"})
    asked = guide_through(joint, both, {"hires": "yes"})

    assert [one.code for one, _ in alone.matters] == [FIRST]
    assert asked.question is not None
    assert asked.question["key"] == "has_agent"


def test_what_the_event_implies_is_not_asked() -> None:
    reason = question("reason", "left", "retired")
    told = material("退休证", when={"fact": "reason", "is": "retired"})
    joint = event({"code": FIRST, "given": {"reason": "retired"}})

    outcome = guide_through(joint, force(matter(FIRST, situations=[reason], materials=[told])), {})

    assert outcome.question is None
    assert [one["name"] for one in outcome.materials] == ["退休证"]
    with pytest.raises(AnswerInvalid):
        guide_through(joint, force(matter(FIRST, situations=[reason])), {"reason": "left"})


def test_each_field_is_filled_in_once_and_renamed_where_it_means_another_thing() -> None:
    both = force(
        matter(FIRST, form_fields=[field("name", "姓名"), field("phone", "手机", required=False)]),
        matter(SECOND, form_fields=[field("name", "单位名称"), field("phone", "电话")]),
    )
    joint = event(
        {"code": FIRST, "renames": {"name": "owner"}},
        {"code": SECOND},
        wordings=[{"key": "phone", "label": "联系电话", "english_label": "Telephone"}],
    )

    form = guide_through(joint, both, {}).form_fields

    assert [(one["key"], one["label"], one["required"]) for one in form] == [
        ("owner", "姓名", True),
        ("phone", "联系电话", True),
        ("name", "单位名称", True),
    ]
    assert [use["matter"] for use in form[1]["used_by"]] == [FIRST, SECOND]


def test_each_material_is_listed_once_as_strictly_as_the_strictest_asks() -> None:
    both = force(
        matter(
            FIRST,
            results=[{"kind": "certificate", "name": "其他"}],
            materials=[
                material("户口簿复印件", necessity="optional", waived_by=["household", "id"])
            ],
        ),
        matter(
            SECOND,
            results=[{"kind": "certificate", "name": "其他"}],
            materials=[material("户口簿（原件）", form="original", waived_by=["household"])],
        ),
    )

    [listed] = guide_through(event({"code": FIRST}, {"code": SECOND}), both, {}).materials

    assert listed["necessity"] == "required"
    assert listed["counts"] == {"original": 1, "copy": 1, "electronic": 0}
    assert listed["waived_by"] == ["household"]
    assert [one["matter"] for one in listed["needed_by"]] == [FIRST, SECOND]
    assert not listed["is_produced"]


def test_what_an_earlier_matter_hands_over_need_not_be_brought() -> None:
    licence = {"kind": "licence", "licence_type": "business_licence", "name": "营业执照"}
    wanted = material("营业执照副本", waived_by=["business_licence"])
    three = force(
        matter(FIRST, results=[licence]),
        matter(SECOND, results=[], materials=[]),
        matter(THIRD, results=[], materials=[wanted]),
    )
    ordered = event(
        {"code": FIRST}, {"code": SECOND, "after": [FIRST]}, {"code": THIRD, "after": [SECOND]}
    )
    parallel = event({"code": FIRST}, {"code": SECOND}, {"code": THIRD})

    [produced] = guide_through(ordered, three, {}).materials
    [brought] = guide_through(parallel, three, {}).materials

    assert produced["is_produced"]
    assert produced["needed_by"][0]["produced_by"] == [FIRST]
    assert not brought["is_produced"]


def test_the_plan_runs_in_parallel_what_can() -> None:
    three = force(
        matter(FIRST, promised_days=2),
        matter(SECOND, promised_days=5),
        matter(THIRD, promised_days=0, handling="immediate"),
    )
    joint = event(
        {"code": FIRST}, {"code": SECOND, "after": [FIRST]}, {"code": THIRD, "after": [FIRST]}
    )

    planned = guide_through(joint, three, {}).plan

    assert planned.steps == [[FIRST], [SECOND, THIRD]]
    assert (planned.total_days, planned.one_by_one_days) == (7, 7)
    assert planned.critical_path == [FIRST, SECOND]


def test_a_matter_retired_or_changed_since_is_left_out_with_its_reason() -> None:
    three = force(
        matter(FIRST, form_fields=[field("size", "面积", "number")]),
        matter(THIRD, form_fields=[field("size", "面积", "text")]),
    )
    joint = event(
        {"code": FIRST}, {"code": SECOND, "after": [FIRST]}, {"code": THIRD, "after": [SECOND]}
    )

    outcome = guide_through(joint, three, {})

    assert [one.code for one, _ in outcome.matters] == [FIRST]
    assert outcome.unavailable == {
        SECOND: Unavailable.NOT_IN_FORCE,
        THIRD: Unavailable.CONFLICTING,
    }


def test_an_answer_that_no_matter_knows_is_refused_by_its_shared_key() -> None:
    both = force(matter(FIRST, situations=[question("agent")]))
    joint = event({"code": FIRST, "renames": {"agent": "has_agent"}})

    with pytest.raises(AnswerInvalid) as refusal:
        guide_through(joint, both, {"has_agent": "perhaps", "colour": "red"})

    assert [one.pointer for one in refusal.value.errors] == [
        "/answers/has_agent",
        "/answers/colour",
    ]


def places(**changes: Any) -> list[str]:
    content = {**deepcopy(EXAMPLE_LIFE_EVENT), **changes}
    with pytest.raises(ValidationError) as refusal:
        LifeEventContent.model_validate(content)
    return ["/" + "/".join(map(str, one["loc"])) for one in refusal.value.errors()]


HIRES = {"fact": "hires", "is": "yes"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (
            {"matters": [{"code": FIRST, "after": [SECOND]}, {"code": SECOND, "after": [FIRST]}]},
            "/matters/0/after",
        ),
        ({"matters": [{"code": FIRST, "after": [FIRST]}]}, "/matters/0/after"),
        ({"matters": [{"code": FIRST, "after": [SECOND]}]}, "/matters/0/after/0"),
        ({"matters": [{"code": FIRST}, {"code": FIRST}]}, "/matters/1/code"),
        (
            {"matters": [{"code": FIRST, "when": {"fact": "x", "is": "yes"}}]},
            "/matters/0/when",
        ),
        (
            {"matters": [{"code": FIRST, "when": {"fact": "hires", "is": "perhaps"}}]},
            "/matters/0/when",
        ),
        (
            {"matters": [{"code": FIRST, "when": {"all": [HIRES, {"not": HIRES}]}}]},
            "/matters/0/when",
        ),
        (
            {"questions": [question("hires", when={"fact": "later", "is": "yes"})]},
            "/questions/0/when",
        ),
        ({"questions": [question("hires"), question("hires")]}, "/questions/1/key"),
    ],
)
def test_a_life_event_that_does_not_fit_together_is_refused_at_the_place(
    changes: dict[str, Any], place: str
) -> None:
    found = places(**changes)

    assert found[0].startswith(place)
