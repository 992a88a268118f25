"""The transition table is the law: what it does not list is refused, and says what is allowed."""

from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases import rules
from case_service.cases.guards import REASONS
from case_service.cases.refusals import DepartmentNotAsked, NotTheLead
from case_service.cases.rules import (
    ASSIGNEES,
    FINAL,
    TRANSITIONS,
    Action,
    CaseFacts,
    Guard,
    Stage,
    Transition,
    advance_by_machine,
    step_of,
)
from case_service.errors import ActionNotAllowed, AssignedToAnother, HelperMayNotDecide, SamePerson
from tongban.identity import NotAllowed, Role

EVERYBODY = frozenset(Role)
DEPARTMENT = "tax"
# Whoever acts here is of the department that was asked, where one was.
advance = partial(rules.advance, department=DEPARTMENT)
actions_for = partial(rules.actions_for, department=DEPARTMENT)
SUITS: dict[Guard, dict[str, Any]] = {
    Guard.OWN_MATTER: {"is_partners": False},
    Guard.PARTNERS_MATTER: {"is_partners": True},
    Guard.IMMEDIATE: {"is_immediate": True},
    Guard.NOT_CORRECTED_YET: {"was_corrected": False},
    Guard.LICENCE_OWED: {"owes_licence": True},
    Guard.NO_LICENCE_OWED: {"owes_licence": False},
    Guard.FORWARD_FAILED: {"has_forward_failed": True},
    Guard.MATERIAL_OWED: {"owes_material": True},
    Guard.NO_MATERIAL_OWED: {"owes_material": False},
    Guard.OPINION_OWED: {"awaited": (DEPARTMENT,)},
    Guard.NO_OPINION_OWED: {"awaited": ()},
    Guard.EXTENDABLE: {"is_extendable": True},
    Guard.SUSPENDABLE: {"is_suspendable": True},
    Guard.COMMITMENT_UNCHECKED: {"has_unchecked_commitment": True},
    Guard.OUTSIDE_SYSTEM: {"has_outside_system": True},
    Guard.NOT_EXCHANGED: {"is_exchanged": False},
    Guard.ASSIGNED: {"assigned_to": "x"},
    Guard.NOT_ASSIGNED: {"assigned_to": None},
    Guard.PARTS_DECIDED: {"waits_for_parts": False},
    Guard.NOT_ASKED_BACK: {"is_asked_back": False},
    Guard.RESULT_TO_HAND_OVER: {"has_result_to_hand_over": True},
}
OPPOSITE: dict[Any, Any] = {
    True: False,
    False: True,
    "x": None,
    None: "x",
    (): (DEPARTMENT,),
    (DEPARTMENT,): (),
}


def facts(stage: Stage, transition: Transition | None = None) -> CaseFacts:
    """A case for which every guard of the transition holds."""
    plain = CaseFacts(stage=stage, is_immediate=False, is_partners=False)
    for guard in transition.guards if transition else ():
        plain = replace(plain, **SUITS[guard])
    return plain


@pytest.mark.parametrize(("stage", "action"), sorted(TRANSITIONS))
def test_what_the_table_lists_is_done_and_offered(stage: Stage, action: Action) -> None:
    transition = TRANSITIONS[stage, action]
    case = facts(stage, transition)

    assert advance(case, action, subject="x", roles=EVERYBODY) is transition
    assert action in actions_for(case, subject="x", roles=EVERYBODY)


@pytest.mark.parametrize(
    ("stage", "action"), sorted(set(product(Stage, Action)) - set(TRANSITIONS))
)
def test_any_other_action_is_refused_with_what_is_allowed(stage: Stage, action: Action) -> None:
    with pytest.raises(ActionNotAllowed) as refusal:
        advance(facts(stage), action, subject="x", roles=EVERYBODY)

    allowed = refusal.value.facts["allowed"]
    assert action not in allowed
    assert allowed == actions_for(facts(stage), subject="x", roles=EVERYBODY)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_does_what_the_table_gives_it_and_nothing_else(role: Role) -> None:
    for (stage, action), transition in TRANSITIONS.items():
        case, own = facts(stage, transition), frozenset({role})
        may = role in transition.roles

        assert (action in actions_for(case, subject="x", roles=own)) == may
        if not may:
            with pytest.raises(NotAllowed):
                advance(case, action, subject="x", roles=own)


@pytest.mark.parametrize(
    ("stage", "action", "guard"),
    sorted((*place, guard) for place, one in TRANSITIONS.items() for guard in one.guards),
)
def test_each_guard_holds_the_action_back(stage: Stage, action: Action, guard: Guard) -> None:
    suiting = facts(stage, TRANSITIONS[stage, action])
    (name, value), *_ = SUITS[guard].items()
    case = replace(suiting, **{name: OPPOSITE[value]})

    with pytest.raises(ActionNotAllowed) as refusal:
        advance(case, action, subject="x", roles=EVERYBODY)

    assert guard in refusal.value.facts["because"]


@pytest.mark.parametrize(("stage", "action"), sorted(TRANSITIONS))
def test_what_is_somebody_elses_work_is_left_to_him(stage: Stage, action: Action) -> None:
    transition = TRANSITIONS[stage, action]
    case = replace(facts(stage, transition), assigned_to="anna")
    if Guard.NOT_ASSIGNED in transition.guards:
        return

    if action in ASSIGNEES:
        with pytest.raises(AssignedToAnother):
            advance(case, action, subject="x", roles=EVERYBODY)
        assert action not in actions_for(case, subject="x", roles=EVERYBODY)
    else:
        assert advance(case, action, subject="x", roles=EVERYBODY) is transition
    assert advance(case, action, subject="anna", roles=EVERYBODY) is transition


@pytest.mark.parametrize("stage", sorted(FINAL))
def test_only_supervision_takes_a_case_out_of_a_final_stage(stage: Stage) -> None:
    leaving = {
        action: one.roles
        for (source, action), one in TRANSITIONS.items()
        if source is stage and one.target is not stage
    }

    assert leaving == {Action.REOPEN: frozenset({Role.SUPERVISOR})}


@pytest.mark.parametrize("stage", [Stage.WITHDRAWN, Stage.TERMINATED])
def test_a_reopened_case_goes_on_where_it_was_accepted_and_else_before(stage: Stage) -> None:
    reopening = TRANSITIONS[stage, Action.REOPEN]

    assert reopening.leads_to(replace(facts(stage), was_accepted=True)) is Stage.ACCEPTED
    assert reopening.leads_to(replace(facts(stage), was_accepted=False)) is Stage.RECEIVED


@pytest.mark.parametrize(("stage", "action"), sorted(product(Stage, Action)))
def test_the_machine_takes_what_law_and_rule_give_it_and_nothing_else(
    stage: Stage, action: Action
) -> None:
    transition = TRANSITIONS.get((stage, action))
    case = facts(stage, transition)

    if transition is not None and transition.by_machine:
        assert advance_by_machine(case, action) is transition
    else:
        with pytest.raises(ActionNotAllowed) as refusal:
            advance_by_machine(case, action)
        assert action not in refusal.value.facts["allowed"]


def test_what_the_machine_takes_needs_nobodys_judgement() -> None:
    assert {action for (_, action), one in TRANSITIONS.items() if one.by_machine} == {
        Action.RECEIVE,
        Action.ACCEPT,
        Action.DECIDE,
        Action.DELIVER,
        Action.TERMINATE,
        # What the applicant did at another district's window, passed on by that district.
        Action.CORRECT,
        Action.WITHDRAW,
    }


def test_a_matter_with_a_rule_is_decided_without_review_by_the_machine_alone() -> None:
    case = facts(Stage.ACCEPTED)

    with pytest.raises(ActionNotAllowed):
        advance(case, Action.DECIDE, subject="x", roles=EVERYBODY)
    assert advance_by_machine(replace(case, is_rule_decided=True), Action.DECIDE)


@pytest.mark.parametrize("guard", list(Guard))
def test_each_guard_tells_in_both_languages_what_to_do(guard: Guard) -> None:
    assert REASONS[guard]["zh-CN"]
    assert REASONS[guard]["en"]


def test_who_gave_an_opinion_does_not_decide() -> None:
    case = replace(facts(Stage.REVIEWED), opinion_givers=frozenset({"same"}))

    with pytest.raises(SamePerson):
        advance(case, Action.DECIDE, subject="same", roles=EVERYBODY)
    assert advance(case, Action.DECIDE, subject="other", roles=EVERYBODY)


@pytest.mark.parametrize("stage", list(Stage))
def test_each_stage_is_in_a_step_until_the_case_is_handled(stage: Stage) -> None:
    handled = {*FINAL, Stage.DELIVERED, Stage.FORWARDED}

    step = step_of(stage, is_immediate=False, owes_licence=True)

    assert (step is None) == (stage in handled)


WALKS = st.lists(
    st.tuples(st.sampled_from(Action), st.booleans(), st.booleans(), st.booleans()), max_size=40
)


@given(WALKS)
def test_however_a_case_is_walked_it_stays_on_the_table(
    walk: list[tuple[Action, bool, bool, bool]],
) -> None:
    case = facts(Stage.SUBMITTED)
    taken: list[Action] = []
    for action, is_immediate, owes_material, owes_licence in walk:
        case = replace(
            case,
            is_immediate=is_immediate,
            owes_material=owes_material,
            owes_licence=owes_licence,
            is_extendable=Action.EXTEND not in taken,
        )
        try:
            transition = advance(case, action, subject="x", roles=EVERYBODY)
        except (ActionNotAllowed, SamePerson) as refusal:
            allowed = refusal.facts.get("allowed", [])
            assert action not in allowed
            continue
        taken.append(action)
        case = replace(
            case,
            stage=transition.leads_to(case),
            was_accepted=case.was_accepted or action is Action.ACCEPT,
            was_corrected=case.was_corrected or action is Action.REQUEST_CORRECTION,
        )
        assert case.stage in Stage

    assert taken.count(Action.REQUEST_CORRECTION) <= 1
    assert taken.count(Action.EXTEND) <= 1
    if Action.DECIDE in taken:
        assert Action.ACCEPT in taken[: taken.index(Action.DECIDE)]
    if Action.RECEIVE not in taken:
        assert Action.ACCEPT not in taken or Action.REOPEN in taken


@pytest.mark.parametrize(
    ("stage", "action", "before"),
    [
        (Stage.ACCEPTED, Action.REVIEW, Action.RECEIVE),
        (Stage.ACCEPTED, Action.REVIEW, Action.ACCEPT),
        (Stage.REVIEWED, Action.DECIDE, Action.RECEIVE),
        (Stage.REVIEWED, Action.DECIDE, Action.ACCEPT),
        (Stage.REVIEWED, Action.DECIDE, Action.REVIEW),
    ],
)
def test_acceptance_review_and_decision_are_different_peoples_work(
    stage: Stage, action: Action, before: Action
) -> None:
    case = replace(facts(stage), people={before: "same"})

    with pytest.raises(SamePerson):
        advance(case, action, subject="same", roles=EVERYBODY)
    assert action not in actions_for(case, subject="same", roles=EVERYBODY)
    assert advance(case, action, subject="other", roles=EVERYBODY)


def test_an_opinion_is_for_a_department_that_was_asked_and_has_not_answered() -> None:
    case = replace(facts(Stage.ACCEPTED), awaited=("water", "fire"), lead="water")

    with pytest.raises(DepartmentNotAsked) as refusal:
        advance(case, Action.GIVE_OPINION, subject="x", roles=EVERYBODY)
    assert refusal.value.facts["waiting"] == ["water", "fire"]
    assert Action.GIVE_OPINION not in actions_for(case, subject="x", roles=EVERYBODY)
    fire: dict[str, Any] = {"subject": "x", "roles": EVERYBODY, "department": "fire"}
    assert advance(case, Action.GIVE_OPINION, **fire)
    assert Action.GIVE_OPINION in actions_for(case, **fire)


def test_the_lead_alone_concludes_where_several_departments_reviewed() -> None:
    case = replace(facts(Stage.ACCEPTED), lead="water")

    with pytest.raises(NotTheLead):
        advance(case, Action.REVIEW, subject="x", roles=EVERYBODY)
    assert Action.REVIEW not in actions_for(case, subject="x", roles=EVERYBODY)
    lead: dict[str, Any] = {"subject": "x", "roles": EVERYBODY, "department": "water"}
    assert advance(case, Action.REVIEW, **lead)
    assert Action.REVIEW in actions_for(case, **lead)


def test_in_immediate_matters_one_person_does_it_all() -> None:
    case = replace(facts(Stage.ACCEPTED), is_immediate=True, people={Action.ACCEPT: "one"})

    assert advance(case, Action.DECIDE, subject="one", roles=frozenset({Role.CLERK}))


@pytest.mark.parametrize(
    ("stage", "action"), [(Stage.ACCEPTED, Action.REVIEW), (Stage.REVIEWED, Action.DECIDE)]
)
def test_who_helped_neither_reviews_nor_decides(stage: Stage, action: Action) -> None:
    case = replace(facts(stage), helpers=frozenset({"helper"}))

    with pytest.raises(HelperMayNotDecide):
        advance(case, action, subject="helper", roles=EVERYBODY)


def test_every_stage_can_be_reached_and_left() -> None:
    # CLOSED comes to a forwarded case by the owner's result.
    reached = {Stage.SUBMITTED, *(one.target for one in TRANSITIONS.values())}
    left = {stage for stage, _ in TRANSITIONS}

    assert reached == set(Stage)
    assert left == set(Stage)
