"""A partner's licence is asked about over the wire: its issuer answers, signed, or not at all."""

import base64
import json
import zlib
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from interop.messages import Letter as Signed
from interop.messages import foreign_key, keys_of, kind_of, signing_key
from interop.reliance_world import LIST_PATH, VERIFICATIONS, World, headers_of
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    MATTER_CODE,
    NEAR,
    OWNER,
    THIRD,
    now,
    private_key,
    sealed_notice,
)
from joserfc import jws

from interop_service import suites
from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.issued.rules import Standing, Term, presented_code, standing_on
from interop_service.reliances import watching
from interop_service.verifications import rules, status_lists
from interop_service.verifications.rules import VerificationState, VerificationStep
from interop_service.verifications.service import PATH, end_overdue
from tongban import audit
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, Standing.VALID),
        ({"valid_from": date(2026, 3, 3)}, Standing.NOT_YET_VALID),
        ({"valid_until": date(2026, 3, 2)}, Standing.VALID),
        ({"valid_until": date(2026, 3, 1)}, Standing.EXPIRED),
        ({"valid_until": None}, Standing.VALID),
        ({"invalid_from": date(2026, 3, 2)}, Standing.SUPERSEDED),
        ({"invalid_from": date(2026, 3, 3)}, Standing.VALID),
        ({"state": "superseded"}, Standing.SUPERSEDED),
        ({"state": "revoked", "valid_until": date(2026, 3, 1)}, Standing.REVOKED),
        ({"state": "rescinded", "invalid_from": date(2020, 1, 1)}, Standing.RESCINDED),
        ({"state": "withdrawn"}, Standing.WITHDRAWN),
        ({"state": "cancelled"}, Standing.CANCELLED),
    ],
)
def test_a_licence_stands_as_its_issuer_s_word_and_its_days_say(
    changes: dict[str, Any], standing: Standing
) -> None:
    term = {
        "state": "valid",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2027, 1, 1),
        "invalid_from": None,
    }

    assert standing_on(TODAY, Term(**{**term, **changes})) is standing


@pytest.mark.parametrize(
    "shown",
    [
        "https://qujiang.example/api/v1/licences/verify/0123-ABCD",
        "https://qujiang.example/api/v1/licences/verify/0123-ABCD?lang=en",
        " 0123-ABCD ",
    ],
)
def test_a_qr_code_leads_to_its_code(shown: str) -> None:
    assert presented_code(shown) == "0123-ABCD"


def test_a_question_is_answered_refused_or_over_once() -> None:
    for state in VerificationState:
        for step in VerificationStep:
            after = rules.next_state(state, step)
            assert (after is None) == (state is not VerificationState.ASKED)


async def test_a_licence_in_force_is_answered_signed_and_kept(world: World) -> None:
    licence = await world.licence()

    seen = await world.verified(world.near, number=licence.number)

    assert (seen["state"], seen["standing"], seen["reasons"]) == ("answered", "valid", [])
    assert (seen["proof_state"], seen["content_matches"]) == ("usable", None)
    keys = (await keys_of(world.owner)).signing
    payload, _ = suites.open_jws(seen["answer"], keys)
    said = json.loads(payload)
    assert (said["number"], said["asked_by"]) == (licence.number, NEAR)
    assert "holder" not in said
    there = await world.verification(world.owner, seen["id"])
    assert (there["party"], there["answer"]) == ("issuer", seen["answer"])
    told = await world.near.outbox.envelopes(seen["id"])
    assert [one.event_type for one in told] == ["interop.proof.changed"]
    assert told[0].data["purpose"] == MATTER_CODE
    for side, ways in ((world.near, ["out", "in"]), (world.owner, ["in", "out"])):
        logged = await side.execute(
            "SELECT kind, direction FROM logged_messages WHERE exchange_id = :id ORDER BY id",
            id=seen["id"],
        )
        kinds = ["verification_asked", "verification_answered"]
        assert [tuple(one) for one in logged] == list(zip(kinds, ways, strict=True))


async def test_a_code_or_the_sealed_licence_itself_is_asked_about(world: World) -> None:
    licence = await world.licence()
    address = f"https://qujiang.example/api/v1/licences/verify/{licence.code.lower()}"
    document = sealed_notice(world.owner.district, number=licence.number, kind="licence")
    altered = {**document, "title": {"zh-CN": "改过的"}}
    foreign = sealed_notice(world.near.district, number=licence.number, kind="licence")

    by_code = await world.verified(world.near, presented=address)
    another = await world.verified(world.near, presented=address, number="610172-ZZ-2026-1")
    other_text = await world.verified(world.near, document=document)
    refused = [await world.ask(world.near, document=one) for one in (altered, foreign, {"a": 1})]
    nothing = await world.ask(world.near)

    assert (by_code["standing"], by_code["number"]) == ("valid", licence.number)
    assert another["standing"] == "unknown"
    # Sealed by its issuer, but not the text that was issued under this number.
    assert (other_text["content_matches"], other_text["reasons"]) == (False, ["other_content"])
    assert other_text["proof_state"] is None
    for answer in refused:
        assert (answer.status_code, kind_of(answer)) == (422, "licence-not-genuine")
    assert nothing.status_code == 422


async def test_of_what_is_unknown_or_of_another_type_nothing_is_told(world: World) -> None:
    other_type = await world.licence(licence_type="food_business_licence")

    unknown = await world.verified(world.near, number="610172-ZZ-2026-999999")
    hidden = await world.verified(world.near, number=other_type.number)

    for seen in (unknown, hidden):
        assert (seen["state"], seen["standing"]) == ("answered", "unknown")
        assert (seen["reasons"], seen["proof_state"]) == (["not_in_force"], None)
        assert seen["valid_until"] is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"agreement": "none-such"}, "no_agreement"),
        ({"licence_type": "food_business_licence"}, "not_equal"),
        ({"counts_as": "other"}, "not_equal"),
    ],
)
async def test_without_agreement_or_register_it_is_refused_on_both_sides(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    licence = await world.licence()

    ours = await world.ask(world.near, number=licence.number, **changes)
    letter = await question(world, licence.number, **changes)
    theirs = await letter.post(world.near, world.owner)

    assert (ours.status_code, kind_of(ours)) == (403, "verification-not-allowed")
    assert reason in ours.json()["reasons"]
    assert (theirs.status_code, kind_of(theirs)) == (403, "agreement-denies")
    assert reason in theirs.json()["reasons"]
    kept = await world.owner.execute(
        "SELECT count(*) FROM licence_verifications WHERE id = :id", id=letter.body["exchange_id"]
    )
    assert kept.scalar_one() == 0


async def question(world: World, number: str, **changes: Any) -> Signed:
    """A question signed by the near side, whatever its own rules say."""
    asked = json.dumps({"number": number}).encode()
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(new_id()),
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "agreement": AGREEMENT,
        "licence_type": "enterprise_licence",
        "counts_as": "business_licence",
        "purpose": MATTER_CODE,
        "expires_at": (now() + timedelta(hours=1)).isoformat(),
        "request": envelopes.encrypt(asked, await keys_of(world.owner)),
        **changes,
    }
    return Signed(PATH, body)


async def test_an_agreement_that_ended_or_a_question_too_late_is_refused(world: World) -> None:
    licence = await world.licence()
    late = await question(world, licence.number, expires_at="2026-01-01T00:00:00Z")
    empty = await question(world, licence.number)
    empty.body["request"] = envelopes.encrypt(b"{}", await keys_of(world.owner))
    known = await question(world, licence.number)
    asked = await world.ask(world.near, number=licence.number)
    await world.owner.execute("UPDATE agreements SET state = 'ended'")
    try:
        await world.settle()
    finally:
        await world.owner.execute("UPDATE agreements SET state = 'in_force'")

    seen = await world.verification(world.near, asked.json()["id"])
    assert (seen["state"], seen["reasons"]) == ("refused", ["agreement-denies: ended"])
    answer = await late.post(world.near, world.owner)
    assert answer.json()["reasons"] == ["limit_past"]
    assert kind_of(await empty.post(world.near, world.owner)) == "package-unreadable"
    assert (await known.post(world.near, world.owner)).status_code == 202
    again = Signed(PATH, known.body)
    assert kind_of(await again.post(world.near, world.owner)) == "exchange-known"
    await forget_answers(world, known)


async def test_staff_alone_ask_and_read(world: World) -> None:
    licence = await world.licence()
    seen = await world.verified(world.near, number=licence.number)

    for role in ("citizen", "enterprise", "supervisor"):
        assert (await world.ask(world.near, role, number=licence.number)).status_code == 403
    read = await world.near.client.get(
        f"{VERIFICATIONS}/{seen['id']}", headers=headers_of(world.near, "citizen")
    )
    missing = await world.near.client.get(
        f"{VERIFICATIONS}/{new_id()}", headers=headers_of(world.near, "clerk")
    )
    listed = await world.near.client.get(
        VERIFICATIONS,
        params={"number": licence.number, "party": "asker", "state": "answered"},
        headers=headers_of(world.near, "clerk"),
    )
    assert read.status_code == 403
    assert (missing.status_code, kind_of(missing)) == (404, "verification-not-found")
    assert [one["id"] for one in listed.json()["items"]] == [seen["id"]]


async def test_a_partner_that_is_down_answers_later_and_one_that_stays_down_never(
    world: World,
) -> None:
    licence = await world.licence()
    world.network.is_down.add(HOSTS[OWNER])
    waiting = await world.verified(world.near, number=licence.number)
    given_up = await world.verified(world.near, number=licence.number)
    over = "UPDATE licence_verifications SET expires_at = now() WHERE id = :id"
    await world.near.execute(over, id=given_up["id"])
    await world.near.execute(
        "UPDATE letters SET not_after = now() WHERE exchange_id = :id", id=given_up["id"]
    )
    async with world.near.context.sessions.begin() as session:
        await end_overdue(session, world.near.context)
    world.network.is_down.clear()
    await world.settle()

    assert waiting["state"] == "asked"
    assert (await world.verification(world.near, waiting["id"]))["standing"] == "valid"
    late = await world.verification(world.near, given_up["id"])
    assert (late["state"], late["reasons"]) == ("expired", ["too-late"])
    none = await world.owner.execute(
        "SELECT count(*) FROM licence_verifications WHERE id = :id", id=given_up["id"]
    )
    assert none.scalar_one() == 0


async def test_a_doubled_letter_gets_the_same_receipt_and_one_answer(world: World) -> None:
    licence = await world.licence()
    letter = await question(world, licence.number)
    again = Signed(PATH, letter.body, message_id=letter.message_id)
    other = Signed(PATH, {**letter.body, "agreement": "x"}, message_id=letter.message_id)

    first = await letter.post(world.near, world.owner)
    second = await again.post(world.near, world.owner)
    third = await other.post(world.near, world.owner)

    assert (first.status_code, second.json()) == (202, first.json())
    assert kind_of(third) == "message-id-reused"
    answers = await world.owner.execute(
        "SELECT count(*) FROM letters WHERE exchange_id = :id", id=letter.body["exchange_id"]
    )
    assert answers.scalar_one() == 1
    await forget_answers(world, letter)


async def forget_answers(world: World, letter: Signed) -> None:
    """What was asked by hand is known to nobody at 高新: its answer would go there for ever."""
    await world.owner.execute(
        "DELETE FROM letters WHERE exchange_id = :id", id=letter.body["exchange_id"]
    )


async def test_a_forged_answer_is_not_believed(world: World) -> None:
    licence = await world.licence()
    world.network.is_down.add(HOSTS[OWNER])
    asked = await world.verified(world.near, number=licence.number)
    good = finding(asked["id"], licence.number)
    own, stranger = signing_key(world.owner), foreign_key("610172-signing")
    ours = signing_key(world.near)

    async def answered(token: str, sender: str = OWNER, **letter: Any) -> httpx.Response:
        side = world.third if sender == THIRD else world.owner
        body = {
            "protocol": PROTOCOL,
            "exchange_id": asked["id"],
            "from_district": sender,
            "to_district": NEAR,
            "sent_at": now().isoformat(),
            "at": now().isoformat(),
            "answer": token,
        }
        signed = Signed(f"{PATH}/{asked['id']}/answer", body, sender=sender, **letter)
        return await signed.post(side, world.near)

    by_stranger = await answered(suites.sign_jws(good, own), key=stranger)
    inside = [
        await answered(suites.sign_jws(good, key)) for key in (stranger, foreign_key("610171-x"))
    ]
    ours_again = await answered(suites.sign_jws(good, ours))
    elsewhere = [
        await answered(suites.sign_jws({**good, **changes}, own))
        for changes in (
            {"number": "610172-ZZ-2026-1"},
            {"asked_by": THIRD},
            {"issuer": THIRD},
            {"exchange_id": str(new_id())},
            {"licence_type": "other"},
            {"as_of": (now() + timedelta(days=2)).isoformat()},
            {"standing": "fine"},
        )
    ]
    by_another = await answered(suites.sign_jws(good, own), sender=THIRD)

    assert (by_stranger.status_code, kind_of(by_stranger)) == (401, "signature-invalid")
    for answer in (*inside, ours_again, *elsewhere):
        assert (answer.status_code, kind_of(answer)) == (422, "package-unreadable")
        assert answer.json()["reason"].startswith("answer: ")
    # 高新 knows no 安康 here: to it that is nobody.
    assert by_another.status_code == 401
    assert (await world.verification(world.near, asked["id"]))["state"] == "asked"

    world.network.is_down.clear()
    await world.settle()
    assert (await world.verification(world.near, asked["id"]))["standing"] == "valid"
    twice = await answered(suites.sign_jws({**good, "standing": "revoked"}, own))
    assert (twice.status_code, twice.json()["reasons"]) == (403, ["closed"])
    assert (await world.verification(world.near, asked["id"]))["standing"] == "valid"


def finding(verification_id: str, number: str) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "exchange_id": verification_id,
        "issuer": OWNER,
        "asked_by": NEAR,
        "number": number,
        "licence_type": "enterprise_licence",
        "standing": "valid",
        "content_matches": None,
        "is_disputed": False,
        "valid_from": "2026-01-01",
        "valid_until": None,
        "invalid_from": None,
        "as_of": now().isoformat(),
        "status_list": None,
    }


def status_list(
    side: RunningService, *, ended: tuple[int, ...] = (), path: str = LIST_PATH, **changes: Any
) -> str:
    """曲江's list of licences that stand no more, as its case-service seals it."""
    bits = bytearray(16)
    for place in ended:
        bits[place // 8] |= 1 << place % 8
    packed = base64.urlsafe_b64encode(zlib.compress(bytes(bits))).rstrip(b"=").decode()
    at = int(now().timestamp())
    claims = {
        "sub": f"http://10.0.0.1:8000{path}",
        "iat": at - 60,
        "exp": at + 86_000,
        "ttl": 300,
        "status_list": {"bits": 1, "lst": packed},
        **changes,
    }
    key = private_key(side.district, "seal")
    header = {"alg": "Ed25519", "kid": str(key.kid), "typ": "statuslist+jwt"}
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=["Ed25519"])


def publish_list(world: World, token: str) -> None:
    world.network.pages[f"{HOSTS[OWNER]}{LIST_PATH}"] = lambda _: httpx.Response(200, text=token)


async def consulted(side: RunningService) -> int:
    await side.execute("UPDATE status_list_copies SET fetched_at = now() - interval '1 hour'")
    return await watching.consult(side.context)


async def test_a_list_says_how_a_licence_stands_while_its_issuer_is_down(world: World) -> None:
    licence = await world.licence()
    await world.relied(world.near, licence)
    publish_list(world, status_list(world.owner))
    assert await consulted(world.near) == 1
    assert await watching.consult(world.near.context) == 0  # it is fresh

    world.network.is_down.add(HOSTS[OWNER])
    asked = await world.verified(world.near, number=licence.number)

    assert asked["state"] == "asked"
    assert asked["from_list"]["stands"] is True
    await world.near.execute("UPDATE status_list_copies SET expires_at = now()")
    assert (await world.verification(world.near, asked["id"]))["from_list"] is None
    world.network.is_down.clear()
    await world.settle()


async def test_a_bit_that_turned_has_the_issuer_asked_again_once(world: World) -> None:
    """The letter that told of the end was lost, with a backup say."""
    licence = await world.licence()
    reliance_id = await world.relied(world.near, licence)
    await world.ends(licence)
    await world.owner.execute(
        "DELETE FROM letters WHERE exchange_id = :id AND state = 'due'", id=reliance_id
    )
    publish_list(world, status_list(world.owner, ended=(9,)))

    await consulted(world.near)
    await consulted(world.near)
    await world.settle()
    await consulted(world.near)

    seen = await world.reliance(world.near, reliance_id)
    assert (seen["state"], seen["change"]) == ("ended", "revoked")
    asked = await world.near.execute(
        "SELECT count(*) FROM licence_verifications WHERE number = :number AND asked_by = :by",
        number=licence.number,
        by="service:interop",
    )
    assert asked.scalar_one() == 1


async def test_a_list_that_is_not_the_issuer_s_is_not_believed(world: World) -> None:
    seals = (await keys_of(world.owner)).seal
    good = status_list(world.owner)
    huge = base64.urlsafe_b64encode(zlib.compress(bytes(5_000_000), 9)).decode()

    read = status_lists.read(good, path=LIST_PATH, seals=seals)

    assert (read.stands(9), read.stands(4000)) == (True, None)
    for token, path in (
        (status_list(world.near), LIST_PATH),
        (good, "/api/v1/licences/status-lists/1"),
        (status_list(world.owner, status_list={"bits": 2, "lst": ""}), LIST_PATH),
        (status_list(world.owner, status_list={"bits": 1, "lst": "AAAA"}), LIST_PATH),
        (status_list(world.owner, status_list={"bits": 1, "lst": huge}), LIST_PATH),
        (status_list(world.owner, sub=None), LIST_PATH),
        ("no.such.token", LIST_PATH),
    ):
        with pytest.raises(status_lists.ListInvalid):
            status_lists.read(token, path=path, seals=seals)


async def test_the_question_and_the_answer_are_proven_by_the_evidence_file(world: World) -> None:
    licence = await world.licence()
    seen = await world.verified(world.near, number=licence.number)
    async with world.near.context.sessions.begin() as session:
        await audit.seal(session, world.near.context)
        await audit.sign_checkpoint(session, world.near.context)

    told = await world.near.client.get(
        f"/api/v1/exchanges/{seen['id']}/evidence", headers=headers_of(world.near, "supervisor")
    )

    assert (told.status_code, len(told.json()["messages"])) == (200, 2)
