"""Store and forward: what happens to a message when the partner, the network or we fail."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from interop.messages import answer_by, kind_of, package_letter, signing_key
from interop.two_districts import HOSTS, NEAR, OWNER, Districts, case_step, private_key, register

from interop_service import suites
from interop_service.evidence import service as evidence
from interop_service.evidence.rules import Direction
from interop_service.exchanges import comparing, deliveries, envelopes, store
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.rules import UNDER_WAY
from interop_service.keys import own_keys
from interop_service.suites import Suite
from tongban.ids import new_id
from tongban.testing.fixtures import RunningService

OWNER_HOST = HOSTS[OWNER]


async def package_delivery(districts: Districts, exchange_id: UUID) -> dict[str, Any]:
    seen = await districts.view(districts.near, exchange_id)
    found: dict[str, Any] = seen["deliveries"][0]
    return found


async def test_a_dead_partner_is_tried_again_until_it_is_back(districts: Districts) -> None:
    districts.network.is_down.add(OWNER_HOST)
    exchange_id = await districts.exchange()
    await districts.send(districts.near)
    await districts.send(districts.near)
    while_down = await package_delivery(districts, exchange_id)

    districts.network.is_down.clear()
    await districts.send(districts.near)

    back = await package_delivery(districts, exchange_id)
    assert (while_down["state"], while_down["attempts"]) == ("due", 2)
    assert while_down["last_fault"] == "unreachable: ConnectError"
    assert while_down["fault_of"] == "network"
    assert (back["state"], back["attempts"], back["last_fault"]) == ("delivered", 3, None)
    assert await districts.near.outbox.types(str(exchange_id)) == [
        "interop.exchange.sent",
        "interop.exchange.acknowledged",
    ]


async def test_a_message_not_yet_due_is_left_alone(districts: Districts) -> None:
    districts.network.is_down.add(OWNER_HOST)
    await districts.exchange()
    await districts.send(districts.near)

    assert await deliveries.deliver_due(districts.near.context) == 0


async def test_every_attempt_has_a_new_nonce_and_the_same_message_id(districts: Districts) -> None:
    districts.network.is_down.add(OWNER_HOST)
    exchange_id = await districts.exchange()
    for _ in range(3):
        await districts.send(districts.near)

    message = (await package_delivery(districts, exchange_id))["id"]
    mine = [one for one in districts.network.log if one.headers["tongban-message-id"] == message]
    assert len(mine) == 3
    assert len({one.headers["signature-input"] for one in mine}) == 3


async def test_an_answer_lost_on_its_way_is_harmless(districts: Districts) -> None:
    """As a kill between sending and recording: the message was taken, and we don't know."""
    exchange_id = await districts.exchange()
    app = districts.network.apps[OWNER_HOST]
    districts.network.apps[OWNER_HOST] = swallowing(app)
    await districts.send(districts.near)
    lost = await package_delivery(districts, exchange_id)
    districts.network.apps[OWNER_HOST] = app

    await districts.send(districts.near)

    found = await package_delivery(districts, exchange_id)
    assert (lost["state"], found["state"], found["attempts"]) == ("due", "delivered", 2)
    assert await districts.owner.outbox.types(str(exchange_id)) == ["interop.exchange.received"]
    assert len(await districts.receipts(districts.owner, exchange_id)) == 1


def swallowing(app: Any) -> Any:
    """The app, whose answers never arrive."""

    async def swallow(scope: Any, receive: Any, send: Any) -> None:
        async def nowhere(_message: Any) -> None:
            return

        await app(scope, receive, nowhere)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"bad gateway"})

    return swallow


async def test_an_answer_that_is_no_receipt_is_no_delivery(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    for status, content in (
        (200, b"<html>ok</html>"),
        (202, b"{}"),
        (202, b"\xff\x00"),
        (302, b""),
    ):
        for answer, fault_of in (
            (lambda _, s=status, c=content: httpx.Response(s, content=c), "network"),
            (partial(answer_by, districts.owner, status=status, content=content), "theirs"),
        ):
            districts.network.answers[OWNER_HOST] = answer

            await districts.send(districts.near)

            found = await package_delivery(districts, exchange_id)
            assert (found["state"], found["fault_of"]) == ("due", fault_of), (status, content)
            assert found["last_fault"]


def forged(districts: Districts, signer: RunningService, **changes: Any) -> Any:
    """A receipt for whatever comes, wrong in one place."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.content
        message = json.loads(body)
        told = {
            "receipt_id": new_id(),
            "message_id": request.headers["tongban-message-id"],
            "exchange_id": message["exchange_id"],
            "digest": suites.digest(Suite.ED25519_SHA256, body),
            "at": message["sent_at"],
            "by": OWNER,
            **changes,
        }
        signed = envelopes.sign_receipt(Receipt.model_validate(told), signing_key(signer))
        return answer_by(districts.owner, request, 202, signed.model_dump_json().encode())

    return answer


async def test_a_receipt_for_another_message_is_no_delivery(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    wrong = [
        forged(districts, districts.owner, message_id=new_id()),
        forged(districts, districts.owner, exchange_id=new_id()),
        forged(districts, districts.owner, digest="0" * 64),
        forged(districts, districts.owner, by=NEAR),
        forged(districts, districts.near),
    ]
    for answer in wrong:
        districts.network.answers[OWNER_HOST] = answer

        await districts.send(districts.near)

        found = await package_delivery(districts, exchange_id)
        assert found["state"] == "due"
        assert found["last_fault"].startswith("receipt-invalid")

    districts.network.answers[OWNER_HOST] = forged(districts, districts.owner)
    await districts.send(districts.near)
    assert (await package_delivery(districts, exchange_id))["state"] == "delivered"


async def test_a_refusal_that_is_our_fault_ends_the_exchange(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    problem = {
        "type": "urn:tongban:problem:agreement-denies",
        "reasons": ["area"],
        "fault": "yours",
        "retry": False,
    }
    districts.network.answers[OWNER_HOST] = lambda _: httpx.Response(403, json=problem)
    await districts.send(districts.near)
    by_nobody = await package_delivery(districts, exchange_id)
    districts.network.answers[OWNER_HOST] = partial(
        answer_by, districts.owner, status=403, content=problem
    )

    await districts.send(districts.near)

    assert (by_nobody["state"], by_nobody["fault_of"]) == ("due", "network")
    assert (await package_delivery(districts, exchange_id))["fault_of"] == "ours"
    told = await districts.near.outbox.envelopes(str(exchange_id))
    assert [one.event_type for one in told] == ["interop.exchange.sent", "interop.exchange.failed"]
    assert told[1].data["reason"] == "agreement-denies: area"
    seen = await districts.view(districts.near, exchange_id)
    assert (seen["state"], seen["hops"][-1]["holder"]) == ("failed", NEAR)
    assert await districts.send(districts.near) == 0


async def test_a_refusal_that_may_pass_does_not_end_it(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    for problem, fault_of in (
        ({"type": "urn:tongban:problem:unknown-partner", "fault": "yours", "retry": True}, "ours"),
        ({"type": "urn:tongban:problem:internal", "fault": "ours", "retry": False}, "theirs"),
        (["not", "a", "problem"], "theirs"),
    ):
        districts.network.answers[OWNER_HOST] = partial(
            answer_by, districts.owner, status=401, content=problem
        )

        await districts.send(districts.near)

        assert (await package_delivery(districts, exchange_id))["fault_of"] == fault_of
        assert (await districts.view(districts.near, exchange_id))["state"] == "sent"


async def test_a_message_altered_on_its_way_is_sent_again(districts: Districts) -> None:
    exchange_id = await districts.exchange()

    def alter(request: httpx.Request) -> None:
        request.headers["tongban-sender"] = "610302"

    districts.network.alter = alter
    await districts.send(districts.near)
    altered = await package_delivery(districts, exchange_id)

    districts.network.alter = None
    await districts.send(districts.near)

    assert altered["last_fault"].startswith("answer-unproven: status 401")
    assert altered["fault_of"] == "network"
    assert (await package_delivery(districts, exchange_id))["state"] == "delivered"


async def test_a_case_s_messages_go_in_their_order(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    await districts.settle()
    districts.network.is_down.add(HOSTS[NEAR])
    await districts.owner.hear(
        case_step("accepted", exchange_id),
        case_step("decided", exchange_id, sequence=2, outcome="granted"),
    )

    tried = await districts.send(districts.owner)
    waiting = (await districts.view(districts.owner, exchange_id))["deliveries"]

    assert tried == 1
    assert [one["attempts"] for one in waiting] == [1, 0]
    districts.network.is_down.clear()
    await districts.settle()


async def test_what_waited_for_a_day_drains_in_order_and_once(districts: Districts) -> None:
    """Two workers of the owner find the near side back after a day: 20 cases, three steps each."""
    near, owner = districts.near, districts.owner
    ids = [await districts.exchange() for _ in range(20)]
    await districts.settle()
    districts.network.is_down.add(HOSTS[NEAR])
    for exchange_id in ids:
        await owner.hear(
            case_step("accepted", exchange_id),
            case_step("suspended", exchange_id, sequence=2, procedure="hearing", planned_days=20),
            case_step("resumed", exchange_id, sequence=3),
        )
    for _ in range(7):
        await deliveries.deliver_due(owner.context)  # until the line counts as dead
    clocks = [(side.context, side.context.clock) for side in (near, owner)]
    for context, clock in clocks:
        context.clock = partial(_later, clock, lambda: timedelta(days=1))
    districts.network.is_down.clear()
    districts.network.log.clear()

    workers = [asyncio.create_task(deliveries.deliver(owner.context)) for _ in range(2)]
    waiting = "SELECT count(*) FROM deliveries WHERE state = 'due'"
    async with asyncio.timeout(60):
        while (await owner.execute(waiting)).scalar_one():  # noqa: ASYNC110  # others take from it
            await asyncio.sleep(0.05)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for context, clock in clocks:
        context.clock = clock

    sent = [json.loads(request.content) for request in districts.network.log]
    steps = [(one["exchange_id"], one["ordinal"]) for one in sent if "ordinal" in one]
    for exchange_id in ids:
        assert [number for of, number in steps if of == str(exchange_id)] == [1, 2, 3]
        assert (await districts.view(near, exchange_id))["state"] == "accepted"


async def test_a_partner_that_is_broken_for_an_hour_is_asked_seldom_and_gets_it_once(
    districts: Districts,
) -> None:
    """Its server answers 500 by itself: not signed, so it says nothing but that it is broken."""
    near, owner = districts.near, districts.owner
    await districts.settle()
    districts.network.answers[OWNER_HOST] = lambda _: httpx.Response(500, content=b"<h1>oops")
    ids = [await districts.exchange() for _ in range(3)]
    clocks = [(side.context, side.context.clock) for side in (near, owner)]
    passed = timedelta()
    for context, clock in clocks:
        context.clock = partial(_later, clock, lambda: passed)
    asked = []
    while passed < timedelta(hours=1):
        asked.append(await deliveries.deliver_due(near.context))
        passed += timedelta(seconds=30)
    held = [await package_delivery(districts, one) for one in ids]

    del districts.network.answers[OWNER_HOST]
    passed += timedelta(minutes=10)  # the line's rest and the messages' are over
    for _ in range(3):
        await deliveries.deliver_due(near.context)
    for context, clock in clocks:
        context.clock = clock

    assert {one["state"] for one in held} == {"due"}
    assert {one["fault_of"] for one in held} == {"network"}
    assert 3 < sum(asked) <= 60  # one message at a time, and no more often than every other minute
    for one in ids:
        assert (await districts.view(near, one))["state"] == "received"
        assert await owner.outbox.types(str(one)) == ["interop.exchange.received"]


def _later(clock: Callable[[], datetime], passed: Callable[[], timedelta]) -> datetime:
    return clock() + passed()


async def test_two_workers_send_each_message_once(districts: Districts) -> None:
    ids = [await districts.exchange() for _ in range(4)]

    counts = await asyncio.gather(
        *(deliveries.deliver_due(districts.near.context) for _ in range(3))
    )

    assert sum(counts) == 4
    for exchange_id in ids:
        assert (await package_delivery(districts, exchange_id))["attempts"] == 1


async def test_a_message_taken_by_a_worker_that_died_is_taken_again(districts: Districts) -> None:
    exchange_id = await districts.exchange()
    context = districts.near.context
    taken = await deliveries._take(context, Counter())
    at_once = await deliveries.deliver_due(context)
    real = context.clock

    context.clock = lambda: real() + UNDER_WAY + timedelta(seconds=1)
    later = await deliveries.deliver_due(context)
    context.clock = real

    assert (len(taken), at_once, later) == (1, 0, 1)
    assert (await package_delivery(districts, exchange_id))["state"] == "delivered"


async def test_what_cannot_be_kept_together_is_kept_alone(
    districts: Districts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One receipt whose record fails takes no other with it, and is asked for again."""
    ids = [await districts.exchange() for _ in range(3)]
    log_message = evidence.log_message

    def fails(*arguments: Any, **values: Any) -> None:
        is_its = values["receipt"].receipt.exchange_id == ids[1]
        if is_its and values["direction"] is Direction.OUT:
            raise ValueError("this one")
        log_message(*arguments, **values)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "log_message", fails)
        await districts.send(districts.near)
        states = [(await package_delivery(districts, one))["state"] for one in ids]

    await districts.send(districts.near)

    assert states == ["delivered", "due", "delivered"]
    for exchange_id in ids:
        assert (await package_delivery(districts, exchange_id))["state"] == "delivered"
        assert len(await districts.receipts(districts.near, exchange_id)) == 1


async def test_a_dead_partner_does_not_hold_up_another(districts: Districts) -> None:
    """Its due messages never fill the batch, and while it hangs the others' go on."""
    dead = {
        "district": "610302",
        "name": "宝鸡市渭滨区",
        "english_name": "Weibin",
        "endpoint": "https://dead.example",
        "keys": {"keys": own_keys(districts.owner.context).published()},
    }
    await register(districts.near, dead)
    exchange_ids = [await districts.exchange() for _ in range(30)]
    for exchange_id in exchange_ids[:-1]:
        await districts.near.execute(
            "UPDATE deliveries SET partner = '610302', next_attempt_at = now() - interval '1 day'"
            " WHERE exchange_id = :id",
            id=exchange_id,
        )
    districts.network.apps["dead.example"] = hanging
    loop = asyncio.create_task(deliveries.deliver(districts.near.context))
    try:
        for _ in range(100):
            if (await package_delivery(districts, exchange_ids[-1]))["state"] == "delivered":
                break
            await asyncio.sleep(0.05)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    found = await package_delivery(districts, exchange_ids[-1])
    assert found["state"] == "delivered"
    tried = await districts.near.execute(
        "SELECT count(*) FROM deliveries WHERE partner = '610302' AND attempts > 0"
    )
    assert tried.scalar_one() == deliveries.ROOM
    await districts.near.execute("UPDATE deliveries SET state = 'failed' WHERE partner = '610302'")


async def hanging(_scope: Any, _receive: Any, _send: Any) -> None:
    await asyncio.sleep(3600)


async def test_what_waits_is_encrypted_at_rest(districts: Districts) -> None:
    districts.network.is_down.add(OWNER_HOST)
    exchange_id = await districts.exchange()

    kept = await districts.near.execute(
        "SELECT body FROM deliveries WHERE exchange_id = :id", id=exchange_id
    )

    body = kept.scalar_one()
    assert b"exchange_id" not in body
    districts.network.is_down.clear()
    await districts.settle()


async def test_the_seal_can_not_sign_messages(districts: Districts) -> None:
    letter = await package_letter(districts)
    seal = private_key(districts.near.district, "seal").as_dict(private=True)
    letter.key = suites.private_key(seal | {"kid": f"{NEAR}-seal"})

    answer = await letter.post(districts.near, districts.owner)

    assert kind_of(answer) == "signature-invalid"


async def test_a_package_whose_exchange_is_in_other_hands_goes_at_the_next_look(
    districts: Districts,
) -> None:
    exchange_id = await districts.exchange()
    context = districts.near.context

    async with context.sessions.begin() as session:
        await store.lock_exchange(session, exchange_id)
        tried = await deliveries.deliver_due(context)
    tried_then = await deliveries.deliver_due(context)

    assert (tried, tried_then) == (0, 1)
    found = await package_delivery(districts, exchange_id)
    assert (found["state"], found["attempts"]) == ("delivered", 1)


async def test_who_mends_an_exchange_and_who_has_its_receipt_wait_for_each_other_in_turn(
    districts: Districts,
) -> None:
    exchange_id = await districts.exchange()
    app = districts.network.apps[OWNER_HOST]
    is_mending = asyncio.Event()

    async def answer_while_mended(scope: Any, receive: Any, send: Any) -> None:
        await is_mending.wait()
        await app(scope, receive, send)

    districts.network.apps[OWNER_HOST] = answer_while_mended
    async with districts.near.context.sessions.begin() as session:
        sending = asyncio.create_task(districts.send(districts.near))
        await asyncio.sleep(0.3)  # it is under way: its lease is committed
        await store.lock_exchange(session, exchange_id)
        is_mending.set()
        await asyncio.sleep(0.5)  # its receipt is here, and waits for the exchange
        behind = await comparing.lock_deliveries_behind(session, {exchange_id: 0})
        seen = [(one.state.value, one.attempts) for one in behind[exchange_id]]
    await sending
    districts.network.apps[OWNER_HOST] = app

    assert seen == [("due", 1)]
    assert (await package_delivery(districts, exchange_id))["state"] == "delivered"
