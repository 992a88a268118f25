"""What may happen to a case, who may do it, and what follows (办件状态流转).

Pure: values in, values out. The one table below is the law; the API's `actions`, the answers to
what is refused, the diagram in the documents and the tests all come from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from case_service.cases.guards import REASONS, CaseFacts, holds
from case_service.cases.persons import ASSIGNEES, OTHER_PERSON, why_not
from case_service.cases.vocabulary import (
    FINAL,
    Action,
    ChallengeKind,
    ChallengeState,
    Channel,
    Evidence,
    Ground,
    Guard,
    Handling,
    Opinion,
    Outcome,
    Relation,
    Stage,
    StepName,
)
from case_service.errors import ActionNotAllowed
from tongban.identity import NotAllowed, Role
from tongban.problems import FieldError

__all__ = [
    "ASSIGNEES",
    "FINAL",
    "OTHER_PERSON",
    "TRANSITIONS",
    "Action",
    "CaseFacts",
    "ChallengeKind",
    "ChallengeState",
    "Channel",
    "Evidence",
    "Ground",
    "Guard",
    "Handling",
    "Opinion",
    "Outcome",
    "Relation",
    "Stage",
    "StepName",
    "Transition",
    "actions_for",
    "advance",
    "advance_by_machine",
    "step_of",
]


@dataclass(frozen=True)
class Transition:
    """Where an action leads, who may take it, and when."""

    target: Stage
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()
    by_machine: bool = False
    """The machine may take it too, where law or rule say so."""
    if_never_accepted: Stage | None = None
    """Where it leads instead, a case that was never accepted."""
    if_with_owner: Stage | None = None
    """Where it leads instead, at the near district, a case that the owner has: it is asked."""

    def leads_to(self, case: CaseFacts) -> Stage:
        """Return the stage that follows for this case."""
        if self.if_never_accepted is not None and not case.was_accepted:
            return self.if_never_accepted
        if self.if_with_owner is not None and case.is_with_owner:
            return self.if_with_owner
        return self.target


def _to(target: Stage, roles: frozenset[Role], *guards: Guard) -> Transition:
    return Transition(target, roles, guards)


def _machine_too(target: Stage, roles: frozenset[Role], *guards: Guard) -> Transition:
    return Transition(target, roles, guards, by_machine=True)


_CLERK = frozenset({Role.CLERK})
_CHECKER = frozenset({Role.CLERK, Role.REVIEWER})
_REVIEWER = frozenset({Role.REVIEWER})
_APPROVER = frozenset({Role.APPROVER})
_BACK = frozenset({Role.REVIEWER, Role.APPROVER})
_STAFF = frozenset({Role.CLERK, Role.REVIEWER, Role.APPROVER})
_ON_THE_SPOT = frozenset({Role.CLERK, Role.APPROVER})
_ISSUER = frozenset({Role.CLERK, Role.APPROVER, Role.SEAL_KEEPER})
_APPLICANT = frozenset({Role.CITIZEN, Role.ENTERPRISE, Role.CLERK, Role.HELPER})
_CHECKS_LATER = frozenset({Role.REVIEWER, Role.APPROVER, Role.SUPERVISOR})
_LEGAL = frozenset({Role.APPROVER, Role.SUPERVISOR})
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_CLAIMS = frozenset({Role.CLERK, Role.REVIEWER, Role.APPROVER, Role.SEAL_KEEPER})
_ASSIGNS = frozenset({Role.SITE_MANAGER, Role.SUPERVISOR})

_HANDED_OVER = (Guard.NO_LICENCE_OWED, Guard.PARTS_DECIDED)

Table = Mapping[tuple[Stage, Action], Transition]

_FRONT: Table = {
    (Stage.SUBMITTED, Action.PRE_CHECK): _to(Stage.SUBMITTED, _CHECKER),
    (Stage.SUBMITTED, Action.RECEIVE): _machine_too(Stage.RECEIVED, _CLERK),
    (Stage.SUBMITTED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.PARTNERS_MATTER),
    (Stage.RECEIVED, Action.REQUEST_CORRECTION): _to(
        Stage.CORRECTING, _CHECKER, Guard.OWN_MATTER, Guard.NOT_CORRECTED_YET
    ),
    (Stage.RECEIVED, Action.ACCEPT): _machine_too(Stage.ACCEPTED, _CLERK, Guard.OWN_MATTER),
    (Stage.RECEIVED, Action.DECLINE): _to(Stage.DECLINED, _CLERK, Guard.OWN_MATTER),
    (Stage.RECEIVED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.PARTNERS_MATTER),
    (Stage.CORRECTING, Action.CORRECT): Transition(
        Stage.RECEIVED, _APPLICANT, by_machine=True, if_with_owner=Stage.FORWARDED
    ),
    (Stage.CORRECTING, Action.DECLINE): _to(Stage.DECLINED, _CLERK, Guard.OWN_MATTER),
    # What could not be handed over is sent again; all else comes from the owner.
    (Stage.FORWARDED, Action.FORWARD): _to(Stage.FORWARDED, _CLERK, Guard.FORWARD_FAILED),
    # The near window hands the applicant what the owner decided.
    (Stage.CLOSED, Action.DELIVER): _to(Stage.CLOSED, _CLERK, Guard.RESULT_TO_HAND_OVER),
}

_BACK_OFFICE: Table = {
    (Stage.ACCEPTED, Action.REQUEST_REVIEWS): _to(Stage.ACCEPTED, _BACK, Guard.NO_OPINION_OWED),
    (Stage.ACCEPTED, Action.REVIEW): _to(Stage.REVIEWED, _REVIEWER, Guard.NO_OPINION_OWED),
    (Stage.ACCEPTED, Action.DECIDE): _machine_too(
        Stage.DECIDED,
        _ON_THE_SPOT,
        Guard.IMMEDIATE,
        Guard.NO_MATERIAL_OWED,
        Guard.NO_OPINION_OWED,
    ),
    (Stage.ACCEPTED, Action.SUSPEND): _to(Stage.SUSPENDED, _BACK, Guard.SUSPENDABLE),
    (Stage.REVIEWED, Action.SUSPEND): _to(Stage.SUSPENDED, _BACK, Guard.SUSPENDABLE),
    # What the procedure found is reviewed, also where a review came before it.
    (Stage.SUSPENDED, Action.RESUME): _to(Stage.ACCEPTED, _BACK),
    (Stage.REVIEWED, Action.DECIDE): _to(Stage.DECIDED, _APPROVER, Guard.NO_MATERIAL_OWED),
    (Stage.DECIDED, Action.ISSUE): _to(Stage.ISSUED, _ISSUER, Guard.LICENCE_OWED),
    (Stage.DECIDED, Action.DELIVER): _machine_too(Stage.DELIVERED, _CLERK, *_HANDED_OVER),
    (Stage.DECIDED, Action.CLOSE): _to(Stage.CLOSED, _ON_THE_SPOT, *_HANDED_OVER),
    (Stage.ISSUED, Action.DELIVER): _machine_too(Stage.DELIVERED, _CLERK, Guard.PARTS_DECIDED),
    (Stage.DELIVERED, Action.CLOSE): _to(Stage.CLOSED, _ON_THE_SPOT),
}

_OPEN_HERE = (
    Stage.SUBMITTED,
    Stage.RECEIVED,
    Stage.CORRECTING,
    Stage.ACCEPTED,
    Stage.SUSPENDED,
    Stage.REVIEWED,
    Stage.DECIDED,
    Stage.ISSUED,
    Stage.DELIVERED,
)

# Stages in which an action leaves the case where it is.
_STAYING: Mapping[Action, tuple[tuple[Stage, ...], frozenset[Role], tuple[Guard, ...]]] = {
    Action.GIVE_OPINION: (
        (Stage.ACCEPTED, Stage.SUSPENDED),
        _REVIEWER,
        (Guard.OPINION_OWED,),
    ),
    Action.EXTEND: ((Stage.ACCEPTED, Stage.REVIEWED), _APPROVER, (Guard.EXTENDABLE,)),
    Action.SUPPLY: (
        (Stage.ACCEPTED, Stage.SUSPENDED, Stage.REVIEWED),
        _APPLICANT,
        (Guard.MATERIAL_OWED,),
    ),
    Action.CHECK_COMMITMENT: (
        (
            Stage.ACCEPTED,
            Stage.SUSPENDED,
            Stage.REVIEWED,
            Stage.DECIDED,
            Stage.ISSUED,
            Stage.DELIVERED,
            Stage.CLOSED,
        ),
        _CHECKS_LATER,
        (Guard.COMMITMENT_UNCHECKED,),
    ),
    Action.REPORT_OUTSIDE: (
        (
            Stage.ACCEPTED,
            Stage.SUSPENDED,
            Stage.REVIEWED,
            Stage.DECIDED,
            Stage.ISSUED,
            Stage.DELIVERED,
        ),
        _STAFF,
        (Guard.OUTSIDE_SYSTEM,),
    ),
    Action.NOTE_REVIEW: (
        (
            Stage.DECIDED,
            Stage.ISSUED,
            Stage.DELIVERED,
            Stage.CLOSED,
            Stage.DECLINED,
            Stage.TERMINATED,
        ),
        _LEGAL,
        (Guard.OWN_MATTER,),
    ),
    Action.ESCALATE: (_OPEN_HERE, _STAFF, ()),
    Action.CLAIM: (_OPEN_HERE, _CLAIMS, (Guard.NOT_ASSIGNED,)),
    Action.ASSIGN: (_OPEN_HERE, _ASSIGNS, ()),
    Action.HAND_OVER: (_OPEN_HERE, _CLAIMS, (Guard.ASSIGNED,)),
}

_BEFORE_A_DECISION = (
    Stage.SUBMITTED,
    Stage.RECEIVED,
    Stage.CORRECTING,
    Stage.ACCEPTED,
    Stage.SUSPENDED,
    Stage.REVIEWED,
)
_WITH_OWNER = (Stage.FORWARDED, Stage.CORRECTING)
_ENDED_HERE = (Guard.OWN_MATTER, Guard.NOT_EXCHANGED)

TRANSITIONS: Table = MappingProxyType(
    {
        **_FRONT,
        **_BACK_OFFICE,
        **{
            (stage, action): Transition(stage, roles, guards)
            for action, (stages, roles, guards) in _STAYING.items()
            for stage in stages
        },
        **{
            (stage, Action.WITHDRAW): Transition(
                Stage.WITHDRAWN,
                _APPLICANT,
                (Guard.NOT_ASKED_BACK,),
                # 由收件区转来的撤回: the near district passes the applicant's wish on.
                by_machine=True,
                if_with_owner=stage if stage in _WITH_OWNER else None,
            )
            for stage in (*_BEFORE_A_DECISION, Stage.FORWARDED)
        },
        **{
            (stage, Action.TERMINATE): _machine_too(Stage.TERMINATED, _APPROVER, Guard.OWN_MATTER)
            for stage in (Stage.CORRECTING, Stage.ACCEPTED, Stage.SUSPENDED, Stage.REVIEWED)
        },
        (Stage.CLOSED, Action.REOPEN): _to(Stage.ACCEPTED, _SUPERVISOR, *_ENDED_HERE),
        (Stage.DECLINED, Action.REOPEN): _to(Stage.RECEIVED, _SUPERVISOR, *_ENDED_HERE),
        **{
            (stage, Action.REOPEN): Transition(
                Stage.ACCEPTED, _SUPERVISOR, _ENDED_HERE, if_never_accepted=Stage.RECEIVED
            )
            for stage in (Stage.WITHDRAWN, Stage.TERMINATED)
        },
    }
)

_ORDER = {action: place for place, action in enumerate(Action)}
# A work list asks for each of its lines: what a stage allows is not looked for in the whole table.
_AT: Mapping[Stage, tuple[tuple[Action, Transition], ...]] = MappingProxyType(
    {
        stage: tuple(
            sorted(
                ((action, one) for (at, action), one in TRANSITIONS.items() if at is stage),
                key=lambda line: _ORDER[line[0]],
            )
        )
        for stage in Stage
    }
)


def advance(
    case: CaseFacts,
    action: Action,
    *,
    subject: str,
    roles: frozenset[Role],
    department: str | None = None,
) -> Transition:
    """Return where `action` leads.

    Raises:
        ActionNotAllowed: not at this stage, or not with such a case; tells what is allowed.
        NotAllowed: none of the caller's roles may.
        SamePerson, HelperMayNotDecide, AssignedToAnother: somebody else has to.
        DepartmentNotAsked, NotTheLead: another department has to.
    """
    transition = TRANSITIONS.get((case.stage, action))
    unmet = _unmet(transition, case)
    if transition is None or unmet:
        allowed = actions_for(case, subject=subject, roles=roles, department=department)
        raise _not_allowed(case, action, allowed, unmet)
    if roles.isdisjoint(transition.roles):
        raise NotAllowed(needed=sorted(transition.roles))
    refusal = why_not(case, action, subject=subject, department=department)
    if refusal is not None:
        raise refusal
    return transition


def advance_by_machine(case: CaseFacts, action: Action) -> Transition:
    """Return where `action` leads when nobody but the machine takes it.

    Raises:
        ActionNotAllowed: not at this stage, not with such a case, or not without a person.
    """
    transition = TRANSITIONS.get((case.stage, action))
    unmet = _unmet(transition, case)
    if transition is None or unmet or not transition.by_machine:
        allowed = [
            one for one, other in _AT[case.stage] if other.by_machine and not _unmet(other, case)
        ]
        raise _not_allowed(case, action, allowed, unmet)
    return transition


def actions_for(
    case: CaseFacts, *, subject: str, roles: frozenset[Role], department: str | None = None
) -> list[Action]:
    """Return what this caller can do with the case now, in the order of a case's life."""
    return [
        action
        for action, transition in _AT[case.stage]
        if not roles.isdisjoint(transition.roles)
        and not _unmet(transition, case)
        and why_not(case, action, subject=subject, department=department) is None
    ]


def step_of(stage: Stage, *, is_immediate: bool, owes_licence: bool) -> StepName | None:
    """Return the step of the matter that a case at this stage is in; None once it is handled."""
    if stage is Stage.ACCEPTED and is_immediate:
        return StepName.DECIDE
    if stage is Stage.DECIDED and owes_licence:
        return StepName.MAKE
    return _STEPS.get(stage)


_STEPS: Mapping[Stage, StepName] = MappingProxyType(
    {
        Stage.SUBMITTED: StepName.RECEIVE,
        Stage.RECEIVED: StepName.ACCEPT,
        Stage.CORRECTING: StepName.ACCEPT,
        Stage.ACCEPTED: StepName.REVIEW,
        Stage.SUSPENDED: StepName.REVIEW,
        Stage.REVIEWED: StepName.DECIDE,
        Stage.DECIDED: StepName.DELIVER,
        Stage.ISSUED: StepName.DELIVER,
    }
)


def _unmet(transition: Transition | None, case: CaseFacts) -> list[Guard]:
    guards = transition.guards if transition else ()
    return [guard for guard in guards if not holds(guard, case)]


def _not_allowed(
    case: CaseFacts, action: Action, allowed: list[Action], unmet: list[Guard]
) -> ActionNotAllowed:
    return ActionNotAllowed(
        errors=[FieldError(detail=REASONS[guard], code=guard.value) for guard in unmet],
        stage=case.stage,
        action=action,
        allowed=allowed,
        because=unmet or None,
    )
