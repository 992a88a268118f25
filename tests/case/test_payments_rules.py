"""What a case costs, and how an amount is written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.cases.rules import Channel, Outcome
from case_service.matters.rules import Fee
from case_service.payments.rules import assess, claimable, in_words, is_given_back, yuan

FIRST = {"name": "首次申领免收", "when": {"fact": "first_issue", "is": "yes"}, "basis": "财税37号"}
POOR = {"name": "特困人员免收"}
FEES = [
    Fee.model_validate(one)
    for one in (
        {"name": "工本费", "amount_cents": 2000, "exemptions": [FIRST, POOR]},
        {"name": "工本费", "amount_cents": 1500, "channel": "online", "exemptions": [FIRST]},
        {"name": "邮寄费", "amount_cents": 1200, "channel": "online"},
        {"name": "不收", "amount_cents": 0},
    )
]


@pytest.mark.parametrize(
    ("channel", "facts", "expected"),
    [
        (Channel.WINDOW, {}, [("工本费", 2000, 2000, None)]),
        (Channel.PROXY, {}, [("工本费", 2000, 2000, None)]),
        (Channel.ONLINE, {}, [("工本费", 1500, 1500, None), ("邮寄费", 1200, 1200, None)]),
        (Channel.WINDOW, {"first_issue": "yes"}, [("工本费", 2000, 0, "首次申领免收")]),
        (Channel.WINDOW, {"first_issue": "no"}, [("工本费", 2000, 2000, None)]),
        (
            Channel.ONLINE,
            {"first_issue": "yes"},
            [("工本费", 1500, 0, "首次申领免收"), ("邮寄费", 1200, 1200, None)],
        ),
    ],
)
def test_a_case_costs_what_its_channel_and_its_answers_say(
    channel: Channel, facts: dict[str, Any], expected: list[tuple[str, int, int, str | None]]
) -> None:
    found = assess(FEES, channel=channel, facts=facts)

    assert [(one.name, one.amount_cents, one.due_cents, one.exemption) for one in found] == expected


def test_a_clerk_finds_only_what_no_condition_tells() -> None:
    assert [one.name for one in claimable(FEES, channel=Channel.WINDOW, name="工本费")] == [
        "特困人员免收"
    ]
    assert claimable(FEES, channel=Channel.ONLINE, name="工本费") == []


@given(
    st.lists(
        st.builds(
            Fee,
            name=st.sampled_from(["a", "b", "c"]),
            amount_cents=st.integers(0, 10**9),
            channel=st.sampled_from(["any", "online", "window", "kiosk"]),
        ),
        max_size=6,
        unique_by=lambda fee: (fee.name, fee.channel),
    ),
    st.sampled_from(Channel),
)
def test_each_fee_is_asked_for_once_and_never_for_more_than_it_is(
    fees: list[Fee], channel: Channel
) -> None:
    found = assess(fees, channel=channel, facts={})

    assert len({one.name for one in found}) == len(found)
    assert all(0 < one.due_cents == one.amount_cents for one in found)


@pytest.mark.parametrize("outcome", Outcome)
def test_all_but_a_grant_brings_the_money_back(outcome: Outcome) -> None:
    assert is_given_back(outcome) is (outcome is not Outcome.GRANTED)


@pytest.mark.parametrize(
    ("cents", "figures", "words"),
    [
        (0, "0.00", "零元整"),
        (5, "0.05", "伍分"),
        (10, "0.10", "壹角整"),
        (105, "1.05", "壹元零伍分"),
        (2000, "20.00", "贰拾元整"),
        (123456, "1,234.56", "壹仟贰佰叁拾肆元伍角陆分"),
        (100_500_000, "1,005,000.00", "壹佰万伍仟元整"),
        (1_000_500_000, "10,005,000.00", "壹仟万伍仟元整"),
        (10_001_000_100, "100,010,001.00", "壹亿零壹万零壹元整"),
    ],
)
def test_an_amount_in_figures_and_in_capital_numerals(cents: int, figures: str, words: str) -> None:
    assert (yuan(cents), in_words(cents)) == (figures, words)


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_no_two_amounts_are_worded_alike(one: int, other: int) -> None:
    assert (in_words(one) == in_words(other)) is (one == other)
