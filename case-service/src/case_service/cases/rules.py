"""What may happen to a case, who may do it, and what follows (办件状态流转).

Pure: values in, values out. The one table below is the law; the API's `actions`, the answers to
what is refused and the tests all come from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from case_service.errors import ActionNotAllowed, HelperMayNotDecide, SamePerson
from tongban.identity import NotAllowed, Role

__all__ = [
    "FINAL",
    "TRANSITIONS",
    "Action",
    "CaseFacts",
    "Channel",
    "Evidence",
    "Guard",
    "Handling",
    "Outcome",
    "Stage",
    "Transition",
    "actions_for",
    "advance",
]


class Stage(StrEnum):
    SUBMITTED = "submitted"  # 已提交
    RECEIVED = "received"  # 已收件
    CORRECTING = "correcting"  # 待补正
    ACCEPTED = "accepted"  # 已受理
    REVIEWED = "reviewed"  # 已审查
    DECIDED = "decided"  # 已决定
    ISSUED = "issued"  # 已出证
    DELIVERED = "delivered"  # 已送达
    CLOSED = "closed"  # 已办结
    DECLINED = "declined"  # 不予受理
    WITHDRAWN = "withdrawn"  # 已撤回
    FORWARDED = "forwarded"  # 已转出


FINAL = frozenset({Stage.CLOSED, Stage.DECLINED, Stage.WITHDRAWN})


class Action(StrEnum):
    RECEIVE = "receive"  # 收件
    PRE_CHECK = "pre_check"  # 预审
    REQUEST_CORRECTION = "request_correction"  # 一次性告知补正
    CORRECT = "correct"  # 补正
    ACCEPT = "accept"  # 受理
    DECLINE = "decline"  # 不予受理
    FORWARD = "forward"  # 转出
    REVIEW = "review"  # 审查
    DECIDE = "decide"  # 决定
    ISSUE = "issue"  # 出证
    DELIVER = "deliver"  # 送达
    CLOSE = "close"  # 办结
    WITHDRAW = "withdraw"  # 撤回


class Channel(StrEnum):
    ONLINE = "online"  # 网上
    WINDOW = "window"  # 窗口
    KIOSK = "kiosk"  # 自助终端
    PROXY = "proxy"  # 异地代收


class Handling(StrEnum):
    IMMEDIATE = "immediate"  # 即办件
    PROMISED = "promised"  # 承诺件


class Outcome(StrEnum):
    GRANTED = "granted"  # 准予
    DENIED = "denied"  # 不予许可
    DECLINED = "declined"  # 不予受理
    WITHDRAWN = "withdrawn"  # 撤回


class Evidence(StrEnum):
    FILE = "file"  # 上传文件
    LICENCE = "licence"  # 电子证照
    SUPPLY_LATER = "supply_later"  # 容缺后补
    COMMITMENT = "commitment"  # 告知承诺
    WAIVED = "waived"  # 免提交


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """What the table's guards ask about a case."""

    stage: Stage
    is_immediate: bool
    is_partners: bool
    """The matter is a partner district's, which alone decides."""
    was_corrected: bool = False
    owes_licence: bool = False
    """It is granted and its matter results in a licence or certificate."""
    has_forward_failed: bool = False
    people: Mapping[Action, str] = field(default_factory=dict)
    """Who did what was done already."""
    helpers: frozenset[str] = frozenset()


class Guard(StrEnum):
    """A condition on the case, besides its stage."""

    OWN_MATTER = "own_matter"
    PARTNERS_MATTER = "partners_matter"
    IMMEDIATE = "immediate"
    NOT_CORRECTED_YET = "not_corrected_yet"
    LICENCE_OWED = "licence_owed"
    NO_LICENCE_OWED = "no_licence_owed"
    FORWARD_FAILED = "forward_failed"


_HOLDS: Mapping[Guard, Callable[[CaseFacts], bool]] = MappingProxyType(
    {
        Guard.OWN_MATTER: lambda case: not case.is_partners,
        Guard.PARTNERS_MATTER: lambda case: case.is_partners,
        Guard.IMMEDIATE: lambda case: case.is_immediate,
        # 行政许可法 Art. 32: all that is missing is told at once, so only once.
        Guard.NOT_CORRECTED_YET: lambda case: not case.was_corrected,
        Guard.LICENCE_OWED: lambda case: case.owes_licence,
        Guard.NO_LICENCE_OWED: lambda case: not case.owes_licence,
        Guard.FORWARD_FAILED: lambda case: case.has_forward_failed,
    }
)


@dataclass(frozen=True)
class Transition:
    """Where an action leads, who may take it, and when."""

    target: Stage
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()


def _to(target: Stage, roles: frozenset[Role], *guards: Guard) -> Transition:
    return Transition(target, roles, guards)


_CLERK = frozenset({Role.CLERK})
_CHECKER = frozenset({Role.CLERK, Role.REVIEWER})
_REVIEWER = frozenset({Role.REVIEWER})
_APPROVER = frozenset({Role.APPROVER})
_ON_THE_SPOT = frozenset({Role.CLERK, Role.APPROVER})
_ISSUER = frozenset({Role.CLERK, Role.APPROVER, Role.SEAL_KEEPER})
_APPLICANT = frozenset({Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER})

TRANSITIONS: Mapping[tuple[Stage, Action], Transition] = MappingProxyType(
    {
        (Stage.SUBMITTED, Action.PRE_CHECK): _to(Stage.SUBMITTED, _CHECKER),
        (Stage.SUBMITTED, Action.RECEIVE): _to(Stage.RECEIVED, _CLERK),
        (Stage.SUBMITTED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.PARTNERS_MATTER),
        (Stage.SUBMITTED, Action.WITHDRAW): _to(Stage.WITHDRAWN, _APPLICANT),
        (Stage.RECEIVED, Action.REQUEST_CORRECTION): _to(
            Stage.CORRECTING, _CHECKER, Guard.OWN_MATTER, Guard.NOT_CORRECTED_YET
        ),
        (Stage.RECEIVED, Action.ACCEPT): _to(Stage.ACCEPTED, _CLERK, Guard.OWN_MATTER),
        (Stage.RECEIVED, Action.DECLINE): _to(Stage.DECLINED, _CLERK, Guard.OWN_MATTER),
        (Stage.RECEIVED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.PARTNERS_MATTER),
        (Stage.RECEIVED, Action.WITHDRAW): _to(Stage.WITHDRAWN, _APPLICANT),
        (Stage.CORRECTING, Action.CORRECT): _to(Stage.RECEIVED, _APPLICANT),
        (Stage.CORRECTING, Action.DECLINE): _to(Stage.DECLINED, _CLERK, Guard.OWN_MATTER),
        (Stage.CORRECTING, Action.WITHDRAW): _to(Stage.WITHDRAWN, _APPLICANT),
        (Stage.ACCEPTED, Action.REVIEW): _to(Stage.REVIEWED, _REVIEWER),
        (Stage.ACCEPTED, Action.DECIDE): _to(Stage.DECIDED, _ON_THE_SPOT, Guard.IMMEDIATE),
        (Stage.ACCEPTED, Action.WITHDRAW): _to(Stage.WITHDRAWN, _APPLICANT),
        (Stage.REVIEWED, Action.DECIDE): _to(Stage.DECIDED, _APPROVER),
        (Stage.REVIEWED, Action.WITHDRAW): _to(Stage.WITHDRAWN, _APPLICANT),
        (Stage.DECIDED, Action.ISSUE): _to(Stage.ISSUED, _ISSUER, Guard.LICENCE_OWED),
        (Stage.DECIDED, Action.DELIVER): _to(Stage.DELIVERED, _CLERK, Guard.NO_LICENCE_OWED),
        (Stage.DECIDED, Action.CLOSE): _to(Stage.CLOSED, _ON_THE_SPOT, Guard.NO_LICENCE_OWED),
        (Stage.ISSUED, Action.DELIVER): _to(Stage.DELIVERED, _CLERK),
        (Stage.DELIVERED, Action.CLOSE): _to(Stage.CLOSED, _ON_THE_SPOT),
        # What could not be handed over is sent again; all else comes from the owner.
        (Stage.FORWARDED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.FORWARD_FAILED),
    }
)

# Who did the one never does the other, save in immediate matters.
OTHER_PERSON: Mapping[Action, tuple[Action, ...]] = MappingProxyType(
    {
        Action.REVIEW: (Action.RECEIVE, Action.ACCEPT),
        Action.DECIDE: (Action.RECEIVE, Action.ACCEPT, Action.REVIEW),
    }
)


def advance(case: CaseFacts, action: Action, *, subject: str, roles: frozenset[Role]) -> Transition:
    """Return where `action` leads.

    Raises:
        ActionNotAllowed: not at this stage, or not with such a case; tells what is allowed.
        NotAllowed: none of the caller's roles may.
        SamePerson, HelperMayNotDecide: somebody else has to.
    """
    transition = TRANSITIONS.get((case.stage, action))
    unmet = [one for one in transition.guards if not _HOLDS[one](case)] if transition else []
    if transition is None or unmet:
        allowed = actions_for(case, subject=subject, roles=roles)
        raise ActionNotAllowed(
            stage=case.stage, action=action, allowed=allowed, because=unmet or None
        )
    if roles.isdisjoint(transition.roles):
        raise NotAllowed(needed=sorted(transition.roles))
    if _was_done_by(case, action, subject):
        raise SamePerson(action=action)
    if _helped(case, action, subject):
        raise HelperMayNotDecide(action=action)
    return transition


def actions_for(case: CaseFacts, *, subject: str, roles: frozenset[Role]) -> list[Action]:
    """Return what this caller can do with the case now."""
    return [
        action
        for (stage, action), transition in TRANSITIONS.items()
        if stage is case.stage
        and not roles.isdisjoint(transition.roles)
        and all(_HOLDS[one](case) for one in transition.guards)
        and not _was_done_by(case, action, subject)
        and not _helped(case, action, subject)
    ]


def _was_done_by(case: CaseFacts, action: Action, subject: str) -> bool:
    if case.is_immediate:
        return False
    return any(case.people.get(other) == subject for other in OTHER_PERSON.get(action, ()))


def _helped(case: CaseFacts, action: Action, subject: str) -> bool:
    return action in OTHER_PERSON and subject in case.helpers
