"""One application for a life event: what is whose, in which order, and how the whole stands."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.bundles.rules import (
    BundleState,
    LifeEventContent,
    Member,
    Part,
    members_for,
    plan,
    share_of,
    state_of,
)
from case_service.cases.rules import Outcome, Stage
from case_service.matters.rules import MatterContent
from support.case_world import matter_content


def test_a_matter_gets_its_own_of_what_is_told_once() -> None:
    content = MatterContent.model_validate(
        matter_content(
            form_fields=[
                {"key": "name", "label": "名称", "kind": "text"},
                {"key": "premises", "label": "场所", "kind": "text"},
            ],
            situations=[
                {"key": "first", "question": "首次？", "answers": [{"value": "yes"}]},
                {"key": "has_branch", "question": "分店？", "answers": [{"value": "no"}]},
            ],
        )
    )
    member = Member(code="a", renames={"name": "firm_name"}, given={"first": "yes"})

    share = share_of(
        member,
        content,
        form={"firm_name": "好味馆", "premises": "唐延路1号", "others": "x"},
        situation_answers={"has_branch": "no"},
        evidence={"经营场所平面图（原件）": "file", "租赁合同": "file"},
    )

    assert share.form == {"name": "好味馆", "premises": "唐延路1号"}
    assert share.situation_answers == {"first": "yes", "has_branch": "no"}
    assert share.evidence == {"plan": "file"}
    assert share.shared_keys["name"] == "firm_name"


def test_what_the_answers_do_not_call_for_is_left_out_of_the_plan() -> None:
    content = LifeEventContent.model_validate(
        {
            "name": "开餐馆",
            "matters": [
                {"code": "shop"},
                {"code": "food", "after": ["shop"]},
                {"code": "staff", "when": {"fact": "hires", "is": "yes"}},
                {"code": "sign", "after": ["staff", "food"]},
            ],
        }
    )

    alone = members_for(content, {"hires": "no"})

    assert plan(alone) == [["shop"], ["food"], ["sign"]]
    assert plan(members_for(content, {"hires": "yes"})) == [["shop", "staff"], ["food"], ["sign"]]


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=8))
def test_a_plan_has_every_matter_once_and_ends_even_on_a_circle(after: list[list[int]]) -> None:
    members = [
        Member(code=str(at), after=tuple(map(str, before))) for at, before in enumerate(after)
    ]

    rounds = plan(members)

    assert sorted(chain(*rounds)) == sorted(one.code for one in members)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([(Stage.DECIDED, Outcome.GRANTED), (Stage.REVIEWED, None)], BundleState.UNDER_WAY),
        ([(Stage.CLOSED, Outcome.GRANTED), (Stage.FORWARDED, None)], BundleState.UNDER_WAY),
        ([(Stage.ISSUED, Outcome.GRANTED), (Stage.DECIDED, Outcome.DENIED)], BundleState.READY),
        ([(Stage.DECIDED, Outcome.GRANTED), (Stage.DECLINED, Outcome.DECLINED)], BundleState.READY),
        (
            [(Stage.CLOSED, Outcome.GRANTED), (Stage.WITHDRAWN, Outcome.WITHDRAWN)],
            BundleState.COMPLETED,
        ),
    ],
)
def test_the_whole_is_what_its_parts_are(
    parts: list[tuple[Stage, Outcome | None]], state: BundleState
) -> None:
    assert state_of([Part(*one) for one in parts]) is state


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_all_but_a_grant_is_a_failure(outcome: Outcome | None) -> None:
    assert Part(Stage.CLOSED, outcome).is_failed is (outcome not in (None, Outcome.GRANTED))
