"""What others relied on is disputed or ends: every district that relied learns so, once."""

import json
from datetime import date, timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from interop.messages import Letter as Signed
from interop.messages import keys_of, kind_of
from interop.reliance_world import DISPUTES, RELIANCES, World, headers_of, read
from interop.two_districts import HOSTS, MATTER_CODE, NEAR, OWNER, THIRD, now

from interop_service.exchanges import envelopes
from interop_service.exchanges.protocol import PROTOCOL
from interop_service.following import follow_letter
from interop_service.letters.sending import deliver_due
from interop_service.reliances import rules
from interop_service.reliances.moving import PATH
from interop_service.reliances.rules import (
    TRANSITIONS,
    RelianceParty,
    RelianceState,
    RelianceStep,
)
from tongban.clock import local_date
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService


def test_every_step_is_foreseen_and_what_ended_stays_ended() -> None:
    assert set(TRANSITIONS) == set(product(RelianceState, RelianceStep))
    for step in RelianceStep:
        assert rules.next_state(RelianceState.ENDED, step) is RelianceState.ENDED
    for state in RelianceState:
        assert rules.next_state(state, RelianceStep.END) is RelianceState.ENDED
    assert rules.steps_from(RelianceState.STANDING, RelianceParty.RELYING) == ["dispute"]
    assert rules.steps_from(RelianceState.ENDED, RelianceParty.ISSUER) == []


async def letters_of(side: RunningService, reliance_id: str) -> list[str]:
    rows = await side.execute(
        "SELECT kind FROM letters WHERE exchange_id = :id ORDER BY ordinal", id=reliance_id
    )
    return list(rows.scalars())


async def told(side: RunningService, reliance_id: str) -> list[str]:
    """What the district's own services were told of the reliance; the first is their own word."""
    types = await side.outbox.types(reliance_id)
    return [one.removeprefix("interop.reliance.") for one in types]


@pytest.mark.parametrize("act", ["cancelled", "rescinded", "withdrawn", "revoked"])
async def test_an_end_reaches_every_district_that_relied_once_and_one_that_is_down_later(
    world: World, act: str
) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence, "610171202601050000018")
    second = await world.relied(world.near, licence, "610171202601050000026")
    third = await world.relied(world.third, licence, "610971202601050000042")
    world.network.is_down.add(HOSTS[NEAR])

    event = await world.ends(licence, act)
    await world.owner.hear(event)
    await world.settle()
    waits = await world.reliance(world.near, near)
    knows = await world.reliance(world.third, third)
    world.network.is_down.clear()
    await world.settle()

    assert waits["state"] == "standing"
    assert (knows["state"], knows["change"]) == ("ended", act)
    assert knows["effective_from"] == local_date(now()).isoformat()
    for side, one in ((world.near, near), (world.near, second), (world.third, third)):
        assert (await world.reliance(side, one))["change"] == act
        assert await told(side, one) == ["ended"]
        assert await letters_of(world.owner, one) == ["reliance_ended"]
        there = await world.reliance(world.owner, one)
        assert (there["party"], there["state"], there["case_id"]) == ("issuer", "ended", None)
    listed = await world.owner.client.get(
        RELIANCES,
        params={"document_number": licence.number, "party": "issuer"},
        headers=headers_of(world.owner, "clerk"),
    )
    assert {(one["partner"], one["case_number"]) for one in listed.json()["items"]} == {
        (NEAR, "610171202601050000018"),
        (NEAR, "610171202601050000026"),
        (THIRD, "610971202601050000042"),
    }
    again = await world.verified(world.near, number=licence.number)
    assert (again["standing"], again["reasons"]) == (act, ["not_in_force"])


async def test_a_proof_whose_licence_ended_is_told_as_such(world: World) -> None:
    licence = await world.licence()
    proof = await world.verified(world.near, number=licence.number)
    await world.recorded(world.near, proof["id"], "610171202601050000018")
    await world.settle()

    await world.ends(licence)
    await world.settle()

    events = await world.near.outbox.envelopes(proof["id"])
    assert [one.data["state"] for one in events] == ["usable", "ended"]


async def test_a_successor_or_an_older_word_ends_nothing(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    await world.stands(licence, state="superseded", invalid_from="2026-01-01")
    await world.ends(licence)
    await world.stands(licence, sequence=1)  # told again, late
    await world.settle()

    assert await letters_of(world.owner, near) == ["reliance_ended"]
    assert (await world.verified(world.near, number=licence.number))["standing"] == "revoked"


async def test_who_relied_on_what_had_ended_meanwhile_is_told_so(world: World) -> None:
    licence = await world.licence()
    proof = await world.verified(world.near, number=licence.number)
    await world.ends(licence, "withdrawn")
    reliance_id = await world.recorded(world.near, proof["id"], "610171202601050000018")
    before = await world.reliance(world.near, reliance_id)
    await world.settle()

    after = await world.reliance(world.near, reliance_id)
    assert (before["state"], before["told_at"]) == ("standing", None)
    assert (after["state"], after["change"]) == ("ended", "withdrawn")
    assert after["told_at"] is not None


async def disputed(world: World, reliance_id: str) -> str:
    answer = await world.dispute(world.near, reliance_id)
    assert answer.status_code == 201, answer.text
    await world.settle()
    return str(answer.json()["id"])


async def test_a_dispute_is_told_to_all_and_cleared_for_all_by_its_rejection(
    world: World,
) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence, "610171202601050000018")
    second = await world.relied(world.near, licence, "610171202601050000026")
    third = await world.relied(world.third, licence)
    dispute_id = await disputed(world, near)

    for side, one in ((world.near, near), (world.near, second), (world.third, third)):
        assert (await world.reliance(side, one))["state"] == "disputed"
    late = await world.dispute(world.near, second)
    assert (late.status_code, kind_of(late)) == (409, "dispute-open")
    here = await read(world.near, f"{DISPUTES}/{dispute_id}")
    there = await read(world.owner, f"{DISPUTES}/{dispute_id}")
    assert here["due_on"] == there["due_on"] >= (local_date(now()) + timedelta(days=12)).isoformat()
    assert (there["party"], there["state"], there["is_overdue"]) == ("issuer", "raised", False)
    assert there["reason"] == "注册地址与实地核查不符"
    asked = await world.verified(world.third, number=licence.number)
    assert (asked["reasons"], asked["proof_state"]) == (["disputed"], None)
    late_comer = await world.verified(world.near, number=licence.number)
    newcomer = await world.recorded(world.third, await first_proof(world), "610971202601050000059")
    await world.settle()
    assert (await world.reliance(world.third, newcomer))["state"] == "disputed"
    assert late_comer["proof_state"] is None

    answered = await world.answer(dispute_id, "reject")
    await world.settle()

    assert answered.status_code == 200, answered.text
    for side, one in ((world.near, near), (world.near, second), (world.third, third)):
        assert (await world.reliance(side, one))["state"] == "standing"
        assert (await world.reliance(world.owner, one))["state"] == "standing"
        assert await told(side, one) == ["disputed", "cleared"]
    assert await letters_of(world.near, near) == ["relied_on", "dispute_raised"]
    assert await letters_of(world.owner, near) == ["dispute_answered"]
    assert await letters_of(world.owner, second) == []
    assert await letters_of(world.owner, third) == ["reliance_disputed", "reliance_cleared"]
    seen = await read(world.near, f"{DISPUTES}/{dispute_id}")
    assert (seen["state"], seen["answer"]) == ("rejected", "经核查，登记信息无误")
    again = await world.answer(dispute_id, "reject")
    assert (again.status_code, kind_of(again)) == (409, "dispute-answered")


async def first_proof(world: World) -> str:
    """The newest question of 安康's that a case may rest on, or might."""
    rows = await world.third.execute(
        "SELECT id FROM licence_verifications WHERE proof_state IS NOT NULL ORDER BY id DESC"
    )
    return str(rows.scalars().first())


async def test_two_districts_that_doubt_are_cleared_when_both_are_answered(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    third = await world.relied(world.third, licence)
    first = await disputed(world, near)
    other = await world.dispute(world.third, third)
    await world.settle()

    await world.answer(first, "reject")
    await world.settle()
    between = [
        (await world.reliance(side, one))["state"]
        for side, one in ((world.near, near), (world.third, third))
    ]
    await world.answer(other.json()["id"], "reject")
    await world.settle()

    assert other.status_code == 201
    assert between == ["disputed", "disputed"]
    for side, one in ((world.near, near), (world.third, third)):
        assert (await world.reliance(side, one))["state"] == "standing"
        assert await told(side, one) == ["disputed", "cleared"]


async def test_a_licence_s_end_upholds_its_disputes_and_nothing_else_does(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    third = await world.relied(world.third, licence)
    dispute_id = await disputed(world, near)

    refused = await world.answer(dispute_id, "uphold")
    await world.ends(licence, "rescinded")
    await world.settle()

    assert (refused.status_code, kind_of(refused)) == (409, "licence-still-stands")
    assert licence.number in refused.json()["detail"]
    for side in (world.near, world.owner):
        assert (await read(side, f"{DISPUTES}/{dispute_id}"))["state"] == "upheld"
    assert await told(world.near, near) == ["disputed", "ended"]
    assert await told(world.third, third) == ["disputed", "ended"]
    assert await letters_of(world.owner, near) == ["dispute_answered", "reliance_ended"]
    over = await world.dispute(world.near, near)
    assert (over.status_code, kind_of(over)) == (409, "reliance-step-refused")


async def test_a_dispute_that_crosses_the_end_is_upheld_at_once(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    world.network.is_down.add(HOSTS[NEAR])
    raised = await world.dispute(world.near, near)
    await world.ends(licence)
    world.network.is_down.clear()
    await world.settle()

    seen = await read(world.near, f"{DISPUTES}/{raised.json()['id']}")
    assert seen["state"] == "upheld"
    assert await told(world.near, near) == ["disputed", "ended"]
    late = await world.owner.execute(
        "SELECT count(*) FROM disputes WHERE id = :id AND state = 'upheld'",
        id=raised.json()["id"],
    )
    assert late.scalar_one() == 1


async def fetched(world: World, number: str) -> str:
    """A certificate of 曲江's that 高新 fetched by consent: at both, as it is kept then."""
    request_id = str(new_id())
    for side, party, partner in (
        (world.near, "requester", OWNER),
        (world.owner, "provider", NEAR),
    ):
        await side.execute(
            "INSERT INTO evidence_requests (id, sequence, party, partner, agreement,"
            " evidence_type, counts_as, purpose, consent_reference, consent_given_at,"
            " consent_expires_at, expires_at, state, reasons, requested_by, document_number,"
            " proof_state, version) VALUES (:id, 0, :party, :partner, 'hitech-qujiang-2020',"
            " 'enterprise_licence', 'business_licence', :purpose, '授-1', now(),"
            " now() + interval '2 days', now() + interval '1 day', 'delivered', '[]', 'c',"
            " :number, :proof, 1)",
            id=request_id,
            party=party,
            partner=partner,
            purpose=MATTER_CODE,
            number=number,
            proof="usable" if party == "requester" else None,
        )
    return request_id


async def test_of_what_is_no_licence_the_issuer_s_answer_is_the_end(world: World) -> None:
    number = f"6101722026{new_id().hex[-10:]}"
    request_id = await fetched(world, number)
    first = await world.recorded(world.near, request_id, "610171202601050000018")
    await world.settle()
    dispute_id = await disputed(world, first)
    await world.owner.execute(
        "UPDATE disputes SET due_on = '2026-01-05' WHERE id = :id", id=dispute_id
    )
    overdue = await world.owner.client.get(
        DISPUTES,
        params={"is_overdue": True, "party": "issuer"},
        headers=headers_of(world.owner, "supervisor"),
    )

    answered = await world.answer(dispute_id, "uphold")
    await world.settle()
    late = await world.recorded(world.near, request_id, "610171202601050000026")
    await world.settle()

    assert [one["id"] for one in overdue.json()["items"]] == [dispute_id]
    assert answered.json()["state"] == "upheld"
    for one in (first, late):
        seen = await world.reliance(world.near, one)
        assert (seen["state"], seen["change"]) == ("ended", "rescinded")
    proofs = await world.near.outbox.envelopes(request_id)
    assert [one.data["state"] for one in proofs] == ["disputed", "ended"]


async def test_an_issuer_may_end_such_a_document_of_itself_but_no_licence(world: World) -> None:
    number = f"6101722026{new_id().hex[-10:]}"
    first = await world.recorded(world.near, await fetched(world, number), "61017120260105")
    await world.settle()
    licence = await world.licence()

    async def ended(number: str, role: str = "approver") -> httpx.Response:
        body = {
            "document_number": number,
            "change": "withdrawn",
            "effective_from": "2026-03-02",
            "reason": "依据变化",
        }
        path = f"{RELIANCES}/document-endings"
        return await world.owner.client.post(path, json=body, headers=headers_of(world.owner, role))

    by_clerk = await ended(number, "clerk")
    done, of_licence = await ended(number), await ended(licence.number)
    await world.settle()

    assert by_clerk.status_code == 403
    assert [one["id"] for one in done.json()] == [first]
    assert kind_of(of_licence) == "licence-still-stands"
    seen = await world.reliance(world.near, first)
    assert (seen["change"], seen["effective_from"]) == ("withdrawn", "2026-03-02")


async def step(
    world: World, reliance_id: str, sender: str, kind: str, **changes: Any
) -> httpx.Response:
    """A step sent by hand by whoever, whatever its own rules say."""
    side, to = (world.near, world.owner) if sender == NEAR else (world.owner, world.near)
    if sender == THIRD:
        side, to = world.third, world.owner
    body = {
        "protocol": PROTOCOL,
        "exchange_id": reliance_id,
        "from_district": sender,
        "to_district": to.district.code,
        "sent_at": now().isoformat(),
        "kind": kind,
        "at": now().isoformat(),
        **changes,
    }
    return await Signed(f"{PATH}/{reliance_id}/steps", body, sender=sender).post(side, to)


async def reason_for(side: RunningService) -> str:
    return envelopes.encrypt(json.dumps({"reason": "存疑"}).encode(), await keys_of(side))


async def test_a_step_that_is_not_its_sender_s_does_nothing(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    content = await reason_for(world.owner)
    raised = {"dispute_id": str(new_id()), "ground": "content_wrong", "content": content}
    end = {"change": "revoked", "effective_from": date(2026, 3, 2).isoformat()}

    by_relying = await step(world, near, NEAR, "ended", **end)
    by_issuer = await step(world, near, OWNER, "dispute_raised", **raised)
    by_third = await step(world, near, THIRD, "dispute_raised", **raised)
    nowhere = await step(world, str(new_id()), NEAR, "dispute_raised", **raised)
    elsewhere = await step(
        world, near, NEAR, "dispute_raised", **{**raised, "exchange_id": str(new_id())}
    )
    incomplete = [
        await step(world, near, NEAR, "dispute_raised", dispute_id=str(new_id())),
        await step(world, near, NEAR, "dispute_raised", **{**raised, "ground": "other"}),
        await step(world, near, OWNER, "ended", change="revoked"),
        await step(world, near, OWNER, "ended", **{**end, "change": "lost"}),
        await step(world, near, OWNER, "dispute_answered", outcome="upheld"),
    ]
    unasked = await step(
        world, near, OWNER, "dispute_answered", outcome="upheld", dispute_id=str(new_id())
    )

    for answer in (by_relying, by_issuer):
        assert (answer.status_code, kind_of(answer)) == (409, "message-not-allowed")
    for answer in (by_third, nowhere, elsewhere, unasked):
        assert (answer.status_code, kind_of(answer)) == (404, "exchange-unknown")
    for answer in incomplete:
        assert (answer.status_code, kind_of(answer)) == (422, "message-unreadable")
    for side in (world.near, world.owner):
        assert (await world.reliance(side, near))["state"] == "standing"


async def test_only_what_was_verified_or_fetched_is_relied_on(world: World) -> None:
    licence, other = await world.licence(), await world.licence()
    proof = await world.verified(world.near, number=licence.number)

    async def relied(proof_id: str, number: str, sender: str = NEAR) -> httpx.Response:
        side = world.near if sender == NEAR else world.third
        body = {
            "protocol": PROTOCOL,
            "exchange_id": str(new_id()),
            "from_district": sender,
            "to_district": OWNER,
            "sent_at": now().isoformat(),
            "proof_id": proof_id,
            "document_number": number,
            "case_number": "610171202601050000018",
            "relied_at": now().isoformat(),
        }
        return await Signed(PATH, body, sender=sender).post(side, world.owner)

    another_number = await relied(proof["id"], other.number)
    never_asked = await relied(str(new_id()), licence.number)
    another_s = await relied(proof["id"], licence.number, THIRD)

    assert another_number.json()["reasons"] == ["other_document"]
    for answer in (never_asked, another_s):
        assert (answer.status_code, kind_of(answer)) == (404, "exchange-unknown")
    kept = await world.owner.execute(
        "SELECT count(*) FROM partner_reliances WHERE document_number = ANY(:numbers)",
        numbers=[licence.number, other.number],
    )
    assert kept.scalar_one() == 0


async def test_a_doubled_step_gets_the_same_receipt_and_is_taken_once(world: World) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    body = {
        "protocol": PROTOCOL,
        "exchange_id": near,
        "from_district": OWNER,
        "to_district": NEAR,
        "sent_at": now().isoformat(),
        "kind": "disputed",
        "at": now().isoformat(),
    }
    first = Signed(f"{PATH}/{near}/steps", body, sender=OWNER)
    again = Signed(f"{PATH}/{near}/steps", body, sender=OWNER, message_id=first.message_id)

    answers = [await one.post(world.owner, world.near) for one in (first, again)]

    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert await told(world.near, near) == ["disputed"]


async def test_whoever_works_there_reads_and_those_who_answer_for_it_dispute(
    world: World,
) -> None:
    licence = await world.licence()
    near = await world.relied(world.near, licence)
    missing = await world.dispute(world.near, str(new_id()))

    for role in ("citizen", "clerk"):
        assert (await world.dispute(world.near, near, role)).status_code == 403
    issuer_s = await world.owner.client.post(
        f"{RELIANCES}/{near}/disputes",
        json={"ground": "content_wrong", "reason": "不符"},
        headers=headers_of(world.owner, "reviewer"),
    )
    dispute_id = await disputed(world, near)
    ours = await world.near.client.post(
        f"{DISPUTES}/{dispute_id}/reject",
        json={"reason": "无误"},
        headers=headers_of(world.near, "approver"),
    )
    by_clerk = await world.answer(dispute_id, "reject", "clerk")
    unknown = await world.answer(str(new_id()), "reject")
    stale = await world.owner.client.post(
        f"{DISPUTES}/{dispute_id}/reject",
        json={"reason": "无误"},
        headers={**headers_of(world.owner, "approver"), "If-Match": '"9"'},
    )
    read_by_citizen = await world.near.client.get(
        f"{DISPUTES}/{dispute_id}", headers=headers_of(world.near, "citizen")
    )

    assert (missing.status_code, kind_of(missing)) == (404, "reliance-not-found")
    assert kind_of(issuer_s) == "reliance-step-refused"
    assert kind_of(ours) == "dispute-answered"
    assert (by_clerk.status_code, read_by_citizen.status_code) == (403, 403)
    assert (unknown.status_code, kind_of(unknown)) == (404, "dispute-not-found")
    assert stale.status_code == 412


async def test_what_a_case_rests_on_is_kept_also_where_its_proof_comes_later(
    world: World,
) -> None:
    reliance_id = await world.recorded(world.near, str(new_id()), "610171202601050000018")

    gone = await world.near.client.get(
        f"{RELIANCES}/{reliance_id}", headers=headers_of(world.near, "clerk")
    )
    waiting = await world.near.execute(
        "SELECT count(*) FROM pending WHERE handler = 'record_reliance'"
    )
    assert gone.status_code == 404
    assert waiting.scalar_one() == 1
    await world.near.execute("DELETE FROM pending WHERE handler = 'record_reliance'")


async def test_word_that_does_not_arrive_in_time_is_a_dead_letter_to_be_sent_again(
    world: World,
) -> None:
    licence = await world.licence()
    ids = [await world.relied(world.near, licence) for _ in range(3)]
    await world.settle()
    world.network.is_down.add(HOSTS[NEAR])
    await world.ends(licence)
    of_it = "exchange_id = ANY(:ids) AND kind = 'reliance_ended'"
    await world.owner.execute(
        f"UPDATE letters SET created_at = created_at - interval '31 days' WHERE {of_it}",  # noqa: S608  # of our own making
        ids=ids,
    )

    await deliver_due(world.owner.context, follow=follow_letter)
    rows = await world.owner.execute(
        f"SELECT state, attempts FROM letters WHERE {of_it} ORDER BY state",  # noqa: S608  # likewise
        ids=ids,
    )
    listed = await world.owner.client.get(
        "/api/v1/exchanges/dead-letters", headers=headers_of(world.owner, "ops")
    )

    # One was tried, and spared the others.
    assert [tuple(row) for row in rows] == [("dead", 1), ("due", 0), ("due", 0)]
    (dead,) = [one for one in listed.json()["items"] if one["exchange_id"] in ids]
    assert (dead["kind"], dead["fault_of"]) == ("reliance_ended", "network")

    again = await world.owner.client.post(
        f"/api/v1/exchanges/dead-letters/{dead['id']}/replay",
        headers=headers_of(world.owner, "ops"),
    )
    assert again.status_code == 200, again.text
    await world.owner.execute(
        "UPDATE letters SET next_attempt_at = now() + interval '1 hour'"
        " WHERE state = 'due' AND id <> :id",
        id=dead["id"],
    )
    assert await deliver_due(world.owner.context, follow=follow_letter) == 1
    anew = await world.owner.execute("SELECT state FROM letters WHERE id = :id", id=dead["id"])
    assert anew.scalar_one() == "due"  # its time counts from the replay
    world.network.is_down.clear()
    await world.settle()
    for one in ids:
        assert (await world.reliance(world.near, one))["state"] == "ended"


async def test_a_partner_in_maintenance_is_left_alone_and_its_line_is_good(world: World) -> None:
    licence = await world.licence()
    reliance_id = await world.relied(world.near, licence)
    await world.settle()
    begin = {"begins_at": now().isoformat(), "ends_at": (now() + timedelta(hours=1)).isoformat()}
    window = await world.near.client.post(
        "/api/v1/partners/maintenance/windows",
        json={**begin, "reason": "升级"},
        headers=headers_of(world.near, "ops"),
    )
    assert window.status_code == 201, window.text

    await world.ends(licence)
    await deliver_due(world.owner.context, follow=follow_letter)
    row = await world.owner.execute(
        "SELECT failures, paused_until > now() FROM partners WHERE district = :near", near=NEAR
    )

    assert tuple(row.one()) == (0, True)
    await world.near.execute("DELETE FROM maintenance")
    await world.owner.execute("UPDATE partners SET paused_until = NULL")
    await world.settle()
    assert (await world.reliance(world.near, reliance_id))["state"] == "ended"
