"""A case goes to the owner and comes back, over two databases that know each other by HTTP only."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from interop.two_districts import (
    NEAR,
    OWNER,
    Districts,
    case_package,
    case_step,
    now,
    opened,
    sealed_notice,
)

from interop_service.exchanges import deliveries


async def test_a_case_goes_there_and_its_result_comes_back(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    exchange_id = await districts.exchange()

    await districts.settle()

    assert await near.outbox.types(str(exchange_id)) == [
        "interop.exchange.sent",
        "interop.exchange.acknowledged",
    ]
    received = (await owner.outbox.envelopes(str(exchange_id)))[0]
    assert received.event_type == "interop.exchange.received"
    assert received.data["near_number"] == case_package()["near_number"]
    package = await opened(owner, received.data["package"])
    assert package["from_district"] == NEAR
    assert package["materials"] == case_package()["materials"]
    assert package["applicant"] == case_package()["applicant"]
    assert package["site_id"] == "hitech-hall"

    notice = sealed_notice(owner.district)
    closed = await districts.owner_closes(exchange_id, notice)
    await owner.hear(
        case_step("accepted", exchange_id),
        case_step("decided", exchange_id, sequence=2, outcome="granted"),
        closed.model_copy(update={"sequence": 3}),
    )
    await districts.settle()

    told = await near.outbox.envelopes(str(exchange_id))
    by_type = {one.event_type.split(".")[2]: one for one in told[2:] if "exchange" in one.type}
    stages = [one.data["stage"] for one in told if one.event_type.endswith("progressed")]
    assert stages == ["accepted", "decided"]
    assert by_type["result"].data["is_recognised"] is True
    assert by_type["result"].data["outside_number"] == "税2020-1"
    result = await opened(near, by_type["result"].data["result"])
    assert result["notice"] == notice
    recognition = [one for one in told if one.event_type == "interop.recognition.changed"]
    assert recognition[0].data["state"] == "recognised"

    await near.hear(case_step("rated", exchange_id, sequence=2, score=5, owner_score=4))
    await districts.settle()

    rated = (await owner.outbox.envelopes(str(exchange_id)))[-1]
    assert (rated.event_type, rated.data["score"]) == ("interop.exchange.rated", 4)


async def test_both_districts_agree_on_who_held_the_case(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    await districts.owner.hear(
        await districts.owner_closes(exchange_id, sealed_notice(districts.owner.district))
    )
    await districts.settle()

    near = await districts.view(districts.near, exchange_id)
    owner = await districts.view(districts.owner, exchange_id)

    assert [(hop["state"], hop["holder"], hop["clock"]) for hop in near["hops"]] == [
        ("prepared", NEAR, "forward"),
        ("sent", NEAR, "forward"),
        ("received", OWNER, "notice"),
        ("concluded", NEAR, "hand_over"),
    ]
    assert [(hop["state"], hop["holder"], hop["clock"]) for hop in owner["hops"]] == [
        ("sent", NEAR, "forward"),
        ("received", OWNER, "notice"),
        ("concluded", OWNER, "hand_over"),
        ("concluded", NEAR, "hand_over"),
    ]
    for seen in (near, owner):
        assert (seen["state"], seen["holder"]) == ("concluded", NEAR)
        assert seen["due_on"] == near["hops"][-1]["due_on"] == owner["hops"][-1]["due_on"]
        assert seen["possible"]["near"] == ["handed_over", "rated"]
    assert near["held_since"] == owner["held_since"] == owner["hops"][-1]["at"]
    assert near["owner_number"] == owner["owner_number"]
    assert [one["state"] for one in near["deliveries"] + owner["deliveries"]] == ["delivered"] * 2


async def test_the_receipts_of_both_sides_are_the_same(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()

    near = await districts.receipts(districts.near, exchange_id)
    owner = await districts.receipts(districts.owner, exchange_id)

    assert near == owner
    assert near[0]["by"] == OWNER


async def test_a_declined_case_comes_back_without_a_notice(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()

    await districts.owner.hear(case_step("declined", exchange_id, reason_code="not_ours"))
    await districts.settle()

    told = (await districts.near.outbox.envelopes(str(exchange_id)))[-1]
    assert told.event_type == "interop.exchange.result"
    assert told.data["outcome"] == "declined"
    assert told.data["result"] is None


async def test_a_case_of_ones_own_concerns_no_partner(districts: Districts) -> None:
    step = case_step("accepted", None)

    await districts.owner.hear(step)

    assert await districts.send(districts.owner) == 0


async def test_events_heard_twice_and_out_of_order_send_one_message_each(
    districts: Districts,
) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    accepted = case_step("accepted", exchange_id)
    decided = case_step("decided", exchange_id, sequence=2, outcome="granted")

    await districts.owner.hear(decided, accepted, decided, accepted)
    await districts.settle()

    told = await districts.near.outbox.envelopes(str(exchange_id))
    assert [one.data["stage"] for one in told if one.event_type.endswith("progressed")] == [
        "accepted",
        "decided",
    ]


async def test_a_forwarded_case_heard_twice_is_sent_once(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    told = await districts.near.outbox.envelopes(str(exchange_id))

    await districts.forward(exchange_id)  # the same step again, under another event id

    await districts.settle()
    assert told == []
    assert (await districts.near.outbox.types(str(exchange_id))).count("interop.exchange.sent") == 1


def in_days(days: int) -> datetime:
    return now() + timedelta(days=days)


async def test_a_body_is_gone_a_week_after_its_delivery(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    near = districts.near
    kept = []

    for days in (6, 8):
        later = replace(near.context, clock=partial(in_days, days))
        async with near.context.sessions.begin() as session:
            await deliveries.forget_bodies(session, later)
        found = await near.execute(
            "SELECT count(*) FROM deliveries WHERE exchange_id = :id AND body IS NOT NULL",
            id=exchange_id,
        )
        kept.append(found.scalar_one())

    assert kept == [1, 0]
