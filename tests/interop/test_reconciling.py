"""对账: what one district lost, at any hop, comes again without people, both ways."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from interop.counting import counting
from interop.messages import Letter, answer_by, kind_of, signing_key
from interop.two_districts import (
    HOSTS,
    NEAR,
    OWNER,
    Districts,
    case_step,
    fresh_pair,
    now,
    sealed_notice,
)

from interop_service import suites
from interop_service.exchanges import envelopes, posting, reconciling
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.protocol import PROTOCOL, TREE
from interop_service.suites import Suite
from tongban.ids import new_id
from tongban.run.nats import EmbeddedNats
from tongban.run.postgres import EmbeddedPostgres
from tongban.testing.fixtures import RunningService

NUMBER = "6101722020061500000025"
TABLES = ("exchanges", "hops", "deliveries", "receipts")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(
    scratch: Path, postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> AsyncIterator[Districts]:
    """Two districts of this module's own: all that differs between them is of these tests."""
    async with fresh_pair("reconciled", scratch, postgres, nats_server.url) as pair:
        yield pair


def receipted(signer: RunningService, *, by: str) -> Any:
    """A good receipt for whatever comes, though nobody takes it."""

    def answer(request: httpx.Request) -> httpx.Response:
        message = json.loads(request.content)
        told = {
            "receipt_id": new_id(),
            "message_id": request.headers["tongban-message-id"],
            "exchange_id": message["exchange_id"],
            "digest": suites.digest(Suite.ED25519_SHA256, request.content),
            "at": message["sent_at"],
            "by": by,
        }
        signed = envelopes.sign_receipt(Receipt.model_validate(told), signing_key(signer))
        return answer_by(signer, request, 202, signed.model_dump_json().encode())

    return answer


async def reconcile(districts: Districts, side: RunningService) -> dict[str, Any]:
    """Have one side ask the other, as its worker does within seconds; return how it went."""
    answer = await side.client.post(
        "/api/v1/exchanges/reconcile", json={}, headers=side.district.headers("ops")
    )
    assert answer.status_code == 202, answer.text
    other = OWNER if side is districts.near else NEAR
    assert other in answer.json()["partners"]
    async with posting.client_of(side.context) as client:
        await reconciling.reconcile_due(client, side.context)
    return await result_of(side, other)


async def result_of(side: RunningService, partner: str) -> dict[str, Any]:
    path = "/api/v1/exchanges/reconciliations"
    rows = await side.client.get(path, headers=side.district.headers("supervisor"))
    return next(one for one in rows.json() if one["partner"] == partner)


async def states(districts: Districts, exchange_id: UUID) -> tuple[Any, Any]:
    near = await districts.view(districts.near, exchange_id)
    owner = await districts.view(districts.owner, exchange_id)
    return (
        (near["state"], near["holder"], near["held_since"]),
        (owner["state"], owner["holder"], owner["held_since"]),
    )


async def walk(districts: Districts, exchange_id: UUID) -> list[tuple[RunningService, Any]]:
    """Every message of a case that is corrected once, one after the other: who sends it, how."""
    near, owner = districts.near, districts.owner
    missing = {"missing": [{"what": "盖章"}]}
    asked = await owner.context.leave("interop", _json(missing))
    supplied = await near.context.leave("interop", _json({"form": None, "materials": []}))
    closed = await districts.owner_closes(exchange_id, sealed_notice(owner.district))
    steps: list[tuple[RunningService, str, dict[str, Any]]] = [
        (owner, "corrections_requested", {"due_on": "2026-12-20", "content": asked.model_dump()}),
        (near, "corrected", {"package": supplied.model_dump()}),
        (owner, "accepted", {"promised_due_on": "2026-12-24"}),
        (near, "withdrawal_requested", {}),
        (owner, "decided", {"outcome": "granted"}),
        (owner, "closed", closed.data),
        (near, "delivered", {"way": "counter"}),
        (near, "rated", {"score": 5, "owner_score": 4}),
    ]
    counts = {near.district.code: 1, owner.district.code: 0}
    told = []
    for side, fact, data in steps:
        counts[side.district.code] += 1
        values = {**data, "number": NUMBER}
        for name in ("case_id", "exchange_id", "at"):
            values.pop(name, None)
        told.append((side, (fact, counts[side.district.code], values)))
    return told


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


async def hear(side: RunningService, exchange_id: UUID, step: Any) -> None:
    fact, sequence, data = step
    await side.hear(case_step(fact, exchange_id, sequence=sequence, **data))


async def test_a_message_lost_on_any_hop_comes_again(districts: Districts) -> None:
    """Each was receipted, and yet it is not there: as after a crash of a disk that lied."""
    near, owner = districts.near, districts.owner
    await districts.settle()
    exchange_id = await districts.exchange()
    steps = await walk(districts, exchange_id)

    async def lost(sender: RunningService, place: int) -> None:
        receiver = owner if sender is near else near
        code = receiver.district.code
        districts.network.answers[HOSTS[code]] = receipted(receiver, by=code)
        assert await districts.send(sender) == 1
        districts.network.answers.clear()
        found = await reconcile(districts, sender if place % 2 else receiver)
        assert found["last_fault"] is None, found
        await districts.settle()

    await lost(near, 0)
    for place, (side, step) in enumerate(steps, start=1):
        await hear(side, exchange_id, step)
        await lost(side, place)

    of_near, of_owner = await states(districts, exchange_id)
    assert of_near[:2] == of_owner[:2]  # a false receipt dates the hop falsely
    assert of_near[0] == "handed_over"
    assert (await districts.view(owner, exchange_id))["score"] == 4
    types = await owner.outbox.types(str(exchange_id))
    assert types == [
        "interop.exchange.received",
        "interop.exchange.corrected",
        "interop.exchange.withdrawal_requested",
        "interop.exchange.handed_over",
        "interop.exchange.rated",
    ]


async def rows_of(side: RunningService, exchange_id: UUID) -> dict[str, list[dict[str, Any]]]:
    kept = {}
    for table in TABLES:
        key = "id" if table == "exchanges" else "exchange_id"
        found = await side.execute(
            f"SELECT to_jsonb({table}.*) FROM {table} WHERE {key} = :id",  # noqa: S608  # ours
            id=exchange_id,
        )
        kept[table] = list(found.scalars())
    return kept


async def restore(
    side: RunningService, exchange_id: UUID, kept: dict[str, list[dict[str, Any]]]
) -> None:
    """Put an exchange back as it was in a backup."""
    await side.execute("DELETE FROM exchanges WHERE id = :id", id=exchange_id)
    for table in TABLES:
        for row in kept[table]:
            await side.execute(
                f"INSERT INTO {table} SELECT * FROM"  # noqa: S608  # ours
                f" jsonb_populate_record(null::{table}, cast(:row AS jsonb))",
                row=json.dumps(row),
            )


@pytest.mark.parametrize(("which", "asker"), [("near", "near"), ("owner", "near")])
async def test_a_district_restored_from_a_backup_catches_up(
    districts: Districts, which: str, asker: str
) -> None:
    near, owner = districts.near, districts.owner
    side = near if which == "near" else owner
    exchange_id = await districts.exchange()
    await districts.settle()
    backup = await rows_of(side, exchange_id)
    steps = await walk(districts, exchange_id)
    for sender, step in steps[:3]:
        await hear(sender, exchange_id, step)
        await districts.settle()
    before = await states(districts, exchange_id)

    await restore(side, exchange_id, backup)
    for _ in range(2):  # what was sent again may bring out the next difference
        await reconcile(districts, near if asker == "near" else owner)
        await districts.settle()
    after = await states(districts, exchange_id)
    for sender, step in steps[3:]:
        await hear(sender, exchange_id, step)
        await districts.settle()

    assert [one[:2] for one in after] == [one[:2] for one in before] == [("accepted", OWNER)] * 2
    of_near, of_owner = await states(districts, exchange_id)
    assert (of_near[:2], of_near[0]) == (of_owner[:2], "handed_over")


async def test_an_exchange_unknown_since_a_restore_is_taken_up_again(districts: Districts) -> None:
    near, owner = districts.near, districts.owner
    exchange_id = await districts.exchange()
    await districts.settle()
    await near.execute("DELETE FROM exchanges WHERE id = :id", id=exchange_id)
    await hear(owner, exchange_id, ("accepted", 1, {"number": NUMBER}))
    await districts.send(owner)
    waiting = (await districts.view(owner, exchange_id))["deliveries"][0]

    await reconcile(districts, owner)
    await districts.settle()

    seen = await districts.view(near, exchange_id)
    assert (waiting["state"], waiting["last_fault"]) == ("due", "status 404 exchange-unknown")
    assert (seen["state"], seen["holder"], seen["owner_number"]) == ("accepted", OWNER, NUMBER)
    assert (await near.outbox.types(str(exchange_id)))[-1] == "interop.exchange.progressed"


async def test_after_an_outage_of_both_nothing_is_missing_and_nothing_twice(
    districts: Districts,
) -> None:
    near, owner = districts.near, districts.owner
    first = await districts.exchange()
    await districts.settle()
    districts.network.is_down.update(HOSTS.values())
    second = await districts.exchange()
    await hear(owner, first, ("accepted", 1, {"number": NUMBER}))
    for _ in range(3):
        await districts.send(near)
        await districts.send(owner)
    await near.execute("UPDATE reconciliations SET wanted_at = now()")
    async with posting.client_of(near.context) as client:
        await reconciling.reconcile_due(client, near.context)
    during = await result_of(near, OWNER)

    districts.network.is_down.clear()
    await districts.settle()

    wanted = await near.execute(
        "SELECT wanted_at FROM reconciliations WHERE partner = :partner", partner=OWNER
    )
    assert during["last_fault"] == "unreachable: ConnectError"
    assert wanted.scalar_one() <= now() + timedelta(seconds=1)  # the outage's end asks for it
    assert (await reconcile(districts, near))["last_fault"] is None
    assert await districts.send(near) + await districts.send(owner) == 0
    for exchange_id, state in ((first, "accepted"), (second, "received")):
        assert [one[0] for one in await states(districts, exchange_id)] == [state, state]
    assert await owner.outbox.types(str(second)) == ["interop.exchange.received"]


async def test_a_page_costs_no_more_the_more_of_it_is_lost(districts: Districts) -> None:
    near = districts.near
    await districts.settle()
    costs = {}
    for count in (2, 12):
        for _ in range(count):
            await districts.exchange()
        with counting(near) as asked:
            found = await reconcile(districts, near)
        assert found["last_fault"] is None
        costs[count] = sum("deliveries" in one for one in asked)

    assert costs[12] == costs[2] == 1


async def test_what_is_on_its_way_is_not_sent_beside_itself(districts: Districts) -> None:
    """A partner that has not taken it yet may have it before it next speaks."""
    near = districts.near
    await districts.settle()
    exchange_id = await districts.exchange()
    set_next = "UPDATE deliveries SET next_attempt_at = :at WHERE exchange_id = :id"
    waits = "SELECT next_attempt_at - now() FROM deliveries WHERE exchange_id = :id"

    left = {}
    for seconds in (50, 250):
        await near.execute(set_next, at=now() + timedelta(seconds=seconds), id=exchange_id)
        assert (await reconcile(districts, near))["last_fault"] is None
        left[seconds] = (await near.execute(waits, id=exchange_id)).scalar_one()

    assert left[50] > timedelta(seconds=20)  # as a message that is being sent
    assert left[250] <= timedelta(0)  # put off for longer than any attempt
    await districts.settle()


async def test_only_what_the_partner_signed_for_this_question_counts(districts: Districts) -> None:
    near = districts.near
    await districts.exchange()
    await districts.settle()
    for status, content in ((200, b"{}"), (500, b""), (200, b"<html>")):
        districts.network.answers[HOSTS[OWNER]] = lambda _, s=status, c=content: httpx.Response(  # type: ignore[misc]  # defaults bind the case
            s, content=c
        )

        assert (await reconcile(districts, near))["last_fault"]


async def test_nobody_else_is_told_how_exchanges_stand(districts: Districts) -> None:
    body = {
        "protocol": PROTOCOL,
        "from_district": NEAR,
        "to_district": OWNER,
        "sent_at": now().isoformat(),
        "since": "2020-01-01T00:00:00Z",
        "exchanges": [],
    }
    letter = Letter(f"{TREE}/states", body)
    letter.key = signing_key(districts.owner)

    answer = await letter.post(districts.near, districts.owner)

    assert (answer.status_code, kind_of(answer)) == (401, "signature-invalid")
