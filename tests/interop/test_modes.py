"""The three modes between two databases: who holds what, what is late, and several owners."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest_asyncio
from interop.messages import Letter, answer_by, keys_of, kind_of, signing_key
from interop.test_reconciling import receipted
from interop.two_districts import (
    HOSTS,
    MATTER,
    MATTER_CODE,
    NEAR,
    OWNER,
    Districts,
    case_package,
    case_step,
    now,
    partners_file,
    register,
    sealed_notice,
    sign,
)

from interop_service.exchanges import envelopes, moving, sending
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.keys import own_keys
from tongban.testing.fixtures import RunningService

NUMBER = "6101722020061500000025"
THIRD = "610971"
THIRD_HOST = "ankang.example"
LEAVING = MATTER_CODE[:-3] + "801"
ARRIVING = MATTER_CODE[:-3] + "802"


async def hear(side: RunningService, exchange_id: UUID, *steps: tuple[str, int, Any]) -> None:
    for fact, sequence, data in steps:
        told = {"number": NUMBER, **data}
        await side.hear(case_step(fact, exchange_id, sequence=sequence, **told))


async def test_what_a_withdrawal_meets_decides_what_becomes_of_it(districts: Districts) -> None:
    """Asked for under way it goes after the package; after the decision it has no effect."""
    near, owner = districts.near, districts.owner
    early, late = await districts.exchange(), await districts.exchange()
    await hear(near, early, ("withdrawal_requested", 2, {}))

    await districts.settle()
    await hear(owner, late, ("accepted", 1, {}), ("decided", 2, {"outcome": "granted"}))
    await hear(near, late, ("withdrawal_requested", 2, {}))
    await districts.settle()

    assert (await owner.outbox.types(str(early)))[-1] == "interop.exchange.withdrawal_requested"
    assert await owner.outbox.types(str(late)) == ["interop.exchange.received"]
    receipts = await districts.receipts(near, late)
    assert {one["message_kind"]: one["kind"] for one in receipts}["withdrawal_requested"] == (
        "superseded"
    )
    assert (await districts.view(near, late))["state"] == "decided"


async def test_what_a_side_never_sends_is_refused_for_good(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(exchange_id),
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "kind": "accepted",
        "owner_number": NUMBER,
        "at": now().isoformat(),
    }

    answer = await Letter(f"{TREE}/exchanges/{exchange_id}/receipts", body).post(
        districts.near, districts.owner
    )

    assert (answer.status_code, kind_of(answer)) == (409, "message-not-allowed")
    assert answer.json()["retry"] is False
    assert "accepted" not in answer.json()["allowed"]
    assert "corrected" in answer.json()["allowed"]


async def test_the_two_windows_meet_by_video(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    path = f"/api/v1/exchanges/{exchange_id}/remote-help"
    url = "https://video.example/room/7"
    near, owner = districts.near, districts.owner
    headers = near.district.headers("clerk")

    too_early = await near.client.put(path, json={"url": url}, headers=headers)
    await districts.settle()
    kept = await near.client.put(path, json={"url": url}, headers=headers)
    await districts.settle()

    assert kept.status_code == 200
    assert (too_early.status_code, kind_of(too_early)) == (409, "remote-help-refused")
    assert "待发送；" in too_early.json()["detail"]
    for side in (near, owner):
        seen = await districts.view(side, exchange_id)
        assert seen["remote_help"] == url
        assert seen["postage_borne_by"] == "owner"


async def test_the_forwarding_light_is_the_near_districts(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    exchange_id = await districts.exchange(forward_due_on="2026-12-31")
    later = replace(near.context, clock=lambda: now() + timedelta(days=40))

    for _ in range(2):  # told once
        async with near.context.sessions.begin() as session:
            await moving.watch_lights(session, later)

    told = [
        one.data
        for one in await near.outbox.envelopes(str(exchange_id))
        if one.event_type == "interop.exchange.light_changed"
    ]
    assert [(one["charged_to"], one["clock"], one["light"]) for one in told] == [
        (NEAR, "forward", "red")
    ]
    await districts.settle()
    seen = await districts.view(owner, exchange_id)
    assert (seen["hops"][0]["holder"], seen["hops"][0]["clock"]) == (NEAR, "forward")
    assert seen["hops"][0]["due_on"] == "2026-12-31"


async def test_what_is_over_is_archived_by_its_owner(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    exchange_id = await districts.exchange()
    await districts.settle()
    await owner.hear(await districts.owner_closes(exchange_id, sealed_notice(owner.district)))
    await districts.settle()
    await owner.execute(
        "UPDATE exchanges SET updated_at = :then WHERE id = :id",
        then=now() - sending.ARCHIVED_AFTER - timedelta(seconds=1),
        id=exchange_id,
    )

    async with owner.context.sessions.begin() as session:
        await sending.archive(session, owner.context)
    await districts.settle()

    for side in (near, owner):
        seen = await districts.view(side, exchange_id)
        assert (seen["state"], seen["holder"]) == ("archived", OWNER)
        assert seen["possible"] == {"near": ["rated"], "owner": []}
    assert (await near.outbox.types(str(exchange_id)))[-1] == "interop.exchange.progressed"


def joint_file(own: str, partner: str, name: str, code: str) -> dict[str, Any]:
    """The joint agreement with one partner, and its matter under it."""
    file = partners_file(own, partner, name)
    agreement = f"joint-{partner if own == NEAR else own}"
    file["agreements"][0] |= {"code": agreement, "mode": "joint"}
    offer = file["matter_offers"][0]
    owner = partner if own == NEAR else own
    offer |= {
        "owner_district": owner,
        "agreement": agreement,
        "mode": "joint",
        "matter": {**MATTER, "code": code, "name": f"企业跨区迁移 {code[-3:]}"},
    }
    if owner == OWNER:
        offer["joint_with"] = [{"district": THIRD, "matter_code": ARRIVING}]
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def joined(both: Districts) -> AsyncIterator[Districts]:
    """The near side with two owners; of the third district the tests hold the keys."""
    near, owner = both.near, both.owner
    third = {
        "district": THIRD,
        "name": "安康高新区",
        "english_name": "Ankang Hi-tech Zone",
        "endpoint": f"https://{THIRD_HOST}",
        "keys": {"keys": own_keys(owner.context).published()},
    }
    await register(near, third)
    for side, partner, name, code in (
        (near, OWNER, "西安曲江新区", LEAVING),
        (near, THIRD, "安康高新区", ARRIVING),
        (owner, NEAR, "西安高新区", LEAVING),
    ):
        file = joint_file(side.district.code, partner, name, code)
        answer = await side.client.post(
            "/api/v1/partners/import", json=file, headers=side.district.headers("admin")
        )
        assert answer.status_code == 200, answer.text
    await sign(near, f"joint-{OWNER}")
    await sign(owner, f"joint-{OWNER}")
    await near.execute(
        "UPDATE agreements SET signed_digest = 'by both' WHERE code = :code", code=f"joint-{THIRD}"
    )
    yield both
    # Nobody answers there: what waits for it would wait in the other tests too.
    await near.execute("UPDATE deliveries SET state = 'failed' WHERE partner = :third", third=THIRD)
    await near.client.put(
        f"/api/v1/partners/{THIRD}/suspension",
        json={"is_suspended": True},
        headers=near.district.headers("admin"),
    )


async def forward_jointly(districts: Districts) -> UUID:
    content = {"near_number": "6101712020061500000017", "matter_code": LEAVING}
    return await districts.exchange(
        package=case_package(**content), matter_code=LEAVING, mode="joint"
    )


async def from_third(districts: Districts, part: UUID, kind: str, **data: Any) -> None:
    """Let the third district send a step, or its result."""
    body = {
        "protocol": PROTOCOL,
        "exchange_id": str(part),
        "from_district": THIRD,
        "to_district": NEAR,
        "sent_at": now().isoformat(),
        **data,
    }
    path = f"{TREE}/exchanges/{part}/receipts"
    if kind == "result":
        path = f"{TREE}/exchanges/{part}/results"
        payload = {"owner_number": "6109712020061500000018", **data.pop("payload")}
        body = {
            **body,
            "result": envelopes.encrypt(
                json.dumps(payload).encode(), await keys_of(districts.near)
            ),
        }
        body.pop("payload")
    else:
        body |= {"kind": kind, "at": now().isoformat(), "owner_number": "6109712020061500000018"}
    letter = Letter(path, body, sender=THIRD)
    letter.key = signing_key(districts.owner)
    answer = await letter.post(districts.owner, districts.near)
    assert answer.status_code == 202, answer.text


async def test_a_joint_case_shows_who_blocks_it_and_ends_when_all_have(
    districts: Districts, joined: Districts
) -> None:
    near, owner = districts.near, districts.owner
    districts.network.is_down.add(THIRD_HOST)
    exchange_id = await forward_jointly(districts)
    part = uuid5(exchange_id, THIRD)
    for _ in range(2):
        await districts.send(near)
        await districts.send(owner)
    one_has_it = await near.outbox.types(str(exchange_id))
    await hear(owner, exchange_id, ("accepted", 1, {"promised_due_on": "2026-12-24"}))
    await districts.send(owner)
    waiting = await districts.view(near, exchange_id)

    districts.network.is_down.clear()
    districts.network.answers[THIRD_HOST] = receipted(owner, by=THIRD)
    await districts.settle()
    both_have_it = await near.outbox.types(str(exchange_id))
    await from_third(districts, part, "accepted", promised_due_on="2026-12-20")
    both_at_it = await districts.view(near, exchange_id)
    await districts.settle()
    told_to_owner = (await districts.view(owner, exchange_id))["joint"]

    await from_third(districts, part, "result", payload={"outcome": "granted"})
    one_is_done = await districts.view(near, exchange_id)
    await owner.hear(
        (await districts.owner_closes(exchange_id, sealed_notice(owner.district))).model_copy(
            update={"sequence": 2}
        )
    )
    await districts.settle()

    assert one_has_it == ["interop.exchange.sent"]
    assert waiting["joint"]["blocking"] == [THIRD, OWNER]  # who owes forwarding is due first
    assert "interop.exchange.acknowledged" in both_have_it
    assert both_at_it["joint"]["slowest"] == THIRD
    assert {one["district"]: one["state"] for one in told_to_owner["standing"]} == {
        OWNER: "accepted",
        THIRD: "accepted",
    }
    assert one_is_done["joint"]["blocking"] == [OWNER]
    told = await near.outbox.envelopes(str(exchange_id))
    results = [one.data for one in told if one.event_type == "interop.exchange.result"]
    assert [one["outcome"] for one in results] == ["granted"]
    stages = [
        (one.data["district"], one.data["stage"])
        for one in told
        if one.event_type == "interop.exchange.progressed"
    ]
    assert stages == [
        (OWNER, "accepted"),
        (THIRD, "accepted"),
        (THIRD, "concluded"),
        (OWNER, "concluded"),
    ]
    ended = await districts.view(near, exchange_id)
    assert ended["joint"]["blocking"] == []
    assert ended["joint"]["slowest"] == OWNER


async def test_a_joint_case_that_one_refuses_is_asked_back_from_the_others(
    districts: Districts, joined: Districts
) -> None:
    near, owner = districts.near, districts.owner
    districts.network.is_down.add(THIRD_HOST)
    exchange_id = await forward_jointly(districts)
    for _ in range(2):
        await districts.send(near)
    problem = {
        "type": "urn:tongban:problem:agreement-denies",
        "reasons": ["area"],
        "fault": "yours",
        "retry": False,
    }
    districts.network.is_down.clear()
    districts.network.answers[THIRD_HOST] = lambda request: answer_by(owner, request, 403, problem)

    await districts.settle()

    failed = [
        one.data["reason"]
        for one in await near.outbox.envelopes(str(exchange_id))
        if one.event_type == "interop.exchange.failed"
    ]
    assert failed == [f"{THIRD} agreement-denies: area"]
    assert (await owner.outbox.types(str(exchange_id)))[-1] == (
        "interop.exchange.withdrawal_requested"
    )
    assert HOSTS[OWNER] not in districts.network.is_down
