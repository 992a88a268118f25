"""How evidence is fetched: one table for both sides, its complement refused, and each reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from interop_service.equivalences.rules import Shortfall
from interop_service.once_only.rules import (
    FINAL,
    TAKEN_BY,
    TRANSITIONS,
    Consent,
    EvidenceState,
    EvidenceStep,
    Impediment,
    Party,
    Wish,
    impediments,
    next_state,
    steps_from,
)
from interop_service.partners.rules import Denial

AT = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MATTER, OTHER = "matter-a", "matter-b"
CONSENT = Consent("授-1", MATTER, "enterprise_licence", AT - DAY, AT + 2 * DAY)
WISH = Wish(MATTER, "enterprise_licence", AT + DAY)


@pytest.mark.parametrize(
    ("state", "step", "party"), list(product(EvidenceState, EvidenceStep, Party))
)
def test_a_step_is_taken_in_its_turn_by_whose_it_is(
    state: EvidenceState, step: EvidenceStep, party: Party
) -> None:
    is_allowed = (state, step) in TRANSITIONS and party in TAKEN_BY[step]

    assert next_state(state, step, by=party) == (TRANSITIONS[state, step] if is_allowed else None)
    # That its time runs out is the clock's, so it is told to nobody as his to do.
    assert (step in steps_from(state, party)) is (is_allowed and step is not EvidenceStep.EXPIRE)


def test_nothing_is_handed_over_but_after_a_preview_and_a_yes() -> None:
    before = {source for (source, step), _ in TRANSITIONS.items() if step is EvidenceStep.DELIVER}
    yes = {source for (source, step), _ in TRANSITIONS.items() if step is EvidenceStep.ACCEPT}

    assert before == {EvidenceState.ACCEPTED}
    assert yes == {EvidenceState.PREVIEWED}
    assert TAKEN_BY[EvidenceStep.ACCEPT] == {Party.REQUESTER}
    assert {"refused", "delivered", "denied", "expired"} == FINAL


@pytest.mark.parametrize(
    ("wish", "consent", "more", "found"),
    [
        (WISH, CONSENT, {}, []),
        (WISH, None, {}, [Impediment.NO_CONSENT]),
        (WISH, replace(CONSENT, given_at=AT + DAY), {}, [Impediment.CONSENT_NOT_YET]),
        (
            WISH,
            replace(CONSENT, expires_at=AT),
            {},
            [Impediment.CONSENT_OVER, Impediment.LIMIT_BEYOND_CONSENT],
        ),
        (WISH, replace(CONSENT, purpose=OTHER), {}, [Impediment.OTHER_PURPOSE]),
        (WISH, replace(CONSENT, evidence_type="other"), {}, [Impediment.OTHER_EVIDENCE]),
        (replace(WISH, expires_at=AT), CONSENT, {}, [Impediment.LIMIT_PAST]),
        (
            replace(WISH, expires_at=AT + 3 * DAY),
            CONSENT,
            {},
            [Impediment.LIMIT_BEYOND_CONSENT],
        ),
        (
            WISH,
            None,
            {"standing": [Denial.ENDED], "shortfalls": [Shortfall.NOT_EQUAL]},
            [Impediment.NO_CONSENT, Denial.ENDED, Shortfall.NOT_EQUAL],
        ),
    ],
)
def test_every_reason_against_is_told(
    wish: Wish, consent: Consent | None, more: Any, found: list[str]
) -> None:
    assert impediments(wish, consent, **{"standing": [], "shortfalls": [], "at": AT, **more}) == (
        found
    )
