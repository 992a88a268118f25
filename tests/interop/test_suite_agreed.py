"""The suite that an agreement chose: what is signed by it is taken, by the other one refused."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest_asyncio
from interop.keys_of_both import SM2_PRIVATE
from interop.test_once_only import ask, settle, sides, view
from interop.two_districts import AGREEMENT, NEAR, OWNER, Districts, case_step

from interop_service import suites
from interop_service.following import follow_letter
from interop_service.keys import own_keys
from interop_service.letters.sending import deliver_due
from interop_service.suites import Suite
from tongban.testing.fixtures import RunningService

__all__ = ["sides"]


def give_sm2_key(side: RunningService) -> dict[str, Any]:
    """Put a key of the second suite into a district's file; return its public half."""
    jwk = SM2_PRIVATE | {"kid": f"{side.district.code}-signing-sm2", "use": "sig"}
    keys = own_keys(side.context)
    side.context.resources["own_keys"] = replace(
        keys, signing=[*keys.signing, suites.private_key(jwk)]
    )
    return {name: value for name, value in jwk.items() if name != "d"}


@pytest_asyncio.fixture(loop_scope="session")
async def able(districts: Districts) -> AsyncIterator[Districts]:
    """Both districts, which can sign by either suite; afterwards as before."""
    pairs = ((districts.near, NEAR, districts.owner), (districts.owner, OWNER, districts.near))
    for side, district, other in pairs:
        kept = side.context.resources["own_keys"]
        public = give_sm2_key(side)
        await other.execute(
            "UPDATE partners SET keys = jsonb_set(keys, '{keys}', keys->'keys' || CAST(:key AS "
            "jsonb)) WHERE district = :district",
            key=json.dumps(public),
            district=district,
        )
        side.context.resources["kept_keys"] = kept
    yield districts
    for side, district, other in pairs:
        side.context.resources["own_keys"] = side.context.resources.pop("kept_keys")
        await agree(side, Suite.ED25519_SHA256)
        await other.execute(
            "UPDATE partners SET keys = jsonb_set(keys, '{keys}', (keys->'keys') - -1) "
            "WHERE district = :district",
            district=district,
        )


async def agree(side: RunningService, suite: Suite) -> None:
    await side.execute(
        "UPDATE agreements SET suite = :suite WHERE code = :code", suite=suite, code=AGREEMENT
    )


async def test_a_case_signed_by_another_suite_is_refused_and_by_the_agreed_one_taken(
    able: Districts,
) -> None:
    await agree(able.owner, Suite.SM2_SM3)
    exchange_id = await able.exchange()

    await able.send(able.near)
    sent = (await able.view(able.near, exchange_id))["deliveries"][0]
    assert (sent["state"], sent["last_fault"], sent["fault_of"]) == (
        "due",
        "status 403 suite-not-agreed",
        "ours",
    )
    await agree(able.near, Suite.SM2_SM3)
    await able.send(able.near)

    assert (await able.view(able.near, exchange_id))["state"] == "received"
    (receipt,) = await able.receipts(able.owner, exchange_id)
    assert receipt["digest_algorithm"] == "sm3"
    # What follows, from the other side, is held to the same.
    await agree(able.near, Suite.ED25519_SHA256)
    await able.owner.hear(case_step("accepted", exchange_id))
    await able.send(able.owner)
    step = (await able.view(able.owner, exchange_id))["deliveries"][0]
    assert step["last_fault"] == "status 403 suite-not-agreed"


async def test_a_letter_follows_its_agreement_s_suite_when_it_is_sent(
    sides: Districts, able: Districts
) -> None:
    await agree(able.owner, Suite.SM2_SM3)
    answer = await ask(able)
    request_id = answer.json()["id"]

    await deliver_due(able.near.context, follow=follow_letter)
    faults = await able.near.execute(
        "SELECT last_fault, fault_of FROM letters WHERE exchange_id = :id", id=request_id
    )
    assert [tuple(one) for one in faults] == [("status 403 suite-not-agreed", "ours")]
    await agree(able.near, Suite.SM2_SM3)
    await settle(able)

    assert (await view(able.owner, request_id))["state"] == "requested"
