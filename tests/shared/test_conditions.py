"""Conditions: read, refused with the place of the fault, and true to logic."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tongban.conditions import MAX_DEPTH, Condition, InvalidCondition, facts_used, holds, parse

NAMES = st.sampled_from(["branch", "area", "staff", "kind"])
NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)
VALUES = st.booleans() | NUMBERS | st.sampled_from(["", "yes", "no", "是"])
FACTS = st.dictionaries(NAMES, VALUES)
COMPARISONS = st.one_of(
    st.fixed_dictionaries({"fact": NAMES, "is": VALUES}),
    st.fixed_dictionaries({"fact": NAMES, "in": st.lists(VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"fact": NAMES, "at_least": NUMBERS}),
    st.fixed_dictionaries({"fact": NAMES, "at_most": NUMBERS}),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=8,
).filter(lambda raw: _depth(raw) < MAX_DEPTH - 3)


def _depth(raw: Any) -> int:
    if isinstance(raw, dict):
        return 1 + max(map(_depth, raw.values()))
    return max(map(_depth, raw), default=0) if isinstance(raw, list) else 0


def nested(levels: int) -> dict[str, Any]:
    raw: dict[str, Any] = {"fact": "branch", "is": "yes"}
    for _ in range(levels - 1):
        raw = {"not": raw}
    return raw


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        (None, {}, True),
        ({"fact": "branch", "is": "yes"}, {"branch": "yes"}, True),
        ({"fact": "branch", "is": "yes"}, {"branch": "no"}, False),
        ({"fact": "branch", "is": True}, {"branch": 1}, False),
        ({"fact": "staff", "is": 1}, {"staff": True}, False),
        ({"fact": "staff", "is": 1}, {"staff": 1.0}, True),
        ({"fact": "staff", "is": 1}, {"staff": "1"}, False),
        ({"fact": "kind", "in": ["a", "b"]}, {"kind": "b"}, True),
        ({"fact": "kind", "in": [0, 1]}, {"kind": False}, False),
        ({"fact": "area", "at_least": 50}, {"area": 50}, True),
        ({"fact": "area", "at_least": 50}, {"area": 49.9}, False),
        ({"fact": "area", "at_most": 50}, {"area": 50}, True),
        ({"fact": "area", "at_most": 50}, {"area": "40"}, False),
        ({"fact": "area", "at_least": 0}, {"area": True}, False),
        ({"all": [{"fact": "a", "is": 1}, {"fact": "b", "is": 2}]}, {"a": 1, "b": 2}, True),
        ({"all": [{"fact": "a", "is": 1}, {"fact": "b", "is": 2}]}, {"a": 1}, False),
        ({"any": [{"fact": "a", "is": 1}, {"fact": "b", "is": 2}]}, {"b": 2}, True),
        ({"not": {"fact": "a", "is": 1}}, {}, True),
    ],
)
def test_a_condition_is_compared_with_the_facts(
    condition: Any, facts: dict[str, Any], expected: bool
) -> None:
    assert holds(parse(condition), facts) is expected


@given(COMPARISONS)
def test_a_missing_fact_makes_its_comparison_false(raw: dict[str, Any]) -> None:
    assert holds(parse(raw), {}) is False


@given(CONDITIONS, FACTS)
def test_not_not_changes_nothing(raw: dict[str, Any], facts: dict[str, Any]) -> None:
    assert holds(parse({"not": {"not": raw}}), facts) is holds(parse(raw), facts)


@given(st.lists(CONDITIONS, min_size=1, max_size=3), FACTS)
def test_de_morgan(raws: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    not_all = parse({"not": {"all": raws}})
    any_not = parse({"any": [{"not": raw} for raw in raws]})

    assert holds(not_all, facts) is holds(any_not, facts)


@given(CONDITIONS, FACTS)
def test_only_the_facts_used_decide(raw: dict[str, Any], facts: dict[str, Any]) -> None:
    condition = parse(raw)
    used = facts_used(condition)

    assert holds(condition, facts) is holds(
        condition, {name: value for name, value in facts.items() if name in used}
    )


@given(CONDITIONS)
def test_a_condition_survives_the_way_through_json(raw: dict[str, Any]) -> None:
    condition = parse(raw)

    assert condition is not None
    assert parse(condition.model_dump(mode="json")) == condition
    assert type(condition).model_validate_json(condition.model_dump_json()) == condition


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (3, ""),
        ([], ""),
        ({}, ""),
        ({"fact": "a"}, ""),
        ({"is": 1}, "/fact"),
        ({"fact": "", "is": 1}, "/fact"),
        ({"fact": "a", "is": None}, "/is"),
        ({"fact": "a", "is": {}}, "/is"),
        ({"fact": "a", "is": 1, "in": [1]}, "/in"),
        ({"fact": "a", "at_least": "3"}, "/at_least"),
        ({"fact": "a", "at_least": True}, "/at_least"),
        ({"fact": "a", "at_most": float("nan")}, "/at_most"),
        ({"all": []}, "/all"),
        ({"all": {"fact": "a", "is": 1}}, "/all"),
        ({"any": [{"fact": "a", "is": 1}, {"fact": "b", "in": []}]}, "/any/1/in"),
        ({"all": [{"not": {"fact": "b", "in": ["x", []]}}]}, "/all/0/not/in/1"),
        ({"not": {"not": "x"}}, "/not/not"),
        ({"not": {"fact": "a", "is": 1, "a/b~": 1}}, "/not/a~1b~0"),
    ],
)
def test_a_faulty_condition_is_refused_with_the_place_of_its_fault(raw: Any, pointer: str) -> None:
    with pytest.raises(InvalidCondition) as refusal:
        parse(raw)

    assert refusal.value.pointer == pointer


def test_nesting_has_a_limit() -> None:
    parse(nested(MAX_DEPTH))

    for levels in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(InvalidCondition) as refusal:
            parse(nested(levels))
        assert refusal.value.pointer == "/not" * MAX_DEPTH


def test_any_model_may_carry_a_condition() -> None:
    class Material(BaseModel):
        when: Condition | None = None

    condition = {"any": [{"fact": "kind", "is": "a"}]}

    assert Material.model_validate({"when": condition}).model_dump(mode="json") == {
        "when": condition
    }
    with pytest.raises(ValidationError, match="nested deeper"):
        Material.model_validate({"when": nested(MAX_DEPTH + 1)})
    assert "at_least" in str(Material.model_json_schema())
