"""What the ten measures are worth, and what can be read out to the old."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_service.elderly.rules import (
    VALUES,
    Aspect,
    EvidenceKind,
    Lack,
    Outcome,
    evidence_lacking,
    lack_of,
    score,
)
from site_service.helpers.errors import (
    HelperBusy,
    HelperNotOnDuty,
    HomeVisitActionNotAllowed,
    NoHelperFree,
)
from site_service.helpers.rules import (
    HOME_TRANSITIONS,
    Candidate,
    HelpStep,
    HomeVisitAction,
    HomeVisitState,
    actions_from,
    advance,
    chosen,
    overlaps,
    steps_left,
)
from site_service.speech.rules import (
    Fault,
    Language,
    announced,
    check,
    usual_for_matter,
    usual_for_site,
)
from tongban.problems import Problem

ON = date(2026, 10, 10)


@dataclass(frozen=True)
class Measure:
    code: str
    aspect: Aspect = Aspect.ACCESS
    weight: int = 10
    applies_to: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Found:
    outcome: Outcome
    valid_until: date = ON


@pytest.mark.parametrize(
    ("found", "lack"),
    [
        (None, Lack.UNCHECKED),
        (Found(Outcome.MET), None),
        (Found(Outcome.MET, ON - timedelta(days=1)), Lack.EXPIRED),
        (Found(Outcome.PARTLY), Lack.PARTLY),
        (Found(Outcome.NOT_MET), Lack.NOT_MET),
    ],
)
def test_a_measure_lacks_what_its_newest_check_says(found: Found | None, lack: Lack | None) -> None:
    assert lack_of(found, ON) is lack


def test_the_score_weighs_what_applies_and_counts_nothing_for_the_unchecked() -> None:
    measures = [
        Measure("a", weight=30),
        Measure("b", Aspect.QUALITY, weight=10),
        Measure("c", Aspect.QUALITY, weight=10, applies_to=["hall"]),
    ]
    checks = {"a": Found(Outcome.PARTLY), "b": Found(Outcome.MET)}

    point = score(measures, checks, kind="point", on=ON)
    hall = score(measures, checks, kind="hall", on=ON)

    assert point.total == 62.5  # (30 × ½ + 10) ÷ 40
    assert hall.total == 50.0  # the hall's third measure was never checked
    assert point.aspects[Aspect.QUALITY] == 100.0
    assert point.aspects[Aspect.FAST_HANDLING] is None


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(Outcome)),
    st.lists(st.integers(1, 100), min_size=6, max_size=6),
)
def test_a_score_lies_between_0_and_100_and_never_falls_when_a_measure_is_met(
    outcomes: dict[str, Outcome], weights: list[int]
) -> None:
    measures = [
        Measure(code, weight=weight) for code, weight in zip("abcdef", weights, strict=True)
    ]
    checks = {code: Found(outcome) for code, outcome in outcomes.items()}

    before = score(measures, checks, kind="hall", on=ON).total
    after = score(measures, {**checks, "a": Found(Outcome.MET)}, kind="hall", on=ON).total

    assert before is not None
    assert after is not None
    assert 0 <= before <= after <= 100
    assert (before == 100) == all(
        VALUES.get(outcomes.get(code, Outcome.NOT_MET)) == 1 for code in "abcdef"
    )


def test_what_is_met_is_shown_and_what_is_not_needs_no_evidence() -> None:
    wanted = [EvidenceKind.PHOTO, EvidenceKind.TEXT]

    assert evidence_lacking(Outcome.MET, wanted, [EvidenceKind.TEXT]) == [EvidenceKind.PHOTO]
    assert evidence_lacking(Outcome.PARTLY, wanted, wanted) == []
    assert evidence_lacking(Outcome.NOT_MET, wanted, []) == []


@pytest.mark.parametrize(
    ("sentence", "language", "faults"),
    [
        ("请带好身份证。", Language.ZH, []),
        ("请您带好本人的身份证和户口簿以及社会保障卡的原件。", Language.ZH, [Fault.TOO_LONG]),
        ("请带证件（原件）。", Language.ZH, [Fault.BRACKETS]),
        ("请先连VPN。", Language.ZH, [Fault.ABBREVIATION, Fault.FOREIGN]),
        ("请带好身份证", Language.ZH, [Fault.UNENDED]),
        ("请坐。请稍候。", Language.ZH, [Fault.SEVERAL]),
        ("到三号窗口，不着急。", Language.ZH, []),
        ("Please bring your identity card.", Language.EN, []),
        ("Bring your ID.", Language.EN, [Fault.ABBREVIATION]),
        ("Bring it (the original).", Language.EN, [Fault.BRACKETS]),
        ("Bring cards, books, etc. today.", Language.EN, [Fault.ABBREVIATION, Fault.SEVERAL]),
        (" ".join(["word"] * 13) + ".", Language.EN, [Fault.TOO_LONG]),
        ("请坐.", Language.EN, [Fault.FOREIGN]),
    ],
)
def test_a_sentence_is_short_and_without_what_the_ear_cannot_read(
    sentence: str, language: Language, faults: list[Fault]
) -> None:
    assert [one.fault for one in check([sentence], language)] == faults


@given(
    st.from_regex(r"[A-Z]{1,2}[0-9]{1,4}", fullmatch=True),
    st.from_regex(r"[A-Z]?[0-9]{1,3}", fullmatch=True) | st.none(),
    st.lists(st.sampled_from(["inform", "receive", "decide", "print"]), max_size=4),
    st.booleans(),
)
def test_what_is_said_by_itself_can_be_read_out(
    number: str, window: str | None, depth: list[str], has_window: bool
) -> None:
    site = usual_for_site(
        "西安高新区政务服务大厅（锦业路）", has_green_channel=has_window, accepts_cash=True
    )
    matter = usual_for_matter(depth, is_at_window=has_window)
    call = announced(number, window)

    assert check(site.zh + matter.zh, Language.ZH) == []
    assert check(site.en + matter.en, Language.EN) == []
    assert len(call.zh[0]) <= 22
    assert not any(digit in call.zh[0] for digit in "0123456789")


def test_digits_are_read_one_by_one() -> None:
    assert announced("A012", "B05").zh == ("请A零一二号，到B零五窗口。",)
    assert announced("A012", "5").en == ("Number A 0 1 2, window 5.",)


def helper(number: int, **more: bool | int) -> Candidate:
    return Candidate(
        id=UUID(int=number),
        subject=f"helper-{number}",
        name=f"帮办员{number}",
        is_on_duty=bool(more.get("is_on_duty", True)),
        is_busy=bool(more.get("is_busy", False)),
        helped_today=int(more.get("helped_today", 0)),
    )


def test_the_free_helper_who_helped_the_fewest_goes_along() -> None:
    there = [helper(1, helped_today=2), helper(2), helper(3, is_busy=True), helper(4)]

    assert chosen(there, None).subject == "helper-2"
    assert chosen(there, "helper-1").subject == "helper-1"
    assert chosen(there, None, besides=UUID(int=2)).subject == "helper-4"


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ("helper-1", HelperNotOnDuty),
        ("stranger", HelperNotOnDuty),
        ("helper-2", HelperBusy),
        (None, NoHelperFree),
    ],
)
def test_a_helper_off_duty_or_with_somebody_is_refused(
    wanted: str | None, refusal: type[Problem]
) -> None:
    with pytest.raises(refusal):
        chosen([helper(1, is_on_duty=False), helper(2, is_busy=True)], wanted)


@pytest.mark.parametrize("state", HomeVisitState)
@pytest.mark.parametrize("action", HomeVisitAction)
def test_a_home_visit_goes_only_where_the_table_says(
    state: HomeVisitState, action: HomeVisitAction
) -> None:
    if (state, action) in HOME_TRANSITIONS:
        assert advance(state, action) is HOME_TRANSITIONS[state, action]
        return
    with pytest.raises(HomeVisitActionNotAllowed) as refusal:
        advance(state, action)
    assert refusal.value.facts["allowed"] == actions_from(state)


def test_steps_are_left_in_their_order_and_visits_that_touch_do_not_meet() -> None:
    at, hour = datetime(2026, 10, 12, 2, 0, tzinfo=UTC), timedelta(hours=1)

    assert steps_left([HelpStep.COPY]) == [HelpStep.GUIDE, HelpStep.FILL_IN, HelpStep.PRINT]
    assert overlaps(at, hour, [(at + hour, hour), (at - hour, hour)]) is False
    assert overlaps(at, hour, [(at + hour / 2, hour)]) is True
