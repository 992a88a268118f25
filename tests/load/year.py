"""A year of a bureau through the whole of its life: `tests/load/year.py --cases 82000`.

One district with its data runs on this machine. Each case is applied for, received, accepted,
decided and closed through the gateway, three in ten as a licence with materials, review and an
e-licence; every event is consumed by every service meanwhile. Then the state is examined: each
case stands where its last action put it, each service knows of each case, no event is pending, no
dead letter lies anywhere, and every ledger verifies. What a busy service answers by 503 is asked
again with the same Idempotency-Key, as a front end does: the examination shows that nothing came of
it twice. Prints the time, how often that was, and how much of the time the load itself took; says
what the year takes at this pace. Exits with 1 where anything does not agree.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parents[1]))

from journeys.stories import FOOD_LICENCE, PDF, PENSION_CHECK, filled, first_answers
from load.bench import HALL, cost_of

from support.hall import District, Person, Unexpected, running
from support.identities import identity_number
from tongban.clock import local_date, utc_now
from tongban.run.platform import Platform
from tongban.run.ports import SERVICES

YEAR = 82_000
LICENCES_IN_TEN = 3
TOLD_EVERY = 20.0
PATIENCE_SECONDS = 1200.0
QUIET = {"GATEWAY_REQUEST_RATE": "1000000/second", "TONGBAN_LOG_LEVEL": "warning"}

UNAVAILABLE = 503
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a refused request is repeated, each time."""

# What has to be nought when all is done, in every service.
NOUGHT = {
    "events not sent": "SELECT count(*) FROM outbox WHERE relayed_at IS NULL",
    "events waiting for others": "SELECT count(*) FROM pending",
    "dead letters": "SELECT count(*) FROM dead_letters",
    "unsealed ledger entries": "SELECT count(*) FROM ledger WHERE seq IS NULL",
}


@dataclass(frozen=True)
class Patient(Person):
    """Somebody who asks again, by the same key, what a busy service could not take."""

    retried: Counter[str] = field(default_factory=Counter)

    @classmethod
    def is_now(cls, person: Person, retried: Counter[str]) -> "Patient":
        return cls(person.name, person.client, person.token, retried)

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        for wait in WAITS:
            try:
                return await super()._ask(method, path, **request)
            except Unexpected as refusal:
                if refusal.status != UNAVAILABLE:
                    raise
            self.retried[path.rpartition("/")[2]] += 1
            await asyncio.sleep(wait)
        return await super()._ask(method, path, **request)


class Bureau:
    """Those who work there, and the two matters that they handle."""

    def __init__(self, district: District) -> None:
        self.district = district
        self.retried: Counter[str] = Counter()

        def patient(name: str, role: str, **more: Any) -> Patient:
            return Patient.is_now(district.person(name, role, **more), self.retried)

        self.clerk = patient("窗口", "clerk", site=HALL)
        self.reviewer = patient("审查员", "reviewer")
        self.approver = patient("首席代表", "approver")
        self.versions: dict[str, Any] = {}
        self.done: Counter[str] = Counter()
        self.actions = 0

    async def learn(self) -> None:
        stranger = self.district.stranger()
        for name in (FOOD_LICENCE, PENSION_CHECK):
            found = await stranger.get("/matters", q=name)
            code = next(
                one["code"]
                for one in found["items"]
                if one["owner_district"] == self.district.code and one["name"] == name
            )
            self.versions[name] = await stranger.get(f"/matters/{code}")

    async def handle(self, number: int) -> None:
        """Take one case from its application to its end."""
        if number % 10 < LICENCES_IN_TEN:
            await self._licence(number)
        else:
            await self._immediate(number)

    async def _immediate(self, number: int) -> None:
        case = await self._apply(PENSION_CHECK, number)
        await self._hand_in(case)
        await self._act(self.clerk, case, "receive")
        await self._act(self.clerk, case, "accept")
        await self._act(self.clerk, case, "decide", outcome="granted")
        await self._act(self.clerk, case, "close")
        self.done["immediate"] += 1

    async def _licence(self, number: int) -> None:
        case = await self._apply(FOOD_LICENCE, number)
        await self._hand_in(case)
        await self._act(self.clerk, case, "receive")
        await self._act(self.clerk, case, "accept")
        await self._act(self.reviewer, case, "review", comment="符合要求")
        await self._act(self.approver, case, "decide", outcome="granted")
        await self._act(self.approver, case, "issue")
        await self._act(self.clerk, case, "deliver", way="counter")
        await self._act(self.clerk, case, "close")
        self.done["licence"] += 1

    async def _apply(self, name: str, number: int) -> Any:
        version = self.versions[name]
        born = local_date(utc_now()).replace(year=1940 + number % 60, day=1 + number % 28)
        self.actions += 1
        return await self.clerk.post(
            "/cases",
            {
                "matter_code": version["code"],
                "applicant": {
                    "kind": "person",
                    "name": "刘洋",
                    "identity_number": identity_number(born, order=number % 1000),
                    "phone": f"139{number:08}",
                },
                "form": filled(version, {"name": "刘洋小馆"}),
                "situation_answers": first_answers(version, prefer="no"),
                "site_id": HALL,
                "channel": "window",
            },
        )

    async def _hand_in(self, case: Any) -> None:
        for material in case["materials"]:
            if material["is_missing"]:
                name = f"{material['name']}.pdf"
                await self.clerk.hand_in(case["id"], material["key"], name, PDF)
                self.actions += 1

    async def _act(self, person: Person, case: Any, action: str, **body: Any) -> None:
        await person.act(case["id"], action, body)
        self.actions += 1


async def live(bureau: Bureau, *, cases: int, at_once: int) -> float:
    """Have so many cases handled, some at once; return the seconds it took."""
    began = time.monotonic()
    numbers: Iterator[int] = iter(range(cases))

    async def desk() -> None:
        for number in numbers:
            await bureau.handle(number)

    async def tell() -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY)
            done = bureau.done.total()
            rate = done / (time.monotonic() - began)
            print(f"  … {done:,} cases closed, {rate:.1f} a second", flush=True)

    telling = asyncio.create_task(tell())
    await asyncio.gather(*(desk() for _ in range(at_once)))
    telling.cancel()
    return time.monotonic() - began


async def _count(platform: Platform, service: str, query: str) -> Any:
    url = (
        f"postgresql://{service}:{platform.state.password(service)}"
        f"@127.0.0.1:{platform.ports.postgres}/{service}"
    )
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def examine(platform: Platform, cases: int, heard: dict[str, int]) -> int:
    """Print what was checked; return how many checks did not hold."""
    faults = 0

    def check(name: str, found: Any, wanted: Any) -> None:
        nonlocal faults
        holds = found == wanted
        faults += not holds
        print(f"  {'ok ' if holds else 'NOT'} {name}: {found}" + ("" if holds else f" ({wanted})"))

    told = "SELECT count(DISTINCT aggregate) FROM outbox WHERE type LIKE 'case.case.{}.v%'"
    check("cases", await _count(platform, "case", "SELECT count(*) FROM cases"), cases)
    closed = "SELECT count(*) FROM cases WHERE stage = 'closed' AND closed_at IS NOT NULL"
    check("cases closed", await _count(platform, "case", closed), cases)
    for event in ("submitted", "closed"):
        found = await _count(platform, "case", told.format(event))
        check(f"cases told as {event}", found, cases)
    gaps = (
        "SELECT count(*) FROM (SELECT aggregate FROM outbox WHERE aggregate LIKE 'case.case.%'"
        " GROUP BY aggregate HAVING count(*) <> max(sequence)) AS broken"
    )
    check("cases with a gap in their events", await _count(platform, "case", gaps), 0)
    behind = (
        "SELECT count(*) FROM cases JOIN (SELECT aggregate, max(sequence) AS last FROM outbox"
        " GROUP BY aggregate) AS told ON told.aggregate = 'case.case.' || cases.id"
        " WHERE told.last <> cases.sequence"
    )
    check("cases whose events are not their own count", await _count(platform, "case", behind), 0)
    for service, handler in HEARD:
        now = await _count(platform, service, _heard(handler))
        check(f"submissions counted by {service}", now - heard[service], cases)
    for service in SERVICES:
        for name, query in NOUGHT.items():
            check(f"{service}: {name}", await _count(platform, service, query), 0)
        check(f"{service}: ledger", await verify_ledger(platform, service), "unbroken")
    return faults


HEARD = (("catalog", "count_demand"),)
"""The consumers that take note of each submitted case, by their name in the inbox."""


def _heard(handler: str) -> str:
    return f"SELECT count(*) FROM inbox WHERE handler = '{handler}'"  # noqa: S608  # our own name


async def verify_ledger(platform: Platform, service: str) -> str:
    """Have the service's own verifier walk its chain."""
    worker = platform.processes[f"{service} work"]
    process = await asyncio.create_subprocess_exec(
        *(str(part) for part in worker.command[:-1]),
        "verify-ledger",
        env=dict(worker.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode()
    return "unbroken" if process.returncode == 0 else printed


async def year(options: argparse.Namespace, folder: Path) -> int:
    async with running(
        "610171", folder / "state", settings=QUIET, ready_seconds=PATIENCE_SECONDS
    ) as district:
        platform = district.platform
        bureau = Bureau(district)
        await bureau.learn()
        heard = {s: await _count(platform, s, _heard(h)) for s, h in HEARD}
        before, own = cost_of(platform), time.process_time()
        began = time.monotonic()
        seconds = await live(bureau, cases=options.cases, at_once=options.at_once)
        await platform.settle()
        whole = time.monotonic() - began
        cost, own = cost_of(platform).since(before), time.process_time() - own
        await until_sealed(platform)
        spent = sum(cost.cpu.values())
        told = ", ".join(f"{number:,} {kind}" for kind, number in bureau.done.items())
        print(
            f"{options.cases:,} cases ({told}), {bureau.actions:,} requests that change something:"
            f" {seconds:,.0f} s, {options.cases / seconds:.1f} cases and"
            f" {bureau.actions / seconds:.0f} requests a second; {whole - seconds:.1f} s more"
            f" until every event was consumed."
        )
        print(
            f"{bureau.retried.total():,} times a request was repeated after a 503:"
            f" {dict(bureau.retried) or 'none'}."
        )
        print(
            f"{1000 * spent / options.cases:.0f} ms of CPU a case"
            f" in all processes, and {1000 * own / options.cases:.0f} ms in this script; load"
            f" average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
        )
        for name, used in sorted(cost.cpu.items(), key=lambda one: -one[1]):
            print(f"  {name}: {1000 * used / options.cases:.1f} ms a case")
        hours = YEAR / options.cases * whole / 3600
        print(f"{YEAR:,} cases take {hours:.1f} h at this pace")
        faults = await examine(platform, options.cases, heard)
        await district.client.aclose()
        return faults


async def until_sealed(platform: Platform) -> None:
    """Wait until the sealers have caught up: they work in the background."""
    for _ in range(120):
        left = [
            await _count(platform, service, NOUGHT["unsealed ledger entries"])
            for service in SERVICES
        ]
        if not any(left):
            return
        await asyncio.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2_000, help=f"a bureau's year is {YEAR}")
    parser.add_argument("--at-once", type=int, default=16, help="cases handled at a time")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tongban-year-"))
    folder.chmod(0o755)
    try:
        faults = asyncio.run(year(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
