"""What a life event says: one model, wherever its content comes in or goes out. Pure."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from catalog_service.life_events.rules import cycle_in
from catalog_service.matters.guide_rules import Part as TreePart
from catalog_service.matters.guide_rules import faults_of_tree
from catalog_service.matters.guide_tree import Tree, tree_of
from catalog_service.matters.parts import Part, Place, Situation, When, refuse
from catalog_service.matters.vocabulary import Audience, Provenance
from tongban.conditions import facts_used
from tongban.problems import field_fault
from tongban.shapes import LIKE_A_MATTER_CODE
from tongban.texts import Code, Line, Paragraph

__all__ = ["EXAMPLE_LIFE_EVENT", "LifeEventContent", "Member", "Wording"]

Faults = Iterator[tuple[Place, PydanticCustomError]]
LongCode = Annotated[str, StringConstraints(pattern=LIKE_A_MATTER_CODE)]


OWN_ADDRESSES = frozenset({"import", "proposals"})
"""Taken by addresses of other things: a life event of that code could not be read."""


class Member(Part):
    """联办事项: a matter that belongs to the life event, and when its turn comes."""

    code: LongCode
    after: list[LongCode] = Field(
        default_factory=list, max_length=50, description="须先办的事项 / what must be done first"
    )
    when: When = Field(default=None, description="何时需要办理 / null: always needed")
    renames: dict[Code, Code] = Field(
        default_factory=dict,
        max_length=200,
        description="该事项的键 → 共用的键 / its key for a question or field → the shared one",
    )
    given: dict[Code, Line] = Field(
        default_factory=dict,
        max_length=50,
        description="已知答案，不再询问 / by the matter's key: answers that this event implies",
    )


class Wording(Part):
    """统一用语: how a question or a field is called that several matters word differently."""

    key: Code
    label: Line
    english_label: Line


class LifeEventContent(Part):
    """一件事: all that is known of a life event."""

    code: Code
    name: Line
    english_name: Line
    summary: Paragraph
    audiences: list[Audience] = Field(min_length=1, max_length=2)
    keywords: list[Line] = Field(default_factory=list, max_length=50)
    questions: list[Situation] = Field(
        default_factory=list, max_length=20, description="自有问题，先于各事项的情形 / asked first"
    )
    matters: list[Member] = Field(min_length=1, max_length=50)
    wordings: list[Wording] = Field(default_factory=list, max_length=200)
    provenance: Provenance

    @property
    def tree(self) -> Tree:
        """The questions of its own."""
        return tree_of({"situations": [one.model_dump(mode="json") for one in self.questions]})

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [
            *self._faults_of_keys(),
            *self._faults_of_members(),
            *self._faults_of_order(),
        ]
        # Only what refers to what is there can be searched for ways.
        faults = faults or [*self._faults_of_tree()]
        if faults:
            refuse(faults)
        return self

    def _faults_of_keys(self) -> Faults:
        if self.code in OWN_ADDRESSES:
            said = field_fault("code_reserved", zh="该编码不可使用", en="this code is reserved")
            yield ("code",), said
        for part, keys in (
            ("questions", [one.key for one in self.questions]),
            ("wordings", [one.key for one in self.wordings]),
        ):
            for at, key in enumerate(keys):
                if key in keys[:at]:
                    said = field_fault("key_repeated", zh=f"键 {key} 重复", en=f"{key} is taken")
                    yield (part, at, "key"), said

    def _faults_of_members(self) -> Faults:
        codes = [one.code for one in self.matters]
        asked = {one.key for one in self.questions}
        for at, member in enumerate(self.matters):
            if member.code in codes[:at]:
                said = field_fault("code_repeated", zh="事项重复", en="the matter is listed before")
                yield ("matters", at, "code"), said
            for order, code in enumerate(member.after):
                if code not in codes:
                    said = field_fault(
                        "not_a_member",
                        zh="先办事项不在本“一件事”中",
                        en="what must be done first is not part of this life event",
                    )
                    yield ("matters", at, "after", order), said
            unknown = sorted(facts_used(member.when) - asked)
            if unknown:
                said = field_fault(
                    "fact_undeclared",
                    zh=f"只能以自有问题为条件，没有这些问题：{'、'.join(unknown)}",
                    en=f"looks at the event's own questions only, not at: {', '.join(unknown)}",
                )
                yield ("matters", at, "when"), said

    def _faults_of_order(self) -> Faults:
        codes = [one.code for one in self.matters]
        round_trip = cycle_in({one.code: one.after for one in self.matters})
        if round_trip:
            said = field_fault(
                "order_cycle",
                zh=f"先后次序成环：{' → '.join(round_trip)}",
                en=f"the order goes in a circle: {' → '.join(round_trip)}",
            )
            yield ("matters", codes.index(round_trip[0]), "after"), said

    def _faults_of_tree(self) -> Faults:
        parts = [TreePart(f"/matters/{at}", one.when) for at, one in enumerate(self.matters)]
        for fault in faults_of_tree(self.tree, parts):
            steps = (fault.pointer or "").replace("/situations/", "/questions/").split("/")[1:]
            place = tuple(int(one) if one.isdigit() else one for one in steps)
            told = field_fault(
                fault.code or "tree", zh=fault.detail["zh-CN"], en=fault.detail["en"]
            )
            yield place, told


EXAMPLE_LIFE_EVENT: dict[str, Any] = {
    "code": "open-a-restaurant",
    "name": "我要开餐馆",
    "english_name": "Open a restaurant",
    "summary": "办理营业执照和食品经营许可，一次告知、一表申请、一次提交。",
    "audiences": ["person"],
    "keywords": ["开饭店"],
    "questions": [
        {
            "key": "hires",
            "question": "是否招用员工？",
            "english_question": "Do you hire staff?",
            "answers": [
                {"value": "yes", "label": "是", "english_label": "Yes"},
                {"value": "no", "label": "否", "english_label": "No"},
            ],
            "when": None,
        }
    ],
    "matters": [
        {"code": "11610171MB290000144610102003001"},
        {
            "code": "11610171MB290000144610102003002",
            "after": ["11610171MB290000144610102003001"],
            "when": {"fact": "hires", "is": "yes"},
            "renames": {"name": "firm_name"},
        },
    ],
    "wordings": [{"key": "firm_name", "label": "单位名称", "english_label": "Name of the firm"}],
    "provenance": "illustrative",
}
