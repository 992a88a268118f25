"""What a helper needs before he goes along, or acts."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.assistance.errors import (
    AuthorityDatesWrong,
    AuthorityEnded,
    AuthorityEvidenceMissing,
    AuthorityMissing,
    AuthorityOutOfScope,
)
from case_service.assistance.green_channel import is_elderly, is_open
from case_service.assistance.rules import (
    AssistanceMode,
    Authorisation,
    Granted,
    check,
    check_authority,
    require,
)
from case_service.errors import (
    AuthorisationEnded,
    AuthorisationMissing,
    AuthorisationNotAsked,
    CaseFinished,
    DeciderMayNotHelp,
)
from support.identities import identity_number
from tongban import conditions
from tongban.problems import Problem

TODAY = date(2026, 3, 2)
TO_ACT = {
    "mode": AssistanceMode.ACT_FOR,
    "authorisation": Authorisation.FINGERPRINT,
    "evidence": "委-2026-001",
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
        ({**TO_ACT, "evidence": None}, AuthorityEvidenceMissing),
        ({"evidence": "委-2026-001"}, AuthorisationNotAsked),
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


def granted(**changes: Any) -> Granted:
    return Granted(**{"valid_from": TODAY, "until": TODAY + timedelta(days=30), **changes})


def required(*rights: Granted, matter: str = "m1", action: str = "correct") -> None:
    require(rights, matter=matter, action=action, today=TODAY)


@pytest.mark.parametrize(
    "right",
    [
        granted(),
        granted(matters=["m1"], actions=["correct"]),
        granted(until=TODAY),
        granted(valid_from=date(2020, 1, 1)),
    ],
)
def test_a_right_in_force_and_scope_lets_one_act(right: Granted) -> None:
    required(granted(matters=["m2"]), right)


@pytest.mark.parametrize(
    ("rights", "refusal"),
    [
        ([], AuthorityMissing),
        ([granted(until=TODAY - timedelta(days=1))], AuthorityEnded),
        ([granted(valid_from=TODAY + timedelta(days=1))], AuthorityEnded),
        ([granted(is_revoked=True)], AuthorityEnded),
        ([granted(matters=["m2"])], AuthorityOutOfScope),
        ([granted(actions=["submit", "upload"])], AuthorityOutOfScope),
        ([granted(actions=["upload"]), granted(is_revoked=True)], AuthorityEnded),
    ],
)
def test_any_other_right_does_not(rights: list[Granted], refusal: type[Problem]) -> None:
    with pytest.raises(refusal):
        required(*rights)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.integers(-500, 500))
def test_a_right_holds_on_each_of_its_days_and_on_no_other(
    begins: date, days: int, offset: int
) -> None:
    right = granted(valid_from=begins, until=begins + timedelta(days=days))

    assert right.is_in_force(begins + timedelta(days=offset)) == (0 <= offset <= days)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"evidence": None}, AuthorityEvidenceMissing),
        ({"until": TODAY - timedelta(days=1)}, AuthorityDatesWrong),
        ({"valid_from": TODAY + timedelta(days=31)}, AuthorityDatesWrong),
        ({"until": date(2040, 1, 1)}, AuthorityDatesWrong),
    ],
)
def test_an_authority_that_would_never_hold_is_refused(
    changes: dict[str, Any], refusal: type[Problem]
) -> None:
    wanted: dict[str, Any] = {
        "way": Authorisation.PAPER,
        "evidence": "委-1",
        "valid_from": TODAY,
        "until": TODAY + timedelta(days=30),
    }
    with pytest.raises(refusal):
        check_authority(**{**wanted, **changes}, today=TODAY)


def applicant(born: date, **changes: Any) -> dict[str, Any]:
    return {"kind": "person", "identity_number": identity_number(born), **changes}


@pytest.mark.parametrize(
    ("born", "is_old"),
    [(date(1966, 3, 2), True), (date(1966, 3, 3), False), (date(1940, 2, 29), True)],
)
def test_who_is_sixty_today_is_old(born: date, is_old: bool) -> None:
    assert is_elderly(applicant(born), TODAY, from_age=60) is is_old


def test_a_firm_and_a_passport_tell_no_age() -> None:
    firm = applicant(date(1940, 1, 1), kind="enterprise")
    foreign = {"kind": "person", "identity_kind": "passport", "identity_number": "E12345678"}

    assert not is_elderly(firm, TODAY, from_age=60)
    assert not is_elderly(foreign, TODAY, from_age=60)


def test_the_districts_rule_opens_the_green_channel_to_others() -> None:
    rule = conditions.parse({"fact": "is_disabled", "is": True})
    young = applicant(date(2000, 1, 1))

    def opened(**answers: Any) -> bool:
        return is_open(rule, applicant=young, answers=answers, today=TODAY, from_age=60)

    assert opened(is_disabled=True)
    assert not opened()
