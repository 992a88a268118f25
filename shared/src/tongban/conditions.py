"""When something applies (适用条件): conditions that travel as JSON and are read alike everywhere.

Pure and free of any domain: a condition is compared with facts, a flat mapping of name to value.
No condition (`None`) always holds; a missing fact makes its comparison false.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, TypeGuard

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
)

MAX_DEPTH = 16

Fact: TypeAlias = str | int | float | bool
Facts: TypeAlias = Mapping[str, Fact]

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
_Value = StrictBool | _Number | StrictStr


class InvalidCondition(ValueError):
    """A condition that cannot be read; `pointer` (RFC 6901) leads to the fault."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{reason} (at {pointer!r})")
        self.pointer = pointer
        self.reason = reason


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    @abstractmethod
    def holds(self, facts: Facts) -> bool: ...

    @abstractmethod
    def facts_used(self) -> frozenset[str]: ...


class _Comparison(_Node):
    fact: _Name

    def facts_used(self) -> frozenset[str]:
        return frozenset({self.fact})


class Is(_Comparison):
    value: _Value = Field(alias="is")

    def holds(self, facts: Facts) -> bool:
        return _same(facts.get(self.fact), self.value)


class In(_Comparison):
    values: tuple[_Value, ...] = Field(alias="in", min_length=1)

    def holds(self, facts: Facts) -> bool:
        return any(_same(facts.get(self.fact), value) for value in self.values)


class AtLeast(_Comparison):
    limit: _Number = Field(alias="at_least")

    def holds(self, facts: Facts) -> bool:
        fact = facts.get(self.fact)
        return _is_number(fact) and fact >= self.limit


class AtMost(_Comparison):
    limit: _Number = Field(alias="at_most")

    def holds(self, facts: Facts) -> bool:
        fact = facts.get(self.fact)
        return _is_number(fact) and fact <= self.limit


class AllOf(_Node):
    conditions: "tuple[_AnyNode, ...]" = Field(alias="all", min_length=1)

    def holds(self, facts: Facts) -> bool:
        return all(inner.holds(facts) for inner in self.conditions)

    def facts_used(self) -> frozenset[str]:
        return frozenset().union(*(inner.facts_used() for inner in self.conditions))


class AnyOf(_Node):
    conditions: "tuple[_AnyNode, ...]" = Field(alias="any", min_length=1)

    def holds(self, facts: Facts) -> bool:
        return any(inner.holds(facts) for inner in self.conditions)

    def facts_used(self) -> frozenset[str]:
        return frozenset().union(*(inner.facts_used() for inner in self.conditions))


class Not(_Node):
    condition: "_AnyNode" = Field(alias="not")

    def holds(self, facts: Facts) -> bool:
        return not self.condition.holds(facts)

    def facts_used(self) -> frozenset[str]:
        return self.condition.facts_used()


def _same(fact: Fact | None, value: Fact) -> bool:
    # In JSON true is not 1, though Python says so.
    return isinstance(fact, bool) is isinstance(value, bool) and fact == value


def _is_number(fact: Fact | None) -> TypeGuard[int | float]:
    return isinstance(fact, int | float) and not isinstance(fact, bool)


_KEYWORDS: Mapping[type[_Node], str] = {
    Is: "is",
    In: "in",
    AtLeast: "at_least",
    AtMost: "at_most",
    AllOf: "all",
    AnyOf: "any",
    Not: "not",
}


def _tag(keyword: str) -> str:
    # Pydantic puts a union's tag into the place of a fault; in brackets it looks like no keyword.
    return f"<{keyword}>"


def _tag_of(node: Any) -> str | None:
    if isinstance(node, _Node):
        return _tag(_KEYWORDS[type(node)])
    if isinstance(node, dict):
        return next((_tag(word) for word in _KEYWORDS.values() if word in node), None)
    return None


def _refuse_deep(raw: Any) -> Any:
    """Look at the nesting before any recursion does."""
    level = [("", raw)]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for pointer, node in level
            if isinstance(node, dict)
            for keyword in ("all", "any", "not")
            for inner in _children(pointer, keyword, node.get(keyword))
        ]
    if level:
        pointer, _node = level[0]
        raise InvalidCondition(pointer, f"nested deeper than {MAX_DEPTH} levels")
    return raw


def _children(pointer: str, keyword: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        return [(f"{pointer}/{keyword}/{at}", node) for at, node in enumerate(value)]
    return [(f"{pointer}/{keyword}", value)] if isinstance(value, dict) else []


_AnyNode = Annotated[
    Annotated[Is, Tag("<is>")]
    | Annotated[In, Tag("<in>")]
    | Annotated[AtLeast, Tag("<at_least>")]
    | Annotated[AtMost, Tag("<at_most>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(
        _tag_of,
        custom_error_type="unknown_condition",
        custom_error_message="expected one of is, in, at_least, at_most, all, any, not",
    ),
]

Condition = Annotated[_AnyNode, BeforeValidator(_refuse_deep)]
"""The type of a `when` field in any Pydantic model."""

_ADAPTER: TypeAdapter[Condition | None] = TypeAdapter(Condition | None)


def parse(raw: object) -> Condition | None:
    """Read a condition from plain JSON values; `None` is the condition that always holds."""
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as refusal:
        fault = refusal.errors(include_url=False)[0]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, InvalidCondition):
        raise cause
    is_missing = fault["type"] == "missing"
    raise InvalidCondition(_pointer(raw, fault["loc"], is_missing=is_missing), fault["msg"])


def holds(condition: Condition | None, facts: Facts) -> bool:
    return condition is None or condition.holds(facts)


def facts_used(condition: Condition | None) -> frozenset[str]:
    """The names of all facts that could decide `condition`."""
    return frozenset() if condition is None else condition.facts_used()


def _pointer(raw: object, loc: tuple[int | str, ...], *, is_missing: bool) -> str:
    """Follow `loc` into `raw`, leaving out the steps that Pydantic adds for its unions."""
    pointer = ""
    here: Any = raw
    for at, step in enumerate(loc, start=1):
        is_key = isinstance(here, dict) and step in here
        is_index = isinstance(here, list | tuple) and isinstance(step, int)
        if is_key or is_index:
            here = here[step]
        elif not (is_missing and at == len(loc)):
            continue
        pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return pointer
