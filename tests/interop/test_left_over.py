"""What a person has to see to: letters that were refused, and disputes that nobody answers."""

from datetime import timedelta
from typing import Any

import httpx
from interop.messages import answer_by, kind_of
from interop.reliance_world import World, headers_of, read
from interop.two_districts import HOSTS, OWNER, now

from interop_service.reliances.overdue import OVERDUE, watch_disputes
from tongban.clock import local_date
from tongban.testing.fixtures import RunningService

DEAD_LETTERS = "/api/v1/exchanges/dead-letters"
REFUSAL = {
    "type": "urn:tongban:problem:evidence-denied",
    "title": "no",
    "status": 403,
    "reasons": ["other_document"],
    "fault": "yours",
    "retry": False,
}


async def dead_of(side: RunningService, reliance_id: str) -> list[dict[str, Any]]:
    seen = await read_as_ops(side, f"{DEAD_LETTERS}?partner={OWNER}&limit=100")
    return [one for one in seen["items"] if one["exchange_id"] == reliance_id]


async def read_as_ops(side: RunningService, path: str) -> Any:
    answer = await side.client.get(path, headers=headers_of(side, "ops"))
    return answer.raise_for_status().json()


async def act(side: RunningService, letter: dict[str, Any], what: str, body: Any) -> httpx.Response:
    return await side.client.post(
        f"{DEAD_LETTERS}/{letter['id']}/{what}", json=body, headers=headers_of(side, "ops")
    )


async def refused(world: World, number: str) -> tuple[str, dict[str, Any]]:
    """A reliance whose issuer does not take the word of it."""
    licence = await world.licence()
    proof = await world.verified(world.near, number=licence.number)
    world.network.answers[HOSTS[OWNER]] = lambda request: answer_by(
        world.owner, request, 403, REFUSAL
    )
    reliance_id = await world.recorded(world.near, proof["id"], number)
    await world.settle()
    world.network.answers.clear()
    [letter] = await dead_of(world.near, reliance_id)
    return reliance_id, letter


async def test_a_refused_letter_is_a_dead_letter_to_be_sent_again(world: World) -> None:
    reliance_id, letter = await refused(world, "610171202601050000034")
    assert (letter["kind"], letter["state"], letter["fault_of"]) == ("relied_on", "dead", "ours")
    assert letter["last_fault"] == "evidence-denied: other_document"
    seen = await world.reliance(world.near, reliance_id)
    assert (seen["told_at"], seen["last_fault"]) == (None, letter["last_fault"])

    again = await act(world.near, letter, "replay", {})
    assert (again.status_code, again.json()["state"]) == (200, "due")
    await world.settle()

    assert await dead_of(world.near, reliance_id) == []
    told = await world.reliance(world.near, reliance_id)
    assert (told["told_at"] is not None, told["last_fault"]) == (True, None)
    twice = await act(world.near, letter, "replay", {})
    assert (twice.status_code, kind_of(twice)) == (404, "dead-letter-not-found")


async def test_a_refused_letter_may_be_given_up_with_the_reason_on_record(world: World) -> None:
    reliance_id, letter = await refused(world, "610171202601050000042")

    given_up = await act(world.near, letter, "discard", {"reason": "对方确认无需告知"})

    assert (given_up.status_code, given_up.json()["state"]) == (200, "discarded")
    assert await dead_of(world.near, reliance_id) == []
    noted = await world.near.execute(
        "SELECT count(*) FROM ledger WHERE action = 'delivery.discard' AND subject = :id",
        id=reliance_id,
    )
    assert noted.scalar() == 1


async def test_a_dispute_that_is_not_answered_in_time_is_told_once_on_both_sides(
    world: World,
) -> None:
    licence = await world.licence()
    reliance_id = await world.relied(world.near, licence, "610171202601050000059")
    dispute_id = (await world.dispute(world.near, reliance_id)).json()["id"]
    await world.settle()
    sides = ((world.near, "relying"), (world.owner, "issuer"))
    yesterday = local_date(now()) - timedelta(days=1)
    for side, _ in sides:
        await watch(side)
        assert await side.outbox.envelopes(dispute_id) == []  # its day has not passed
        await side.execute(
            "UPDATE disputes SET due_on = :day WHERE id = :id", day=yesterday, id=dispute_id
        )
        await watch(side)
        await watch(side)
    for side, party in sides:
        [told] = await side.outbox.envelopes(dispute_id)
        assert (told.event_type, told.data["party"]) == ("interop.dispute.overdue", party)
        assert told.data["due_on"] == yesterday.isoformat()
        assert (await read(side, f"/api/v1/disputes/{dispute_id}"))["is_overdue"] is True
    before = await counted(world.owner)

    answered = await world.answer(dispute_id, "reject")

    assert answered.status_code == 200, answered.text
    assert await counted(world.owner) == before - 1


async def counted(side: RunningService) -> float:
    await watch(side)
    return float(OVERDUE.labels("issuer")._value.get())


async def watch(side: RunningService) -> None:
    async with side.context.sessions.begin() as session:
        await watch_disputes(session, side.context)
