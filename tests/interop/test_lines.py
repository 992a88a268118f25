"""Lines to partners: left alone when dead, dead letters, and what is observed of each message."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from interop.messages import answer_by, kind_of, package_letter
from interop.two_districts import (
    AGREEMENT,
    HOSTS,
    MATTER_CODE,
    OWNER,
    Districts,
    now,
    sealed_notice,
)

from interop_service.exchanges.deliveries import deliver_due
from interop_service.monitoring.recording import Recorder
from interop_service.monitoring.service import SETTLED, forget, listen
from interop_service.partners.rules import FAILURES_IN_A_ROW, LONGEST_REST_SECONDS, rest_seconds
from tongban.ids import first_id_at, new_id
from tongban.testing.fixtures import RunningService

OWNER_HOST = HOSTS[OWNER]
DEAD_LETTERS = "/api/v1/exchanges/dead-letters"
MONITORING = "/api/v1/exchanges/monitoring"
OPERATIONS = "/api/v1/exchanges/operations"


async def ask(side: RunningService, path: str, role: str = "ops", body: Any = None) -> Any:
    headers = side.district.headers(role)
    if body is None:
        return await side.client.get(path, headers=headers)
    return await side.client.post(path, json=body, headers=headers)


async def knock(side: RunningService) -> int:
    """Send what waits, as the worker would whose backoff is over."""
    await side.execute("UPDATE deliveries SET next_attempt_at = now() WHERE state = 'due'")
    return await deliver_due(side.context)


async def line(side: RunningService) -> dict[str, Any]:
    """How the near side's line to the owner is."""
    found: dict[str, Any] = (await ask(side, f"/api/v1/partners/{OWNER}", "admin")).json()
    return found


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_dead_line_rests_longer_and_longer_up_to_a_bound(failures: int, chance: float) -> None:
    rest = rest_seconds(failures, chance)

    assert (rest > 0) == (failures >= FAILURES_IN_A_ROW)
    assert rest <= LONGEST_REST_SECONDS
    assert rest_seconds(failures + 1, chance) >= rest


@given(st.integers(0, 4 * 10**9), st.integers(1, 10**6))
def test_ids_are_cut_by_the_time_they_were_made(seconds: int, later: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    earlier, bound = first_id_at(at), first_id_at(at + timedelta(milliseconds=later))

    assert earlier < bound


def test_an_id_made_now_lies_between_before_and_after() -> None:
    assert first_id_at(now()) <= new_id() < first_id_at(now() + timedelta(seconds=1))


async def test_a_dead_line_is_tried_by_one_message_at_a_time(districts: Districts) -> None:
    near = districts.near
    await districts.settle()
    exchange_ids = [await districts.exchange() for _ in range(8)]
    districts.network.is_down.add(OWNER_HOST)

    at_first = await districts.send(near)
    rested = await knock(near)
    broken = await line(near)
    await near.execute("UPDATE partners SET paused_until = NULL")
    probed = await knock(near)
    still = await line(near)
    districts.network.is_down.clear()
    await districts.settle()
    whole = await line(near)

    assert (at_first, rested, probed) == (8, 0, 1)
    assert broken["failures"] == 8
    assert broken["paused_until"] is not None
    assert still["failures"] == 9
    assert (whole["failures"], whole["paused_until"]) == (0, None)
    for exchange_id in exchange_ids:
        assert (await districts.view(near, exchange_id))["state"] == "received"


async def test_a_refusal_is_no_failure_of_the_line(districts: Districts) -> None:
    await districts.settle()
    problem = {
        "type": "urn:tongban:problem:agreement-denies",
        "status": 403,
        "fault": "yours",
        "retry": False,
        "reasons": ["ended"],
    }
    districts.network.answers[OWNER_HOST] = lambda request: answer_by(
        districts.owner, request, 403, problem
    )
    await districts.exchange()
    await districts.send(districts.near)

    assert (await line(districts.near))["failures"] == 0


async def dead(districts: Districts) -> UUID:
    """An exchange whose package did not arrive within the agreement's days."""
    near = districts.near
    exchange_id = await districts.exchange()
    days = (
        await near.execute(
            "SELECT give_up_after_days FROM agreements WHERE code = :code", code=AGREEMENT
        )
    ).scalar_one()
    late = replace(near.context, clock=lambda: now() + timedelta(days=days))
    districts.network.is_down.add(OWNER_HOST)
    assert await deliver_due(late) == 1
    districts.network.is_down.clear()
    await near.execute("UPDATE partners SET failures = 0, paused_until = NULL")
    return exchange_id


async def letter_of(districts: Districts, exchange_id: UUID) -> dict[str, Any]:
    listed = (await ask(districts.near, f"{DEAD_LETTERS}?partner={OWNER}&limit=100")).json()
    (found,) = (one for one in listed["items"] if one["exchange_id"] == str(exchange_id))
    letter: dict[str, Any] = found
    return letter


async def test_what_does_not_arrive_in_time_is_a_dead_letter_to_be_sent_again(
    districts: Districts,
) -> None:
    near = districts.near
    await districts.settle()
    exchange_id = await dead(districts)
    await districts.settle()
    waiting = await districts.view(near, exchange_id)
    letter = await letter_of(districts, exchange_id)

    again = await ask(near, f"{DEAD_LETTERS}/{letter['id']}/replay", "ops", {})
    await districts.settle()
    twice = await ask(near, f"{DEAD_LETTERS}/{letter['id']}/replay", "ops", {})
    clerk = await ask(near, DEAD_LETTERS, "clerk")

    assert waiting["state"] == "sent"
    assert (letter["kind"], letter["state"], letter["fault_of"]) == ("package", "dead", "network")
    assert (again.json()["state"], again.json()["attempts"]) == ("due", 0)
    assert (await districts.view(near, exchange_id))["state"] == "received"
    assert (twice.status_code, kind_of(twice)) == (404, "dead-letter-not-found")
    assert clerk.status_code == 403
    noted = await near.execute(
        "SELECT count(*) FROM ledger WHERE action = 'delivery.replay' AND subject = :id",
        id=str(exchange_id),
    )
    assert noted.scalar_one() == 1


async def test_a_package_that_is_given_up_fails_its_case_with_the_reason(
    districts: Districts,
) -> None:
    near = districts.near
    await districts.settle()
    exchange_id = await dead(districts)
    letter = await letter_of(districts, exchange_id)

    without = await ask(near, f"{DEAD_LETTERS}/{letter['id']}/discard", "ops", {})
    given_up = await ask(
        near, f"{DEAD_LETTERS}/{letter['id']}/discard", "ops", {"reason": "对方已撤销"}
    )
    await districts.settle()
    seen = await districts.view(near, exchange_id)

    assert without.status_code == 422
    assert given_up.json()["state"] == "discarded"
    assert (seen["state"], seen["last_fault"]) == ("failed", "对方已撤销")
    assert "interop.exchange.failed" in await near.outbox.types(str(exchange_id))


async def test_what_follows_a_dead_letter_waits_for_it(districts: Districts) -> None:
    owner = districts.owner
    await districts.settle()
    exchange_id = await districts.exchange()
    await districts.settle()
    await owner.hear(await districts.owner_closes(exchange_id, sealed_notice(owner.district)))
    await owner.execute(
        "UPDATE deliveries SET state = 'dead' WHERE exchange_id = :id AND state = 'due'",
        id=exchange_id,
    )
    await owner.execute(
        "INSERT INTO deliveries (id, exchange_id, ordinal, kind, partner, body, digest, state,"
        " attempts, next_attempt_at) SELECT :new, exchange_id, ordinal + 100, kind, partner, body,"
        " digest, 'due', 0, now() FROM deliveries WHERE exchange_id = :id AND state = 'dead'",
        id=exchange_id,
        new=new_id(),
    )

    tried = await districts.send(owner)

    assert tried == 0
    await owner.execute(
        "UPDATE deliveries SET state = 'discarded'"
        " WHERE exchange_id = :id AND state <> 'delivered'",
        id=exchange_id,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def observed(both: Districts) -> AsyncIterator[tuple[Districts, UUID]]:
    """An exchange that went through, one that was refused, and one to a partner that is away."""
    for side in (both.near, both.owner):
        await Recorder.of(side.context).write()
        await side.execute("DELETE FROM operations")
    exchange_id = await both.exchange()
    await both.settle()
    refused = await (await package_letter(both, agreement="none")).post(both.near, both.owner)
    assert refused.status_code == 403
    both.network.is_down.add(OWNER_HOST)
    await both.exchange()
    await both.send(both.near)
    both.network.is_down.clear()
    for side in (both.near, both.owner):
        await Recorder.of(side.context).write()
    yield both, exchange_id
    await both.settle()


async def test_traffic_faults_and_backlog_are_told(observed: tuple[Districts, UUID]) -> None:
    districts, _ = observed

    near = (await ask(districts.near, f"{MONITORING}?partner={OWNER}&by_matter=true")).json()
    owner = (await ask(districts.owner, MONITORING)).json()

    (sent,) = near["traffic"]
    assert (sent["direction"], sent["matter_code"]) == ("out", MATTER_CODE)
    assert (sent["attempts"], sent["taken"], sent["postponed"], sent["refused"]) == (2, 1, 1, 0)
    assert 0 < sent["p50"] <= sent["p99"] < 20_000
    (fault,) = near["faults"]
    assert (fault["fault_of"], fault["fault"], fault["count"]) == (
        "network",
        "unreachable: ConnectError",
        1,
    )
    (waits,) = near["backlog"]
    assert (waits["waiting"], waits["failures"]) == (1, 1)
    assert waits["oldest_at"] is not None
    (came,) = owner["traffic"]
    assert (came["direction"], came["taken"], came["refused"]) == ("in", 1, 1)
    (theirs,) = owner["faults"]
    assert (theirs["fault_of"], theirs["fault"]) == ("theirs", "agreement-denies")


async def test_each_attempt_is_listed_without_content(observed: tuple[Districts, UUID]) -> None:
    districts, exchange_id = observed

    listed = (await ask(districts.near, f"{OPERATIONS}?outcome=taken&limit=1")).json()
    clerk = await ask(districts.near, OPERATIONS, "clerk")

    (one,) = listed["items"]
    assert (one["exchange_id"], one["path"]) == (str(exchange_id), "/interop/v2/exchanges")
    assert listed["next_cursor"] is None
    assert clerk.status_code == 403


async def test_records_come_as_a_stream_that_resumes(observed: tuple[Districts, UUID]) -> None:
    districts, _ = observed
    context = replace(districts.near.context, clock=lambda: now() + 2 * SETTLED)
    stream = listen(context, first_id_at(now() - timedelta(minutes=5)), partner=OWNER)
    parts = []
    async with asyncio.timeout(10):
        async for part in stream:
            if part.startswith(b"id: "):
                parts.append(part.decode())
            if len(parts) == 2:
                break

    first, second = (part.split("\n")[0].removeprefix("id: ") for part in parts)
    resumed = listen(context, UUID(first), partner=None)
    await anext(resumed)
    async with asyncio.timeout(10):
        after = (await anext(resumed)).decode()

    assert first < second
    assert f"id: {second}\n" in after
    assert json.loads(parts[0].split("data: ")[1])["outcome"] == "taken"


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "until=2020-01-01",
        "until=0001-01-01T00:00:00Z",
        "until=9999-12-31T23:59:59-12:00",
    ],
)
async def test_a_period_at_fault_is_refused(interop: RunningService, query: str) -> None:
    answer = await ask(interop, f"{MONITORING}?{query}")

    assert answer.status_code == 422


async def test_old_records_are_dropped(observed: tuple[Districts, UUID]) -> None:
    owner = observed[0].owner
    later = replace(owner.context, clock=lambda: now() + timedelta(days=91))

    async with owner.context.sessions.begin() as session:
        await forget(session, later)

    assert (await owner.execute("SELECT count(*) FROM operations")).scalar_one() == 0
