"""What breaks, and what is left whole: two districts whose parts are stopped and killed."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from journeys.applications import HALL, PDF, pension_application, tax_application

from support.hall import District, Person
from tongban.run.platform import Platform
from tongban.run.ports import HOST
from tongban.run.process import Process

PATIENCE_SECONDS = 60
QUICK_SECONDS = 15


@asynccontextmanager
async def database(
    platform: Platform, service: str
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A service's own rows, read as the service itself would."""
    connection = await asyncpg.connect(
        host=HOST,
        port=platform.ports.postgres,
        user=service,
        password=platform.state.password(service),
        database=service,
    )
    try:
        yield connection
    finally:
        await connection.close()


async def until(what: str, holds: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until `holds` returns something true, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await holds()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        await asyncio.sleep(0.1)
    return found


def processes(district: District, *begin: str) -> list[Process]:
    return [
        process for name, process in district.platform.processes.items() if name.startswith(begin)
    ]


def kill(district: District, name: str) -> None:
    for process in processes(district, name):
        process.tell(signal.SIGKILL)


async def works(district: District) -> None:
    """Wait until every service answers from its database again."""
    paths = ("/matters", "/cases", "/sites", "/partners")
    admin = district.person("管理员", "admin", "clerk")
    headers = {"Authorization": f"Bearer {admin.token}"}

    async def answers() -> bool:
        statuses = [
            (await district.client.get(f"/api/v1{path}", headers=headers)).status_code
            for path in paths
        ]
        return all(status == httpx.codes.OK for status in statuses)

    await until(f"{district.name} answers", answers)


async def tickets(district: District, clerk: Person, count: int, matter_code: str) -> list[str]:
    body = {"matter_code": matter_code, "channel": "window", "holder": {"name": "赵桂兰"}}
    return [(await clerk.post(f"/sites/{HALL}/tickets", body))["id"] for _ in range(count)]


async def ties(district: District, ticket_ids: list[str]) -> dict[str, tuple[str | None, int]]:
    """Which case each ticket is tied to, and how often its row was written."""
    async with database(district.platform, "site") as rows:
        found = await rows.fetch(
            "SELECT id, case_id, version FROM tickets WHERE id = ANY($1)",
            [UUID(one) for one in ticket_ids],
        )
    return {
        str(row["id"]): (row["case_id"] and str(row["case_id"]), row["version"]) for row in found
    }


async def tied_once(
    district: District, expected: dict[str, str], before: dict[str, tuple[str | None, int]]
) -> None:
    """Wait until every ticket is tied to its case, and see that each was written once."""

    async def are_tied() -> bool:
        now = await ties(district, list(expected))
        return all(now[ticket][0] == case for ticket, case in expected.items())

    await until("every ticket is tied to its case", are_tied)
    await district.platform.settle()
    after = await ties(district, list(expected))
    assert {one: version for one, (_, version) in after.items()} == {
        one: before[one][1] + 1 for one in expected
    }


async def test_with_nats_stopped_cases_are_taken_and_told_when_it_is_back(
    hitech: District,
) -> None:
    clerk = hitech.person("窗口", "clerk", site=HALL)
    body = await pension_application(hitech)
    taken = await tickets(hitech, clerk, 5, body["matter_code"])
    await hitech.platform.settle()
    before = await ties(hitech, taken)

    await hitech.platform.halt("nats")
    try:
        cases = {
            one: (await clerk.post("/cases", body | {"ticket_id": one}))["id"] for one in taken
        }
        meanwhile = await ties(hitech, taken)
    finally:
        hitech.platform.resume("nats")

    assert meanwhile == before
    await tied_once(hitech, cases, before)


async def test_a_service_killed_in_mid_write_leaves_nothing_half_written(
    hitech: District,
) -> None:
    wanted, at_once, killed_after = 120, 12, 30
    body = await pension_application(hitech)
    clerk = hitech.person("窗口", "clerk", site=HALL)
    headers = {"Authorization": f"Bearer {clerk.token}"}
    keys = [str(uuid4()) for _ in range(wanted)]
    answered: dict[str, str] = {}
    refusals: list[int] = []
    room = asyncio.Semaphore(at_once)

    async def ask(key: str) -> httpx.Response:
        return await hitech.client.post(
            "/api/v1/cases", json=body, headers={**headers, "Idempotency-Key": key}
        )

    async def submit(key: str) -> None:
        async with room:
            answer = await ask(key)
            while answer.status_code != httpx.codes.CREATED:
                refusals.append(answer.status_code)
                assert answer.status_code in (502, 503), answer.text
                await asyncio.sleep(0.2)
                answer = await ask(key)
            answered[key] = answer.json()["id"]
            if len(answered) == killed_after:
                kill(hitech, "case api")

    await asyncio.gather(*(submit(key) for key in keys))
    again = {key: (await ask(key)) for key in keys}

    assert refusals, "nothing was on its way when the service was killed"
    assert {key: answer.json()["id"] for key, answer in again.items()} == answered
    assert len(set(answered.values())) == wanted
    async with database(hitech.platform, "case") as rows:
        written = await rows.fetch(
            "SELECT cases.id, sequence, (SELECT count(*) FROM timeline_entries"
            " WHERE case_id = cases.id) AS steps, (SELECT count(*) FROM outbox"
            " WHERE aggregate = 'case.case.' || cases.id) AS events FROM cases"
            " WHERE submitted_by = (SELECT submitted_by FROM cases WHERE id = $1)",
            UUID(answered[keys[0]]),
        )
        orphans = await rows.fetchval(
            "SELECT count(*) FROM outbox WHERE aggregate LIKE 'case.case.%' AND NOT EXISTS"
            " (SELECT FROM cases WHERE outbox.aggregate = 'case.case.' || cases.id)"
        )
        silent = await rows.fetchval(
            "SELECT count(*) FROM cases WHERE sequence <> (SELECT count(*) FROM outbox"
            " WHERE aggregate = 'case.case.' || cases.id)"
        )
    assert {str(row["id"]) for row in written} == set(answered.values())
    assert {(row["sequence"], row["steps"], row["events"]) for row in written} == {(1, 1, 1)}
    assert (orphans, silent) == (0, 0)


async def test_a_worker_killed_between_claim_and_effect_applies_the_event_once(
    hitech: District,
) -> None:
    clerk = hitech.person("窗口", "clerk", site=HALL)
    body = await pension_application(hitech)
    taken = await tickets(hitech, clerk, 3, body["matter_code"])
    await hitech.platform.settle()
    before = await ties(hitech, taken)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"

    async with (
        database(hitech.platform, "site") as eye,
        database(hitech.platform, "site") as rows,
        rows.transaction(),
    ):
        await rows.execute("SELECT FROM tickets WHERE id = ANY($1) FOR UPDATE", taken)
        cases = {
            one: (await clerk.post("/cases", body | {"ticket_id": one}))["id"] for one in taken
        }
        # It has claimed the event, and now waits for the row that the effect is on.
        await until("the worker waits for a ticket", lambda: eye.fetchval(waiting))
        kill(hitech, "site work")

    await tied_once(hitech, cases, before)


async def test_with_postgresql_stopped_answers_are_quick_and_work_resumes_by_itself(
    hitech: District,
) -> None:
    clerk = hitech.person("窗口", "clerk", site=HALL)
    headers = {"Authorization": f"Bearer {clerk.token}", "Accept-Language": "en"}
    body = await pension_application(hitech)
    [taken] = await tickets(hitech, clerk, 1, body["matter_code"])
    await hitech.platform.settle()
    before = await ties(hitech, [taken])
    pids = {one.name: one.pid for one in hitech.platform.processes.values()}

    await hitech.platform.halt("postgres")
    try:
        answers = [
            await hitech.client.post("/api/v1/cases", json=body, headers=headers),
            *[
                await hitech.client.get(f"/api/v1{path}", headers=headers)
                for path in ("/cases", "/matters", "/sites", f"/tickets/{taken}")
            ],
        ]
    finally:
        hitech.platform.resume("postgres")
    await works(hitech)
    case = await clerk.post("/cases", body | {"ticket_id": taken})

    for answer in answers:
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"] == "urn:tongban:problem:service-unavailable"
        assert answer.elapsed.total_seconds() < QUICK_SECONDS
    await tied_once(hitech, {taken: case["id"]}, before)
    assert pids | {"postgres": None} == {
        one.name: one.pid if one.name != "postgres" else None
        for one in hitech.platform.processes.values()
    }


async def forwarded(near: District, owner: District) -> tuple[Person, Any]:
    """Have Mr Huang's case received and forwarded; return the clerk and the case."""
    clerk = near.person("窗口李敏", "clerk", site=HALL)
    case = await clerk.post("/cases", await tax_application(near, owner))
    for material in (await clerk.get(f"/cases/{case['id']}"))["materials"]:
        if material["is_missing"]:
            await clerk.hand_in(case["id"], material["key"], "材料.pdf", PDF)
    await clerk.act(case["id"], "receive")
    return clerk, await clerk.act(case["id"], "forward")


async def arrivals(owner: District, exchange_id: str) -> list[UUID]:
    """Return the owner's cases that came by this exchange."""
    async with database(owner.platform, "case") as rows:
        found = await rows.fetch("SELECT id FROM cases WHERE exchange_id = $1", UUID(exchange_id))
    return [row["id"] for row in found]


async def test_a_dead_partner_is_waited_for_and_gets_the_case_once(
    hitech: District, qujiang: District
) -> None:
    doors = [process.name for process in processes(qujiang, "gateway")]
    for door in doors:
        await qujiang.platform.halt(door)
    try:
        clerk, case = await forwarded(hitech, qujiang)
        supervisor = hitech.person("督办员", "supervisor")

        async def tried_twice() -> Any:
            listed = (await supervisor.get("/exchanges", partner=qujiang.code))["items"]
            if case["exchange_id"] not in [one["id"] for one in listed]:
                return None
            exchange = await supervisor.get(f"/exchanges/{case['exchange_id']}")
            return exchange if exchange["deliveries"][0]["attempts"] >= 2 else None

        waiting = await until("the package was tried twice", tried_twice)
        meanwhile = await clerk.get(f"/cases/{case['id']}")
    finally:
        for door in doors:
            qujiang.platform.resume(door)

    assert waiting["hops"][-1]["holder"] == hitech.code
    assert "unreachable" in waiting["deliveries"][0]["last_fault"]
    assert meanwhile["stage"] == "forwarded"
    await until("the case arrives", lambda: arrivals(qujiang, case["exchange_id"]))
    await qujiang.platform.settle()
    assert len(await arrivals(qujiang, case["exchange_id"])) == 1


async def test_a_package_sent_twice_has_one_effect(hitech: District, qujiang: District) -> None:
    async with database(hitech.platform, "interop") as rows:
        async with rows.transaction():
            # Nothing that was sent can be recorded.
            await rows.execute("LOCK TABLE receipts IN SHARE MODE")
            _, case = await forwarded(hitech, qujiang)
            exchange = UUID(case["exchange_id"])
            await until("the case arrives", lambda: arrivals(qujiang, case["exchange_id"]))
            kill(hitech, "interop work")
        # As the minute after which another worker takes the message up would have passed.
        await until(
            "the message is free",
            lambda: rows.fetchval(
                "UPDATE deliveries SET next_attempt_at = now() WHERE exchange_id = $1"
                " AND state = 'due' RETURNING id",
                exchange,
            ),
        )
        sent = await until(
            "it is receipted",
            lambda: rows.fetchrow(
                "SELECT attempts FROM deliveries WHERE exchange_id = $1 AND state = 'delivered'",
                exchange,
            ),
        )
        ours = await rows.fetch("SELECT receipt_id FROM receipts WHERE exchange_id = $1", exchange)
    await qujiang.platform.settle()
    async with database(qujiang.platform, "interop") as rows:
        theirs = await rows.fetch(
            "SELECT receipt_id FROM receipts WHERE exchange_id = $1", exchange
        )

    assert sent["attempts"] == 2
    assert len(await arrivals(qujiang, case["exchange_id"])) == 1
    assert len(theirs) == 1
    assert ours == theirs
