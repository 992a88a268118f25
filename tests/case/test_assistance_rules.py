"""What a helper needs before he goes along, or acts."""

from datetime import date
from typing import Any

import pytest

from case_service.assistance.rules import AssistanceMode, Authorisation, check
from case_service.errors import (
    AuthorisationEnded,
    AuthorisationMissing,
    AuthorisationNotAsked,
    CaseFinished,
    DeciderMayNotHelp,
)
from tongban.problems import Problem

TODAY = date(2026, 3, 2)
TO_ACT = {
    "mode": AssistanceMode.ACT_FOR,
    "authorisation": Authorisation.FINGERPRINT,
    "until": TODAY,
}


def checked(**given: Any) -> None:
    check(
        **{
            "mode": AssistanceMode.ASSIST,
            "authorisation": None,
            "until": None,
            "today": TODAY,
            "is_finished": False,
            "helper": "helper-1",
            "deciders": frozenset({"reviewer-1"}),
            **given,
        }
    )


def test_to_go_along_needs_no_authorisation() -> None:
    checked()


@pytest.mark.parametrize("authorisation", Authorisation)
def test_to_act_needs_one_that_holds_today(authorisation: Authorisation) -> None:
    checked(**{**TO_ACT, "authorisation": authorisation})


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({**TO_ACT, "authorisation": None}, AuthorisationMissing),
        ({**TO_ACT, "until": None}, AuthorisationMissing),
        ({**TO_ACT, "until": date(2026, 3, 1)}, AuthorisationEnded),
        ({"authorisation": Authorisation.PAPER}, AuthorisationNotAsked),
        ({"until": TODAY}, AuthorisationNotAsked),
        ({"is_finished": True}, CaseFinished),
        ({"helper": "reviewer-1"}, DeciderMayNotHelp),
    ],
)
def test_help_that_cannot_be_given_is_refused(
    given: dict[str, Any], refusal: type[Problem]
) -> None:
    with pytest.raises(refusal):
        checked(**given)


def test_all_that_an_authorisation_lacks_is_told_at_once() -> None:
    with pytest.raises(AuthorisationMissing) as refusal:
        checked(mode=AssistanceMode.ACT_FOR)

    assert [one.pointer for one in refusal.value.errors] == ["/authorisation", "/until"]
