"""What a case must be like for an action (办理条件), besides its stage, and how that is told.

Pure: one line a guard, so that what refuses an action is also what explains the refusal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from case_service.cases.vocabulary import Action, Guard, Stage
from tongban.problems import Text

__all__ = ["REASONS", "CaseFacts", "holds"]


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """What the table's guards ask about a case."""

    stage: Stage
    is_immediate: bool
    is_partners: bool
    """The matter is a partner district's, which alone decides."""
    is_rule_decided: bool = False
    """The machine decides it, by a rule of the matter that holds."""
    was_corrected: bool = False
    was_accepted: bool = False
    owes_licence: bool = False
    """It is granted and its matter results in a licence or certificate."""
    owes_material: bool = False
    """It was accepted although a material is to follow."""
    awaited: tuple[str, ...] = ()
    """The departments that were asked for an opinion and have not answered."""
    lead: str | None = None
    """The department that concludes the review, where several were asked."""
    is_extendable: bool = False
    """Not extended yet, and law or matter allow it."""
    is_suspendable: bool = False
    """Law or matter name a special procedure that may stop its clock."""
    has_unchecked_commitment: bool = False
    has_forward_failed: bool = False
    has_outside_system: bool = False
    is_exchanged: bool = False
    """Two districts have a part in it."""
    waits_for_parts: bool = False
    """It is part of a bundle, and another part is not decided yet."""
    is_with_owner: bool = False
    """It was forwarded to the district that decides, and did not come back unsent."""
    is_asked_back: bool = False
    """Its withdrawal was asked of the owner already."""
    has_result_to_hand_over: bool = False
    """The owner's result is here, for the near window to hand to the applicant."""
    assigned_to: str | None = None
    """Whose work it is in this step; nobody's while it waits for whoever claims it."""
    people: Mapping[Action, str] = field(default_factory=dict)
    """Who did what was done already."""
    opinion_givers: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()


_HOLDS: Mapping[Guard, Callable[[CaseFacts], bool]] = MappingProxyType(
    {
        Guard.OWN_MATTER: lambda case: not case.is_partners,
        Guard.PARTNERS_MATTER: lambda case: case.is_partners,
        Guard.IMMEDIATE: lambda case: case.is_immediate or case.is_rule_decided,
        # 行政许可法 Art. 32: all that is missing is told at once, so only once.
        Guard.NOT_CORRECTED_YET: lambda case: not case.was_corrected,
        Guard.LICENCE_OWED: lambda case: case.owes_licence,
        Guard.NO_LICENCE_OWED: lambda case: not case.owes_licence,
        Guard.FORWARD_FAILED: lambda case: case.has_forward_failed,
        Guard.MATERIAL_OWED: lambda case: case.owes_material,
        Guard.NO_MATERIAL_OWED: lambda case: not case.owes_material,
        Guard.OPINION_OWED: lambda case: bool(case.awaited),
        Guard.NO_OPINION_OWED: lambda case: not case.awaited,
        # 行政许可法 Art. 42: one extension.
        Guard.EXTENDABLE: lambda case: case.is_extendable,
        # 行政许可法 Art. 45: the clock stops for named procedures alone.
        Guard.SUSPENDABLE: lambda case: case.is_suspendable,
        Guard.COMMITMENT_UNCHECKED: lambda case: case.has_unchecked_commitment,
        Guard.OUTSIDE_SYSTEM: lambda case: case.has_outside_system,
        # Its result is the other district's already.
        Guard.NOT_EXCHANGED: lambda case: not case.is_exchanged,
        Guard.ASSIGNED: lambda case: case.assigned_to is not None,
        Guard.NOT_ASSIGNED: lambda case: case.assigned_to is None,
        # 一件事一次办: the results are handed over together.
        Guard.PARTS_DECIDED: lambda case: not case.waits_for_parts,
        Guard.NOT_ASKED_BACK: lambda case: not case.is_asked_back,
        Guard.RESULT_TO_HAND_OVER: lambda case: case.has_result_to_hand_over,
    }
)


def _said(zh: str, en: str) -> Text:
    return {"zh-CN": zh, "en": en}


REASONS: Mapping[Guard, Text] = MappingProxyType(
    {
        Guard.OWN_MATTER: _said(
            "该事项由其他区决定，本区只能收件并转出",
            "another district decides this matter: here it is received and forwarded only",
        ),
        Guard.PARTNERS_MATTER: _said(
            "只有其他区的事项才转出；本区事项请在本区办理",
            "only another district's matter is forwarded; handle this one here",
        ),
        Guard.IMMEDIATE: _said(
            "只有即办件可以不经审查直接决定，请先审查",
            "only an immediate matter is decided without review: have it reviewed first",
        ),
        Guard.NOT_CORRECTED_YET: _said(
            "补正内容须一次性告知，已告知过一次，请受理或不予受理",
            "all that is missing is told once, and was: accept or decline the case",
        ),
        Guard.LICENCE_OWED: _said(
            "该办件没有应发的证照，请直接送达或办结",
            "no licence results from this case: deliver or close it",
        ),
        Guard.NO_LICENCE_OWED: _said("请先出证", "issue the licence first"),
        Guard.FORWARD_FAILED: _said(
            "已转出，请等待事项所属区办理", "it is forwarded already: the other district is at it"
        ),
        Guard.MATERIAL_OWED: _said("没有待补交的容缺材料", "no material is still owed"),
        Guard.NO_MATERIAL_OWED: _said(
            "容缺材料尚未补齐，请补交后再决定",
            "a material is still owed: have it supplied before the decision",
        ),
        Guard.OPINION_OWED: _said(
            "没有等待出具的部门意见", "no department's opinion is waited for"
        ),
        Guard.NO_OPINION_OWED: _said(
            "部门意见尚未全部收齐，请等待或催办",
            "not every department has given its opinion yet: wait for it, or press for it",
        ),
        Guard.EXTENDABLE: _said(
            "期限只能延长一次，且须有法定依据；已延长过或该事项不可延期",
            "a limit is extended once, where law or matter allow it: it was already, or may not be",
        ),
        Guard.SUSPENDABLE: _said(
            "法律和该事项都没有规定可以中止计时的特别程序，请继续办理",
            "neither law nor matter name a special procedure that stops its clock: go on",
        ),
        Guard.COMMITMENT_UNCHECKED: _said("没有待核查的承诺", "no commitment is left to check"),
        Guard.OUTSIDE_SYSTEM: _said(
            "该事项不在外部系统办理", "this matter is not handled in a system outside"
        ),
        Guard.NOT_EXCHANGED: _said(
            "跨区办件的结果已送达对方区，请由申请人重新申请",
            "its result is with the other district already: the applicant applies anew",
        ),
        Guard.PARTS_DECIDED: _said(
            "同一件事的其他事项尚未决定，结果一并交付；申请人可要求先行领取",
            "another part of the life event is not decided yet: results are handed over together,"
            " unless the applicant asks for what is ready",
        ),
        Guard.ASSIGNED: _said(
            "尚无人领取，不需要移交", "nobody has it: there is nothing to hand over"
        ),
        Guard.NOT_ASSIGNED: _said(
            "已有经办人，请由其移交或由负责人重新分派",
            "somebody has it already: have it handed over, or assigned anew",
        ),
        Guard.NOT_ASKED_BACK: _said(
            "已向事项所属区申请撤回，请等待答复",
            "its withdrawal is asked of the owner already: wait for the answer",
        ),
        Guard.RESULT_TO_HAND_OVER: _said(
            "没有待交付申请人的跨区办理结果",
            "no other district's result waits here to be handed over",
        ),
    }
)


def holds(guard: Guard, case: CaseFacts) -> bool:
    """Tell whether the case is as the guard wants it."""
    return _HOLDS[guard](case)
