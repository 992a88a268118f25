"""Evidence fetched from the district that has it: over the wire, by consent, and never without."""

import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from interop.messages import Letter as Signed
from interop.messages import keys_of, kind_of
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    now,
    sealed_notice,
)

from interop_service.evidence import verification
from interop_service.evidence.schemas import EvidenceFile
from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.following import follow_letter
from interop_service.letters.sending import deliver_due
from interop_service.once_only.moving import PATH
from interop_service.once_only.service import forget_overdue
from tongban import audit
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

HERE = "/api/v1/evidence-requests"
OTHER_MATTER = "11610133MB2P38849J4001030109999"
HOLDER = {
    "kind": "enterprise",
    "name": "西安黄先生文化传播有限公司",
    "credit_code": "91610133MA6TX0000X",
}


@pytest_asyncio.fixture(loop_scope="session")
async def sides(districts: Districts) -> Districts:
    """Both districts, whose registers call 曲江's enterprise licence our business licence."""
    for side, ours, theirs in (
        (districts.near, "business_licence", "enterprise_licence"),
        (districts.owner, "enterprise_licence", "business_licence"),
    ):
        await side.execute(
            "UPDATE agreements SET recognised_materials = "
            """'["business_licence", "enterprise_licence"]'::jsonb"""
        )
        answer = await side.client.post(
            "/api/v1/equivalences",
            json={
                "agreement": AGREEMENT,
                "kind": "licence",
                "our_type": ours,
                "their_type": theirs,
                "valid_from": "2020-06-15",
                "basis": "跨区通办合作协议第六条",
            },
            headers=side.district.headers("admin"),
        )
        assert answer.status_code == 200, answer.text
    return districts


def wish(**changes: Any) -> dict[str, Any]:
    consent = {
        "reference": "授-2026-1",
        "purpose": MATTER_CODE,
        "evidence_type": "enterprise_licence",
        "given_at": (now() - timedelta(hours=1)).isoformat(),
        "expires_at": (now() + timedelta(days=2)).isoformat(),
    }
    given = changes.pop("consent", {})
    return {
        "agreement": AGREEMENT,
        "evidence_type": "enterprise_licence",
        "counts_as": "business_licence",
        "purpose": MATTER_CODE,
        "holder": HOLDER,
        "consent": None if given is None else consent | given,
        "expires_at": (now() + timedelta(days=1)).isoformat(),
        **changes,
    }


def signed_in(side: RunningService, role: str) -> dict[str, str]:
    """The same person each time: a request is its applicant's own."""
    return side.district.headers(role, subject=f"{role}-who-asks")


async def ask(sides: Districts, **changes: Any) -> Any:
    headers = signed_in(sides.near, "enterprise")
    return await sides.near.client.post(HERE, json=wish(**changes), headers=headers)


async def asked(sides: Districts, **changes: Any) -> str:
    answer = await ask(sides, **changes)
    assert answer.status_code == 201, answer.text
    await settle(sides)
    return str(answer.json()["id"])


async def settle(sides: Districts) -> None:
    """Send letters back and forth until nothing waits."""
    tried = 1
    while tried:
        tried = 0
        for side in (sides.near, sides.owner):
            await side.execute("UPDATE letters SET next_attempt_at = now() WHERE state = 'due'")
            tried += await deliver_due(side.context, follow=follow_letter)


async def act(
    side: RunningService, request_id: str, what: str, body: Any = None, role: str = "clerk"
) -> Any:
    headers = signed_in(side, role)
    return await side.client.post(f"{HERE}/{request_id}/{what}", json=body, headers=headers)


async def view(side: RunningService, request_id: str, role: str = "clerk") -> Any:
    headers = signed_in(side, role)
    answer = await side.client.get(f"{HERE}/{request_id}", headers=headers)
    answer.raise_for_status()
    return answer.json()


def licence(sides: Districts, **changes: Any) -> dict[str, Any]:
    number = "6101722026000001"
    kept = {"number": number, "kind": "licence", "name": "营业执照", "holder": HOLDER}
    return sealed_notice(sides.owner.district, **kept, **changes)


async def offered(sides: Districts, request_id: str, document: Any = None) -> None:
    answer = await act(sides.owner, request_id, "offer", {"document": document or licence(sides)})
    assert answer.status_code == 200, answer.text
    await settle(sides)


async def test_evidence_comes_after_a_preview_and_a_yes(sides: Districts) -> None:
    near, owner = sides.near, sides.owner
    request_id = await asked(sides)
    there = await view(owner, request_id)
    assert (there["state"], there["holder"]["credit_code"]) == (
        "requested",
        HOLDER["credit_code"],
    )

    await offered(sides, request_id)
    seen = await view(near, request_id, "enterprise")
    assert (seen["state"], seen["actions"]) == ("previewed", ["accept", "refuse"])
    assert seen["preview"]["name"] == "营业执照"
    assert HOLDER["name"] not in str(seen["preview"])
    early = await near.client.get(
        f"{HERE}/{request_id}/evidence", headers=signed_in(near, "enterprise")
    )
    assert (early.status_code, kind_of(early)) == (404, "evidence-gone")

    said = await act(near, request_id, "accept", role="enterprise")
    assert said.status_code == 200, said.text
    await settle(sides)

    got = await near.client.get(
        f"{HERE}/{request_id}/evidence", headers=signed_in(near, "enterprise")
    )
    assert got.status_code == 200, got.text
    assert got.json()["document"]["holder"] == HOLDER
    assert [(await view(side, request_id))["state"] for side in (near, owner)] == ["delivered"] * 2
    kept = await owner.execute(
        "SELECT count(*) FROM evidence_requests WHERE id = :id AND (sealed_holder IS NOT NULL "
        "OR sealed_preview IS NOT NULL OR sealed_evidence IS NOT NULL)",
        id=request_id,
    )
    assert kept.scalar_one() == 0
    await both_prove(sides, request_id)
    logged = await near.execute(
        "SELECT kind, direction FROM logged_messages WHERE exchange_id = :id ORDER BY id",
        id=request_id,
    )
    assert [tuple(one) for one in logged] == [
        ("evidence_requested", "out"),
        ("evidence_previewed", "in"),
        ("evidence_accepted", "out"),
        ("evidence_delivered", "in"),
    ]


async def both_prove(sides: Districts, request_id: str) -> None:
    """Each side's evidence file proves all four letters by public keys alone, and they agree."""
    files = []
    for side in (sides.near, sides.owner):
        async with side.context.sessions.begin() as session:
            await audit.seal(session, side.context)
            await audit.sign_checkpoint(session, side.context)
        told = await side.client.get(
            f"/api/v1/exchanges/{request_id}/evidence", headers=signed_in(side, "supervisor")
        )
        assert (told.status_code, len(told.json()["messages"])) == (200, 4)
        files.append(EvidenceFile.model_validate(told.json()))
    keys = {
        name: verification.signing_keys(jwks)
        for name, jwks in files[0].model_dump()["keys"].items()
    }
    for file in files:
        assert verification.verify(file, keys).is_good
    near, owner = files
    assert verification.compare(near, owner, keys).is_good


async def test_a_no_ends_it_and_the_provider_keeps_nothing(sides: Districts) -> None:
    request_id = await asked(sides)
    await offered(sides, request_id)

    await act(sides.near, request_id, "refuse", role="enterprise")
    await settle(sides)
    again = await act(sides.near, request_id, "accept", role="enterprise")

    there = await view(sides.owner, request_id)
    assert (there["state"], there["preview"], there["holder"]) == ("refused", None, None)
    assert (again.status_code, kind_of(again)) == (409, "evidence-step-refused")


async def test_the_provider_may_deny_with_its_reason(sides: Districts) -> None:
    request_id = await asked(sides)

    await act(sides.owner, request_id, "deny", {"reason": "not_found"})
    await settle(sides)

    seen = await view(sides.near, request_id)
    assert (seen["state"], seen["reasons"]) == ("denied", ["not_found"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": None}, "no_consent"),
        ({"consent": {"given_at": "2099-01-01T00:00:00Z"}}, "consent_not_yet"),
        ({"consent": {"expires_at": "2026-01-01T00:00:00Z"}}, "consent_over"),
        ({"consent": {"purpose": OTHER_MATTER}}, "other_purpose"),
        ({"consent": {"evidence_type": "other"}}, "other_evidence"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "limit_beyond_consent"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "limit_past"),
        ({"agreement": "none-such"}, "no_agreement"),
        ({"counts_as": "other_licence"}, "not_equal"),
    ],
)
async def test_what_is_not_consented_or_agreed_is_refused_on_both_sides(
    sides: Districts, changes: dict[str, Any], reason: str
) -> None:
    ours = await ask(sides, **changes)
    letter = await request_letter(sides, **changes)
    theirs = await letter.post(sides.near, sides.owner)

    assert (ours.status_code, kind_of(ours)) == (403, "evidence-not-allowed")
    assert reason in ours.json()["reasons"]
    assert (theirs.status_code, kind_of(theirs)) == (403, "evidence-denied")
    assert reason in theirs.json()["reasons"]
    assert theirs.json()["retry"] is False
    for side in (sides.near, sides.owner):
        kept = await side.execute(
            "SELECT count(*) FROM evidence_requests WHERE id = :id",
            id=letter.body["exchange_id"],
        )
        assert kept.scalar_one() == 0


async def request_letter(sides: Districts, **changes: Any) -> Signed:
    """A request signed by the near side, whatever its own rules say."""
    given = wish(**changes)
    content = {"holder": given.pop("holder"), "consent": given.pop("consent")}
    body = await message(sides, str(new_id()), content, "request")
    return Signed(PATH, body | given)


async def message(
    sides: Districts, request_id: str, content: Any, name: str, *, back: bool = False
) -> dict[str, Any]:
    sender, receiver, to = (OWNER, NEAR, sides.near) if back else (NEAR, OWNER, sides.owner)
    return {
        "protocol": PROTOCOL,
        "exchange_id": request_id,
        "from_district": sender,
        "to_district": receiver,
        "sent_at": now().isoformat(),
        name: envelopes.encrypt(json.dumps(content).encode(), await keys_of(to)),
    }


async def step(
    sides: Districts, request_id: str, kind: str, content: Any = None, **changes: Any
) -> Any:
    """A step sent by hand by whose step it is, whatever its own rules say."""
    is_back = changes.pop("back", kind in ("previewed", "delivered", "denied"))
    body = await message(sides, request_id, content, "content", back=is_back)
    body |= {"kind": kind, "purpose": MATTER_CODE, "at": now().isoformat(), **changes}
    sender, receiver = (sides.owner, sides.near) if is_back else (sides.near, sides.owner)
    letter = Signed(f"{PATH}/{request_id}/steps", body, sender=sender.district.code)
    return await letter.post(sender, receiver)


async def test_a_letter_out_of_turn_or_for_another_purpose_hands_nothing_over(
    sides: Districts,
) -> None:
    request_id = await asked(sides)

    unasked = await step(sides, request_id, "delivered", {"document": licence(sides)})
    early = await step(sides, request_id, "accepted")
    elsewhere = await step(sides, request_id, "accepted", purpose=OTHER_MATTER)
    in_anothers_place = await step(sides, request_id, "accepted", back=True)
    unknown = await step(sides, str(new_id()), "accepted")
    for answer in (unasked, early):
        assert (answer.status_code, kind_of(answer)) == (409, "out-of-turn")
    assert (kind_of(elsewhere), elsewhere.json()["reasons"]) == (
        "evidence-denied",
        ["other_purpose"],
    )
    assert in_anothers_place.json()["reasons"] == ["closed"]
    assert kind_of(unknown) == "exchange-unknown"
    again = await request_letter(sides)
    again.body["exchange_id"] = request_id
    assert kind_of(await again.post(sides.near, sides.owner)) == "exchange-known"

    await offered(sides, request_id)
    await act(sides.near, request_id, "refuse", role="enterprise")
    late = await step(sides, request_id, "delivered", {"document": licence(sides)})
    assert (late.status_code, late.json()["reasons"]) == (403, ["closed"])


async def test_only_the_previewed_document_is_taken(sides: Districts) -> None:
    request_id = await asked(sides)
    await offered(sides, request_id)
    await act(sides.near, request_id, "accept", role="enterprise")
    other = licence(sides, title={"zh-CN": "另一份"})
    broken = licence(sides) | {"name": "改过的"}

    swapped = await step(sides, request_id, "delivered", {"document": other})
    altered = await step(sides, request_id, "delivered", {"document": broken})
    empty = await step(sides, request_id, "delivered", {})

    assert swapped.json()["reasons"] == ["other_document"]
    assert (altered.status_code, altered.json()["reason"]) == (422, "document: seal_broken")
    assert kind_of(empty) == "package-unreadable"
    await settle(sides)
    assert (await view(sides.near, request_id))["state"] == "delivered"


async def test_the_provider_offers_only_what_it_sealed(sides: Districts) -> None:
    request_id = await asked(sides)
    foreign = sealed_notice(sides.near.district, kind="licence")

    for document in (foreign, licence(sides) | {"name": "改过的"}, {"number": "1"}):
        answer = await act(sides.owner, request_id, "offer", {"document": document})
        assert (answer.status_code, kind_of(answer)) == (422, "document-unfit")
    wrong_side = await act(sides.near, request_id, "offer", {"document": licence(sides)})
    assert (wrong_side.status_code, kind_of(wrong_side)) == (409, "evidence-step-refused")
    assert (await act(sides.owner, request_id, "offer", {}, role="citizen")).status_code == 403


async def test_an_agreement_that_ended_meanwhile_stops_the_delivery(sides: Districts) -> None:
    request_id = await asked(sides)
    await offered(sides, request_id)
    await sides.owner.execute("UPDATE agreements SET state = 'ended'")
    try:
        await act(sides.near, request_id, "accept", role="enterprise")
        await settle(sides)
    finally:
        await sides.owner.execute("UPDATE agreements SET state = 'in_force'")

    seen = await view(sides.near, request_id)
    assert (seen["state"], seen["reasons"]) == ("denied", ["evidence-denied: ended"])
    assert (await view(sides.owner, request_id))["state"] == "previewed"


async def test_past_the_limit_nothing_goes_and_nothing_is_kept(sides: Districts) -> None:
    done = await asked(sides)
    await offered(sides, done)
    await act(sides.near, done, "accept", role="enterprise")
    await settle(sides)
    request_id = await asked(sides)
    await offered(sides, request_id)
    sides.network.is_down.add(HOSTS[NEAR])
    await act(sides.near, request_id, "accept", role="enterprise")
    await settle_until_accepted(sides)
    over = "UPDATE evidence_requests SET expires_at = now() - interval '1 second'"
    for side in (sides.near, sides.owner):
        await side.execute(over)
    await sides.owner.execute("UPDATE letters SET not_after = now() WHERE state = 'due'")
    sides.network.is_down.clear()
    await settle(sides)
    for side in (sides.near, sides.owner):
        async with side.context.sessions.begin() as session:
            await forget_overdue(session, side.context)

    for side in (sides.near, sides.owner):
        seen = await view(side, request_id)
        assert (seen["state"], seen["reasons"]) == ("expired", ["limit_past"])
        kept = await side.execute(
            "SELECT count(*) FROM evidence_requests WHERE expires_at <= now() AND "
            "(sealed_holder IS NOT NULL OR sealed_evidence IS NOT NULL)"
        )
        assert kept.scalar_one() == 0
    gone = await sides.near.client.get(
        f"{HERE}/{done}/evidence", headers=sides.near.district.headers("clerk")
    )
    assert (gone.status_code, kind_of(gone)) == (404, "evidence-gone")


async def settle_until_accepted(sides: Districts) -> None:
    """The near side's word arrives; what the owner sends back does not."""
    await deliver_due(sides.near.context, follow=follow_letter)
    await deliver_due(sides.owner.context, follow=follow_letter)


async def test_a_request_is_its_applicant_s_own(sides: Districts) -> None:
    request_id = await asked(sides)
    other = sides.near.district.headers("citizen")

    answer = await sides.near.client.get(f"{HERE}/{request_id}", headers=other)
    refused = await act(sides.near, request_id, "refuse", role="citizen")
    listed = await sides.near.client.get(HERE, headers=other)
    stale = await sides.near.client.post(
        f"{HERE}/{request_id}/refuse",
        headers={**signed_in(sides.near, "enterprise"), "If-Match": '"99"'},
    )

    assert (answer.status_code, refused.status_code) == (404, 404)
    assert request_id not in [one["id"] for one in listed.json()["items"]]
    assert stale.status_code == 412


async def test_the_same_letter_again_gets_the_same_receipt(sides: Districts) -> None:
    letter = await request_letter(sides)
    first = await letter.post(sides.near, sides.owner)
    letter.nonce = "another-nonce-of-the-letter"
    again = await letter.post(sides.near, sides.owner)
    letter.nonce, letter.body["sent_at"] = "a-third-nonce-of-it", now().isoformat()
    reused = await letter.post(sides.near, sides.owner)

    assert (first.status_code, again.content) == (202, first.content)
    assert (reused.status_code, kind_of(reused)) == (409, "message-id-reused")


async def test_a_partner_that_is_down_gets_it_later(sides: Districts) -> None:
    sides.network.is_down.add(HOSTS[OWNER])
    answer = await ask(sides)
    await deliver_due(sides.near.context, follow=follow_letter)
    faults = await sides.near.execute(
        "SELECT last_fault, attempts FROM letters WHERE exchange_id = :id", id=answer.json()["id"]
    )
    assert tuple(faults.one()) == ("unreachable: ConnectError", 1)

    sides.network.is_down.clear()
    await settle(sides)

    assert (await view(sides.owner, answer.json()["id"]))["state"] == "requested"
