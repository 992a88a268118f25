"""What an agreement allows: everything is denied that it does not say."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from interop_service.partners.rules import (
    AgreementState,
    AgreementTerms,
    Denial,
    Direction,
    Mode,
    OfferState,
    OfferTerms,
    PartnerState,
    Way,
    agreement_state,
    partner_state,
    reasons_against,
)

ON = date(2020, 7, 1)
AGREEMENT = AgreementTerms(
    code="a",
    partner="610172",
    mode=Mode.PROXY,
    direction=Direction.BOTH,
    areas=["tax"],
    valid_from=date(2020, 6, 15),
    valid_until=date(2020, 12, 31),
    state=AgreementState.IN_FORCE,
    is_signed=True,
)
OFFER = OfferTerms(agreement="a", mode=Mode.PROXY, area="tax", state=OfferState.OFFERED)
GOOD: dict[str, Any] = {
    "way": Way.OUT,
    "partner": "610172",
    "partner_state": PartnerState.ACTIVE,
    "agreement": AGREEMENT,
    "offer": OFFER,
    "mode": "proxy",
    "on": ON,
}


def test_what_is_agreed_may_go() -> None:
    assert reasons_against(**GOOD) == ()


@pytest.mark.parametrize("on", [date(2020, 6, 15), date(2020, 12, 31)])
def test_an_agreement_counts_on_its_first_and_last_day(on: date) -> None:
    assert reasons_against(**{**GOOD, "on": on}) == ()


@pytest.mark.parametrize(
    ("changes", "denial"),
    [
        ({"partner_state": None}, Denial.PARTNER_NOT_ACTIVE),
        ({"partner_state": PartnerState.REGISTERED}, Denial.PARTNER_NOT_ACTIVE),
        ({"partner_state": PartnerState.SUSPENDED}, Denial.PARTNER_NOT_ACTIVE),
        ({"offer": None}, Denial.MATTER_NOT_OFFERED),
        ({"offer": replace(OFFER, state=OfferState.WITHDRAWN)}, Denial.MATTER_NOT_OFFERED),
        ({"offer": replace(OFFER, agreement="b")}, Denial.MATTER_NOT_OFFERED),
        ({"offer": replace(OFFER, area="notary")}, Denial.AREA),
        ({"offer": replace(OFFER, mode=Mode.JOINT)}, Denial.MODE),
        ({"agreement": None}, Denial.NO_AGREEMENT),
        ({"agreement": replace(AGREEMENT, partner="610302")}, Denial.OTHER_PARTNER),
        ({"agreement": replace(AGREEMENT, state=AgreementState.ENDED)}, Denial.ENDED),
        ({"agreement": replace(AGREEMENT, direction=Direction.IN)}, Denial.DIRECTION),
        ({"agreement": replace(AGREEMENT, areas=[])}, Denial.AREA),
        ({"mode": "online"}, Denial.MODE),
        ({"mode": "anything"}, Denial.MODE),
        ({"on": date(2020, 6, 14)}, Denial.NOT_YET_VALID),
        ({"on": date(2021, 1, 1)}, Denial.EXPIRED),
    ],
)
def test_anything_else_is_denied_by_its_reason(changes: dict[str, Any], denial: Denial) -> None:
    assert denial in reasons_against(**{**GOOD, **changes})


@pytest.mark.parametrize(
    ("direction", "way", "is_allowed"),
    [
        (Direction.BOTH, Way.IN, True),
        (Direction.BOTH, Way.OUT, True),
        (Direction.IN, Way.IN, True),
        (Direction.IN, Way.OUT, False),
        (Direction.OUT, Way.IN, False),
        (Direction.OUT, Way.OUT, True),
    ],
)
def test_the_direction_is_seen_from_here(direction: Direction, way: Way, is_allowed: bool) -> None:
    agreement = replace(AGREEMENT, direction=direction)

    denials = reasons_against(**{**GOOD, "agreement": agreement, "way": way})

    assert (Denial.DIRECTION not in denials) is is_allowed


def test_nothing_known_is_denied_for_every_reason_at_once() -> None:
    nothing = {**GOOD, "partner_state": None, "agreement": None, "offer": None}

    assert reasons_against(**nothing) == (
        Denial.PARTNER_NOT_ACTIVE,
        Denial.MATTER_NOT_OFFERED,
        Denial.NO_AGREEMENT,
    )


@pytest.mark.parametrize(
    ("is_reachable", "is_suspended", "state"),
    [
        (False, False, PartnerState.REGISTERED),
        (True, False, PartnerState.ACTIVE),
        (True, True, PartnerState.SUSPENDED),
        (False, True, PartnerState.SUSPENDED),
    ],
)
def test_a_partner_is_active_once_it_can_be_reached(
    is_reachable: bool, is_suspended: bool, state: PartnerState
) -> None:
    assert partner_state(is_reachable=is_reachable, is_suspended=is_suspended) is state


def test_an_agreement_ends_after_its_last_day() -> None:
    last = date(2020, 12, 31)

    assert agreement_state(valid_until=last, on=last) is AgreementState.IN_FORCE
    assert agreement_state(valid_until=last, on=date(2021, 1, 1)) is AgreementState.ENDED
    assert agreement_state(valid_until=None, on=date(2999, 1, 1)) is AgreementState.IN_FORCE
