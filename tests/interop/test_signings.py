"""An agreement counts once both have signed the very same terms, and only while it stays that."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from interop.messages import Letter, foreign_key, kind_of, package_letter, signing_key
from interop.two_districts import (
    AGREEMENT,
    NEAR,
    OWNER,
    Districts,
    fresh_pair,
    now,
    partners_file,
    sign,
)

from interop_service import suites
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.partners.rules import Direction
from interop_service.signings.rules import terms_of
from tongban.run.nats import EmbeddedNats
from tongban.run.postgres import EmbeddedPostgres
from tongban.testing.fixtures import RunningService

CODE = "signed-by-both"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(
    scratch: Path, postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[Districts]:
    """Two districts of this module's own: nobody changes what they agreed."""
    async with fresh_pair("signing", scratch, postgres, nats_server.url) as pair:
        yield pair


async def keep(side: RunningService, partner: str, **changes: Any) -> None:
    file = partners_file(side.district.code, partner, "合作区")
    file["agreements"][0] |= {"code": CODE, **changes}
    answer = await side.client.post(
        "/api/v1/agreements",
        json=file["agreements"][0],
        headers=side.district.headers("admin"),
    )
    assert answer.status_code == 200, answer.text


async def signatures(side: RunningService, code: str) -> list[dict[str, Any]]:
    answer = await side.client.get(
        f"/api/v1/agreements/{code}/signatures", headers=side.district.headers("clerk")
    )
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_it_is_in_force_once_both_have_signed_the_same(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    await keep(near, OWNER)
    first = await sign(near, CODE)  # the owner has no such agreement yet, and keeps the signature
    await keep(owner, NEAR, forward_within_days=2)
    other_terms = await sign(owner, CODE)
    await keep(owner, NEAR)
    same = await sign(owner, CODE)
    again = await sign(near, CODE)

    assert (first["is_in_force"], first["fault"]) == (False, None)
    assert other_terms["is_in_force"] is False
    assert same["is_in_force"] is True
    assert again["is_in_force"] is True
    assert first["digest"] == same["digest"] == again["digest"] != other_terms["digest"]
    for side in (near, owner):
        kept = await signatures(side, CODE)
        assert {(one["digest"], one["by"]) for one in kept} == {
            (same["digest"], NEAR),
            (same["digest"], OWNER),
            (other_terms["digest"], OWNER),
        }


async def test_a_change_has_to_be_signed_anew(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    for side, partner in ((near, OWNER), (owner, NEAR)):
        await keep(side, partner)
        await sign(side, CODE)
    await keep(near, OWNER, valid_until="2030-12-31")

    listed = await near.client.get(
        f"/api/v1/agreements?partner={OWNER}&limit=100", headers=near.district.headers("clerk")
    )
    changed = next(one for one in listed.json()["items"] if one["code"] == CODE)

    assert changed["signed_digest"] is None
    assert (await sign(near, CODE))["is_in_force"] is False
    await keep(near, OWNER)
    assert (await sign(near, CODE))["is_in_force"] is True


async def test_a_case_under_an_agreement_not_signed_is_refused(districts: Districts) -> None:
    await districts.owner.execute(
        "UPDATE agreements SET signed_digest = NULL WHERE code = :c", c=AGREEMENT
    )
    letter = await package_letter(districts)
    answer = await letter.post(districts.near, districts.owner)
    await sign(districts.owner, AGREEMENT)
    good = await (await package_letter(districts)).post(districts.near, districts.owner)

    assert (answer.status_code, kind_of(answer)) == (403, "agreement-denies")
    assert answer.json()["reasons"] == ["not_signed"]
    assert good.status_code == 202


def signature_letter(token: str, **changes: Any) -> Letter:
    body = {
        "protocol": PROTOCOL,
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "code": CODE,
        "signature": token,
        **changes,
    }
    return Letter(f"{TREE}/agreements", body)


TERMS = {"code": CODE, "districts": [NEAR, OWNER]}


@pytest.mark.parametrize(
    ("terms", "is_foreign", "kind"),
    [
        (TERMS, True, "signature-invalid"),
        (TERMS | {"code": "another"}, False, "message-unreadable"),
        (TERMS | {"districts": [NEAR, "610302"]}, False, "message-unreadable"),
    ],
)
async def test_a_signature_at_fault_is_refused(
    districts: Districts, terms: dict[str, Any], is_foreign: bool, kind: str
) -> None:
    key = foreign_key(f"{NEAR}-signing") if is_foreign else signing_key(districts.near)

    answer = await signature_letter(suites.sign_jws(terms, key)).post(
        districts.near, districts.owner
    )

    assert kind_of(answer) == kind, answer.text


async def test_an_unknown_agreement_is_not_signed(interop: RunningService) -> None:
    answer = await interop.client.post(
        "/api/v1/agreements/none-such/sign", headers=interop.district.headers("admin")
    )

    assert (answer.status_code, kind_of(answer)) == (404, "agreement-not-found")


def test_both_sides_derive_the_same_terms() -> None:
    def derived(own: str, partner: str, direction: Direction, areas: list[str]) -> dict[str, Any]:
        return terms_of(
            own_district=own, partner=partner, direction=direction, offers=[], areas=areas
        )

    assert derived(NEAR, OWNER, Direction.OUT, ["tax", "food"]) == derived(
        OWNER, NEAR, Direction.IN, ["food", "tax"]
    )
    assert derived(NEAR, OWNER, Direction.OUT, []) != derived(NEAR, OWNER, Direction.IN, [])
    assert derived(NEAR, OWNER, Direction.BOTH, []) == derived(OWNER, NEAR, Direction.BOTH, [])
