"""What one application for a life event comes to (一件事联办): its parts, their plan, its state.

Pure: values in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from case_service.cases.vocabulary import FINAL, Outcome, Stage
from case_service.matters.rules import MaterialAsked, MatterContent
from tongban import conditions
from tongban.conditions import Condition, Facts
from tongban.texts import name_without_form

__all__ = [
    "UNDECIDED",
    "BundleState",
    "LifeEventContent",
    "Member",
    "Part",
    "Share",
    "materials_called",
    "members_for",
    "plan",
    "share_of",
    "state_of",
    "unasked",
]


class BundleState(StrEnum):
    UNDER_WAY = "under_way"  # 办理中
    READY = "ready"  # 全部有结果，待一并交付
    COMPLETED = "completed"  # 全部办结


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)


class Member(_Read):
    """联办事项: one matter of a life event."""

    code: str
    after: tuple[str, ...] = ()
    when: Annotated[Condition | None, BeforeValidator(conditions.parse)] = None
    renames: Mapping[str, str] = Field(default_factory=dict)
    """The matter's key of a question or field → the shared one."""
    given: Mapping[str, Any] = Field(default_factory=dict)
    """Answers that the life event implies, by the matter's keys."""


class LifeEventContent(_Read):
    """The parts of a life event that an application goes by."""

    name: str
    matters: tuple[Member, ...]


@dataclass(frozen=True)
class Share:
    """What of a shared application is one matter's."""

    form: Mapping[str, Any]
    situation_answers: Mapping[str, Any]
    evidence: Mapping[str, str]
    shared_keys: Mapping[str, str]
    """The matter's key → the shared one, for what is told to be at fault."""
    material_names: Mapping[str, str]
    """The matter's key of a material that applies → its name: by that alone they are shared."""


@dataclass(frozen=True)
class Part:
    """How one case of a bundle stands."""

    stage: Stage
    outcome: Outcome | None

    @property
    def is_ended(self) -> bool:
        return self.stage in FINAL

    @property
    def is_decided(self) -> bool:
        return self.stage not in UNDECIDED

    @property
    def is_failed(self) -> bool:
        """Whether it came to nothing: denied, declined, withdrawn or terminated."""
        return self.outcome not in (None, Outcome.GRANTED)


UNDECIDED: Final = frozenset(
    {
        Stage.SUBMITTED,
        Stage.RECEIVED,
        Stage.CORRECTING,
        Stage.ACCEPTED,
        Stage.SUSPENDED,
        Stage.REVIEWED,
        Stage.FORWARDED,
    }
)


def members_for(content: LifeEventContent, facts: Facts) -> list[Member]:
    """Return the matters that these answers call for."""
    return [one for one in content.matters if conditions.holds(one.when, facts)]


def plan(members: Sequence[Member]) -> list[list[str]]:
    """Return the matters' codes in rounds: those of one round run side by side."""
    left, done, rounds = list(members), set[str](), list[list[str]]()
    codes = {one.code for one in members}
    while left:
        now = [one for one in left if codes.intersection(one.after) <= done]
        # A circle, which the catalog refuses, would never end: what is left runs side by side.
        now = now or left
        rounds.append([one.code for one in now])
        done |= {one.code for one in now}
        left = [one for one in left if one.code not in done]
    return rounds


def share_of(
    member: Member,
    content: MatterContent,
    *,
    form: Mapping[str, Any],
    situation_answers: Mapping[str, Any],
    evidence: Mapping[str, str],
) -> Share:
    """Return what of a shared application is this matter's, under its own keys."""
    shared = {
        key: member.renames.get(key, key)
        for key in (
            *(one.key for one in content.form_fields),
            *(one.key for one in content.situations),
        )
    }
    # An answer may be told as a field of another matter, and the other way round.
    told = {**form, **situation_answers}

    def own(keys: list[str]) -> dict[str, Any]:
        found = {key: told[shared[key]] for key in keys if shared[key] in told}
        return found | {key: member.given[key] for key in keys if key in member.given}

    own_form = own([one.key for one in content.form_fields])
    own_answers = own([one.key for one in content.situations])
    asked = content.materials_for({**own_form, **own_answers})
    return Share(
        form=own_form,
        situation_answers=own_answers,
        evidence={
            one.key: kind
            for name, kind in evidence.items()
            for one in materials_called(name, asked)
        },
        shared_keys=shared,
        material_names={one.key: one.name for one in asked},
    )


def materials_called(name: str, materials: Sequence[MaterialAsked]) -> list[MaterialAsked]:
    """Return the materials that are the document of this name, in whatever form.

    A material's key is its matter's own: `m1` is a birth certificate here and an invoice there.
    """
    wanted = name_without_form(name)
    return [one for one in materials if name_without_form(one.name) == wanted]


def unasked(
    told: Mapping[str, Any], shares: Sequence[Share], conditions_use: frozenset[str]
) -> list[str]:
    """Return the keys of a shared application that none of its matters asks for."""
    asked = {shared for share in shares for shared in share.shared_keys.values()}
    return [key for key in told if key not in asked and key not in conditions_use]


def state_of(parts: Sequence[Part]) -> BundleState:
    """Return how the whole stands: it is what its parts are."""
    if all(one.is_ended for one in parts):
        return BundleState.COMPLETED
    if all(one.is_decided for one in parts):
        return BundleState.READY
    return BundleState.UNDER_WAY
