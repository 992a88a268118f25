"""What a partner sends: each way to be wrong is its own answer, and nothing is half taken."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from interop.messages import Letter, foreign_key, keys_of, kind_of, package_letter
from interop.two_districts import (
    MATTER,
    NEAR,
    OWNER,
    Districts,
    case_package,
    case_step,
    now,
    private_key,
    sealed_notice,
)
from joserfc import jws

from interop_service.exchanges import envelopes
from interop_service.exchanges.proof import forget_nonces
from interop_service.exchanges.protocol import PROTOCOL, TREE
from tongban.ids import new_id


async def send(districts: Districts, letter: Letter) -> Any:
    return await letter.post(districts.near, districts.owner)


async def nothing_taken(districts: Districts, letter: Letter) -> bool:
    return not await districts.owner.outbox.types(str(letter.body["exchange_id"]))


async def test_a_good_package_is_receipted(districts: Districts) -> None:
    letter = await package_letter(districts)

    answer = await send(districts, letter)

    assert answer.status_code == 202
    content = json.dumps(letter.body).encode()
    receipt = envelopes.open_receipt(
        answer.content,
        keys=(await keys_of(districts.owner)).signing,
        by=OWNER,
        message_id=letter.message_id,
        exchange_id=UUID(letter.body["exchange_id"]),
        body=content,
    )
    assert receipt.receipt.kind == "received"
    assert await letter.is_answered(districts.owner, answer)


async def test_the_same_message_again_gets_the_same_receipt(districts: Districts) -> None:
    letter = await package_letter(districts)
    first = await send(districts, letter)

    letter.nonce = "another-nonce-of-the-retry"
    again = await send(districts, letter)

    assert again.status_code == 202
    assert again.content == first.content
    assert await districts.owner.outbox.types(letter.body["exchange_id"]) == [
        "interop.exchange.received"
    ]


async def test_the_same_message_at_the_same_time_is_taken_once(districts: Districts) -> None:
    letter = await package_letter(districts)
    copies = [Letter(letter.path, letter.body, message_id=letter.message_id) for _ in range(4)]

    answers = await asyncio.gather(*(send(districts, copy) for copy in copies))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1


async def test_a_replayed_nonce_is_refused(districts: Districts) -> None:
    letter = await package_letter(districts)
    await send(districts, letter)

    answer = await send(districts, letter)

    assert (answer.status_code, kind_of(answer)) == (409, "nonce-replayed")
    assert (answer.json()["fault"], answer.json()["retry"]) == ("yours", True)


async def test_a_message_id_is_not_for_two_bodies(districts: Districts) -> None:
    letter = await package_letter(districts)
    await send(districts, letter)
    other = await package_letter(districts)
    other.message_id = letter.message_id

    answer = await send(districts, other)

    assert (answer.status_code, kind_of(answer)) == (409, "message-id-reused")
    assert await nothing_taken(districts, other)


async def test_an_exchange_is_not_opened_twice(districts: Districts) -> None:
    letter = await package_letter(districts)
    await send(districts, letter)

    answer = await send(districts, Letter(letter.path, letter.body))

    assert (answer.status_code, kind_of(answer)) == (409, "exchange-known")


Change = Callable[[Letter], None]


def unknown_sender(letter: Letter) -> None:
    letter.sender = "610302"


def anothers_key(letter: Letter) -> None:
    letter.key = foreign_key("610171-signing")


def unknown_key_id(letter: Letter) -> None:
    letter.key = foreign_key("610171-other")


def altered_body(letter: Letter) -> None:
    letter.sent_body = json.dumps({**letter.body, "near_number": "1"}).encode()


def altered_digest(letter: Letter) -> None:
    letter.headers["Content-Digest"] = "sha-256=:" + base64.b64encode(bytes(32)).decode() + ":"


def altered_message_id(letter: Letter) -> None:
    letter.headers["Tongban-Message-Id"] = str(new_id())


def no_signature(letter: Letter) -> None:
    letter.headers["Signature"] = ""


def long_ago(letter: Letter) -> None:
    letter.at = now() - timedelta(seconds=301)


def in_the_future(letter: Letter) -> None:
    letter.at = now() + timedelta(seconds=330)


def to_elsewhere(letter: Letter) -> None:
    letter.body["to_district"] = "610302"


def in_anothers_name(letter: Letter) -> None:
    letter.body["from_district"] = "610302"


def other_protocol(letter: Letter) -> None:
    letter.headers["Tongban-Protocol"] = "1"


def other_path(letter: Letter) -> None:
    letter.path = letter.path.replace("/v2/", "/v3/")


def other_protocol_inside(letter: Letter) -> None:
    letter.body["protocol"] = "1"


def no_sender(letter: Letter) -> None:
    letter.headers["Tongban-Sender"] = ""


def other_agreement(letter: Letter) -> None:
    letter.body["agreement"] = "none-such"


def other_mode(letter: Letter) -> None:
    letter.body["mode"] = "online"


def other_matter(letter: Letter) -> None:
    letter.body["matter_code"] = "11610133MB2P38849J4001030109999"


def no_package(letter: Letter) -> None:
    del letter.body["package"]


def not_encrypted(letter: Letter) -> None:
    letter.body["package"] = "eyJhbGciOiJub25lIn0.e30."


@pytest.mark.parametrize(
    ("change", "status", "kind", "retry"),
    [
        (unknown_sender, 401, "unknown-partner", True),
        (anothers_key, 401, "signature-invalid", True),
        (unknown_key_id, 401, "signature-invalid", True),
        (altered_body, 400, "digest-mismatch", True),
        (altered_digest, 401, "signature-invalid", True),
        (altered_message_id, 401, "signature-invalid", True),
        (no_signature, 401, "signature-invalid", True),
        (long_ago, 401, "message-expired", True),
        (in_the_future, 401, "message-expired", True),
        (to_elsewhere, 421, "wrong-district", False),
        (in_anothers_name, 403, "sender-mismatch", False),
        (other_protocol, 400, "protocol-unsupported", False),
        (other_path, 400, "protocol-unsupported", False),
        (other_protocol_inside, 422, "message-unreadable", False),
        (no_sender, 422, "malformed-request", False),
        (other_agreement, 403, "agreement-denies", False),
        (other_mode, 403, "agreement-denies", False),
        (other_matter, 403, "agreement-denies", False),
        (no_package, 422, "message-unreadable", False),
        (not_encrypted, 422, "package-unreadable", False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_message_at_fault_is_told_so_and_not_taken(
    districts: Districts, change: Change, status: int, kind: str, retry: bool
) -> None:
    letter = await package_letter(districts)
    change(letter)

    answer = await send(districts, letter)

    assert (answer.status_code, kind_of(answer)) == (status, kind), answer.text
    assert (answer.json()["fault"], answer.json()["retry"]) == ("yours", retry)
    assert await nothing_taken(districts, letter)
    # A refusal is signed too; only one without a signature to bind it to proves nothing.
    assert await letter.is_answered(districts.owner, answer) is (change is not no_signature)


def damaged_material(**changes: Any) -> dict[str, Any]:
    material = {**case_package()["materials"][0], **changes}
    return case_package(materials=[material])


@pytest.mark.parametrize(
    "package",
    [
        damaged_material(content="bm90IGl0"),
        damaged_material(content="not base64"),
        damaged_material(size=1),
        damaged_material(sha256="0" * 64),
        case_package(applicant={"kind": "person"}),
        case_package(near_number="another"),
        b"not JSON",
    ],
    ids=["bytes", "base64", "size", "sha256", "applicant", "other case", "JSON"],
)
async def test_a_package_that_is_not_whole_is_refused(districts: Districts, package: Any) -> None:
    letter = await package_letter(districts, package=package)

    answer = await send(districts, letter)

    assert (answer.status_code, kind_of(answer)) == (422, "package-unreadable")
    assert "13800000000" not in answer.text
    assert await nothing_taken(districts, letter)


async def test_a_message_over_thirty_megabytes_is_refused(districts: Districts) -> None:
    letter = await package_letter(districts)
    letter.sent_body = bytes(30 * 1024 * 1024 + 1)

    answer = await send(districts, letter)

    assert (answer.status_code, kind_of(answer)) == (413, "message-too-large")


async def test_a_package_of_twenty_megabytes_is_taken(districts: Districts) -> None:
    content = bytes(14 * 1024 * 1024)
    package = damaged_material(
        content=base64.b64encode(content).decode(),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    letter = await package_letter(districts, package=package)

    answer = await send(districts, letter)

    assert answer.status_code == 202, answer.text[:300]


async def test_a_suspended_partner_is_not_heard(districts: Districts) -> None:
    headers = districts.owner.district.headers("admin")
    path = f"/api/v1/partners/{NEAR}/suspension"
    await districts.owner.client.put(path, json={"is_suspended": True}, headers=headers)

    answer = await send(districts, await package_letter(districts))

    await districts.owner.client.put(path, json={"is_suspended": False}, headers=headers)
    assert (answer.status_code, kind_of(answer)) == (401, "unknown-partner")
    assert (await send(districts, await package_letter(districts))).status_code == 202


async def test_an_exchange_of_others_is_unknown(districts: Districts) -> None:
    exchange_id = new_id()
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(exchange_id),
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "kind": "rated",
        "score": 5,
        "at": now().isoformat(),
    }

    answer = await send(districts, Letter(f"{TREE}/exchanges/{exchange_id}/receipts", body))

    assert (answer.status_code, kind_of(answer)) == (404, "exchange-unknown")


async def test_a_rating_before_the_result_is_out_of_turn(districts: Districts) -> None:
    letter = await package_letter(districts)
    await send(districts, letter)
    exchange_id = letter.body["exchange_id"]
    body = {
        "protocol": PROTOCOL,
        "exchange_id": exchange_id,
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "kind": "rated",
        "score": 5,
        "at": now().isoformat(),
    }

    answer = await send(districts, Letter(f"{TREE}/exchanges/{exchange_id}/receipts", body))

    assert (answer.status_code, kind_of(answer)) == (409, "out-of-turn")
    assert answer.json()["retry"] is True


async def test_a_result_whose_seal_is_broken_is_refused_recognition(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    notice = sealed_notice(districts.owner.district) | {"facts": {"outcome": "denied"}}

    await districts.owner.hear(await districts.owner_closes(exchange_id, notice))
    await districts.settle()

    told = await districts.near.outbox.envelopes(str(exchange_id))
    result = next(one for one in told if one.event_type == "interop.exchange.result")
    verdict = next(one for one in told if one.event_type == "interop.recognition.changed")
    assert result.data["is_recognised"] is False
    assert verdict.data["state"] == "refused"
    listed = await districts.near.client.get(
        "/api/v1/recognitions?state=refused", headers=districts.near.district.headers("clerk")
    )
    mine = next(one for one in listed.json()["items"] if one["exchange_id"] == str(exchange_id))
    assert mine["reasons"] == ["seal_broken"]


async def test_a_notice_of_another_district_is_refused_recognition(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    issuer = {"district": "610302", "body": "宝鸡市渭滨区"}
    notice = sealed_notice(districts.owner.district, issued_by=issuer)

    await districts.owner.hear(await districts.owner_closes(exchange_id, notice))
    await districts.settle()

    told = await districts.near.outbox.envelopes(str(exchange_id))
    verdict = next(one for one in told if one.event_type == "interop.recognition.changed")
    assert verdict.data["state"] == "refused"


async def test_the_signing_key_is_no_seal(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    notice = sealed_notice(districts.owner.district)
    forged = sealed_by_signing_key(districts, notice)

    await districts.owner.hear(await districts.owner_closes(exchange_id, forged))
    await districts.settle()

    told = await districts.near.outbox.envelopes(str(exchange_id))
    verdict = next(one for one in told if one.event_type == "interop.recognition.changed")
    assert verdict.data["state"] == "refused"


def sealed_by_signing_key(districts: Districts, notice: dict[str, Any]) -> dict[str, Any]:
    payload = jws.extract_compact(str(notice["seal"]).encode()).payload
    key = private_key(districts.owner.district, "signing")
    header = {"alg": "Ed25519", "kid": f"{OWNER}-seal"}
    return notice | {"seal": jws.serialize_compact(header, payload, key, algorithms=["Ed25519"])}


async def test_progress_that_overtakes_the_receipt_waits(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.near.execute(
        "UPDATE exchanges SET state = 'sent' WHERE id = :id", id=exchange_id
    )
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(exchange_id),
        "from_district": OWNER,
        "to_district": NEAR,
        "sent_at": now().isoformat(),
        "kind": "accepted",
        "owner_number": "6101722020061500000025",
        "at": now().isoformat(),
    }
    letter = Letter(f"{TREE}/exchanges/{exchange_id}/receipts", body, sender=OWNER)

    answer = await letter.post(districts.owner, districts.near)

    assert (answer.status_code, kind_of(answer)) == (409, "out-of-turn")
    await districts.near.execute(
        "UPDATE exchanges SET state = 'prepared' WHERE id = :id", id=exchange_id
    )


async def test_nonces_are_forgotten_after_their_time(districts: Districts) -> None:
    await send(districts, await package_letter(districts))
    await districts.owner.execute("UPDATE nonces SET at = at - interval '21 minutes'")
    letter = await package_letter(districts)
    await send(districts, letter)

    async with districts.owner.context.sessions.begin() as session:
        await forget_nonces(session, districts.owner.context)

    left = await districts.owner.execute("SELECT nonce FROM nonces")
    assert left.scalars().all() == [letter.nonce]


async def test_what_is_taken_is_on_the_ledger(districts: Districts) -> None:
    letter = await package_letter(districts)
    await send(districts, letter)

    entry = await districts.owner.execute(
        "SELECT actor, action FROM ledger WHERE subject = :id", id=letter.body["exchange_id"]
    )

    assert entry.all() == [(f"district:{NEAR}", "message.taken")]


async def test_a_matter_not_in_the_agreed_area_is_refused_before_it_is_sent(
    districts: Districts,
) -> None:
    exchange_id = new_id()
    told = await districts.forward(exchange_id, case_id=str(new_id()))
    assert MATTER["area"] == "tax"

    other = case_step(
        "forwarded",
        new_id(),
        owner_district=OWNER,
        matter_code="11610133MB2P38849J4001030109999",
        mode="proxy",
        package=told.data["package"],
    )
    await districts.near.hear(other)

    events = await districts.near.outbox.envelopes(other.data["exchange_id"])
    assert [one.event_type for one in events] == ["interop.exchange.failed"]
    assert "matter_not_offered" in events[0].data["reason"]
