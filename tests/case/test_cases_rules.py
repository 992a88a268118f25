"""The transition table is the law: what it does not list is refused, and says what is allowed."""

from dataclasses import replace
from itertools import product

import pytest

from case_service.cases.rules import (
    FINAL,
    TRANSITIONS,
    Action,
    CaseFacts,
    Guard,
    Stage,
    Transition,
    actions_for,
    advance,
)
from case_service.errors import ActionNotAllowed, HelperMayNotDecide, SamePerson
from tongban.identity import NotAllowed, Role

EVERYBODY = frozenset(Role)
SUITS: dict[Guard, dict[str, bool]] = {
    Guard.OWN_MATTER: {"is_partners": False},
    Guard.PARTNERS_MATTER: {"is_partners": True},
    Guard.IMMEDIATE: {"is_immediate": True},
    Guard.NOT_CORRECTED_YET: {"was_corrected": False},
    Guard.LICENCE_OWED: {"owes_licence": True},
    Guard.NO_LICENCE_OWED: {"owes_licence": False},
    Guard.FORWARD_FAILED: {"has_forward_failed": True},
}


def facts(stage: Stage, transition: Transition | None = None) -> CaseFacts:
    """A case for which every guard of the transition holds."""
    plain = CaseFacts(stage=stage, is_immediate=False, is_partners=False)
    for guard in transition.guards if transition else ():
        plain = replace(plain, **SUITS[guard])  # type: ignore[arg-type]  # each is a flag
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
    case = replace(suiting, **{name: not value})  # type: ignore[arg-type]  # each is a flag

    with pytest.raises(ActionNotAllowed) as refusal:
        advance(case, action, subject="x", roles=EVERYBODY)

    assert guard in refusal.value.facts["because"]


@pytest.mark.parametrize("stage", sorted(FINAL))
def test_nothing_follows_a_final_stage(stage: Stage) -> None:
    assert actions_for(facts(stage), subject="x", roles=EVERYBODY) == []


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


def test_every_stage_can_be_reached_and_left_or_is_final() -> None:
    # CLOSED comes to a forwarded case by the owner's result.
    reached = {Stage.SUBMITTED, *(one.target for one in TRANSITIONS.values())}
    left = {stage for stage, _ in TRANSITIONS}

    assert reached == set(Stage)
    assert left == set(Stage) - FINAL
