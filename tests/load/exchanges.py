"""Cases from district to district: how many a second, how long each, and by how many partners.

`python tests/load/exchanges.py [--exchanges 1500] [--waiting 10000] [--partners 1 13 200]`; small
sizes for a quick look, `--partners` alone for none. Two districts on this machine, each side in
processes of its own, over real HTTP: the near side's worker sends, the owner's API verifies,
decrypts, takes and receipts; signatures, message log, ledger and receipts are on, and fsync too.
The baseline of the same run is the same body posted as it is to a plain endpoint that stores it in
one statement; beside it stands what the libraries of our services make of that. Then what waits
for a partner that was away, in one go: packages, and then three answers of each of their cases,
which have an order. Then the first messages to 1, 13 and 200 partners, who only receipt. Beside
the rates it says what a message costs in each of the two processes: CPU by the kernel's count, and
statements by the service's own; both say more than a rate while others use the machine. Nothing is
asserted: it prints tables.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

sys.path.insert(0, str(Path(__file__).parents[1]))

from interop.messages import signing_key
from interop.two_districts import (
    HOSTS,
    NEAR,
    OWNER,
    Districts,
    case_step,
    key_settings,
    register,
    running,
    two_districts,
)

from interop_service import suites
from interop_service.exchanges import envelopes, signatures
from interop_service.exchanges.answers import Asked
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.messages import PackageMessage
from interop_service.exchanges.posting import TRANSPORT
from interop_service.suites import PrivateKey
from tongban.clock import utc_now
from tongban.ids import new_id
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict
from tongban.testing.fixtures import RunningService

HANDS = 8
"""As many at a time as the exchange sends to one partner."""
PARTNERS = (1, 13, 200)
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("accepted", {"promised_due_on": "2026-12-24"}),
    ("suspended", {"procedure": "hearing", "planned_days": 20}),
    ("resumed", {}),
)
"""What the owner's events say of a case while the near side is away."""


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    seconds: float
    milliseconds: list[float]
    costs: "tuple[Cost, ...]" = ()
    """Of the sender, and of the receiver where it is ours."""

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def cells(self, base: "Row") -> str:
        p50, p99 = np.percentile(self.milliseconds, [50, 99])
        return (
            f"| {self.name} | {self.count:,} | {self.rate:,.0f} | {self.rate / base.rate:.2f} |"
            f" {p50:.1f} | {p99:.1f} | {' / '.join(f'{one.cpu:.1f}' for one in self.costs)} |"
            f" {' / '.join(f'{one.statements:.1f}' for one in self.costs)} |"
        )


@dataclass(frozen=True)
class Cost:
    """What a process spent: in all, or on one message."""

    cpu: float
    """Milliseconds, of user and kernel."""
    statements: float

    def since(self, before: "Cost", messages: int) -> "Cost":
        return Cost(
            (self.cpu - before.cpu) / messages, (self.statements - before.statements) / messages
        )


@dataclass(frozen=True)
class Part:
    """A process of a service, and where it answers."""

    url: str
    process: subprocess.Popen[bytes]

    async def spent(self) -> Cost:
        async with httpx.AsyncClient(timeout=30) as client:
            told = (await client.get(f"{self.url}/metrics")).text
        name = "tongban_sql_statements_total "
        counted = next(line for line in told.splitlines() if line.startswith(name))
        return Cost(self._cpu(), float(counted.split()[1]))

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])  # proc_pid_stat(5): utime and stime
        return ticks * 1000 / os.sysconf("SC_CLK_TCK")


# The other processes: this file again, with `--serve`.


def plain(url: str) -> Any:
    """A district's intake without interop: whatever comes is stored, and counted as come."""
    pools: list[asyncpg.Pool[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _answer(send, 200, {}, b"")
            return
        if not pools:
            pools.append(await asyncpg.create_pool(url, min_size=HANDS, max_size=HANDS))
        body = await _read(receive)
        told = json.loads(body)
        await pools[0].execute(
            "INSERT INTO plain_intake (id, near_number, body) VALUES ($1, $2, $3)",
            new_id(),
            told["near_number"],
            body,
        )
        await _answer(send, 202, {"content-type": "application/json"}, b'{"taken": true}')

    return app


def framed(url: str) -> Any:
    """The same intake by the libraries of our services: what those cost by themselves."""
    app = FastAPI()
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    sessions = async_sessionmaker(engine)

    @app.get("/healthz")
    async def healthz() -> None:
        return None

    @app.post("/cases", status_code=202)
    async def take(message: PackageMessage) -> dict[str, bool]:
        async with sessions.begin() as session:
            session.add(
                Intake(
                    id=new_id(),
                    near_number=message.near_number,
                    body=message.model_dump_json().encode(),
                )
            )
        return {"taken": True}

    return app


class Tables(DeclarativeBase):
    pass


class Intake(Tables):
    __tablename__ = "plain_intake"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    near_number: Mapped[str]
    body: Mapped[bytes]


def receipting(key: PrivateKey) -> Any:
    """Any number of partners who only receipt: what a partner does besides is not ours to time."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].endswith("/exchanges"):
            # Whether it is open, or what it has: it keeps nothing.
            await _answer(send, 200 if scope["path"] == "/healthz" else 404, {}, b"")
            return
        body = await _read(receive)
        told, asked = json.loads(body), Asked(scope)
        receipt = Receipt(
            receipt_id=new_id(),
            message_id=UUID(asked.headers["tongban-message-id"]),
            exchange_id=UUID(told["exchange_id"]),
            digest=suites.digest(key.SUITE, body),
            at=utc_now(),
            by=told["to_district"],
        )
        content = envelopes.sign_receipt(receipt, key).model_dump_json().encode()
        headers = {
            "content-type": "application/json",
            "tongban-protocol": "2",
            "tongban-sender": told["to_district"],
        }
        answer = signatures.Answer(202, headers, asked)
        signatures.sign_answer(answer, content, key=key, at=utc_now())
        await _answer(send, 202, dict(answer.headers), content)

    return app


def _receipting_by(given: str) -> Any:
    return receipting(suites.private_key(json.loads(given)))


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            return bytes(body)


async def _answer(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def serve(kind: str, port: int, given: str) -> None:
    kinds = {"plain": plain, "framed": framed, "receipting": _receipting_by}
    app = kinds[kind](given)
    uvicorn.run(app, port=port, log_level="error", lifespan="off", http="httptools")


@contextmanager
def process(
    *command: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(  # our own commands
        [sys.executable, *command], env=os.environ | (environment or {})
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(30)


@asynccontextmanager
async def another(kind: str, given: str) -> AsyncIterator[str]:
    port = free_port()
    with process(__file__, "--serve", kind, "--port", str(port), "--given", given):
        yield await _when_open(f"http://127.0.0.1:{port}")


@asynccontextmanager
async def part_of(side: RunningService, part: str) -> AsyncIterator["Part"]:
    """Run the side's API or worker as a process of its own."""
    ports = {"port": free_port(), "work_port": free_port()}
    values = side.settings.model_dump(exclude_none=True) | ports | {"log_level": "error"}
    environment = {f"INTEROP_{name.upper()}": str(value) for name, value in values.items()}
    port = ports["port" if part == "api" else "work_port"]
    with process("-m", "interop_service", part, environment=environment) as started:
        yield Part(await _when_open(f"http://127.0.0.1:{port}"), started)


async def _when_open(base: str) -> str:
    async with httpx.AsyncClient(base_url=base) as client:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                await client.get("/healthz", timeout=1)
                return base
            await asyncio.sleep(0.1)
    raise TimeoutError(base)


# What is measured.


async def posted(name: str, url: str, body: bytes, count: int) -> Row:
    """Post the body so many times, as many at a time as the exchange does."""
    taken: list[float] = []
    left = iter(range(count))

    async def hand(client: httpx.AsyncClient) -> None:
        for _ in left:
            began = time.perf_counter()
            answer = await client.post(
                url, content=body, headers={"Content-Type": "application/json"}
            )
            answer.raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)

    async with httpx.AsyncClient(timeout=30) as client:
        await client.post(url, content=body)
        began = time.perf_counter()
        await asyncio.gather(*(hand(client) for _ in range(HANDS)))
        return Row(name, count, time.perf_counter() - began, taken)


async def prepared(both: Districts, count: int) -> list[UUID]:
    """Prepare so many packages as the near side's events do; none is sent yet."""
    return [await both.exchange() for _ in range(count)]


async def answered(both: Districts, ids: Sequence[UUID]) -> None:
    """Let the owner tell of each of these cases what its events say; none is sent yet."""
    for exchange_id in ids:
        for number, (fact, data) in enumerate(STEPS, start=1):
            told = {"number": "6101722020061500000025", **data}
            await both.owner.hear(case_step(fact, exchange_id, sequence=number, **told))


async def _left(side: RunningService) -> int:
    found = await side.execute("SELECT count(*) FROM deliveries WHERE state = 'due'")
    left: int = found.scalar_one()
    return left


async def _watch(side: RunningService, until: int) -> float:
    """Return the moment at which no more than so many messages wait."""
    while await _left(side) > until:  # noqa: ASYNC110  # another process takes from the table
        await asyncio.sleep(0.2)
    return time.perf_counter()


async def drained(side: RunningService, name: str, receiver: Part | None = None) -> Row:
    """Start the side's worker on what waits; count from its first messages to the last."""
    await side.execute("DELETE FROM operations")
    total = await _left(side)
    async with part_of(side, "work") as sender:
        parts = [sender] if receiver is None else [sender, receiver]
        warm = total - max(HANDS, total // 20)
        began = await _watch(side, warm)
        first = await _left(side)
        before = [await part.spent() for part in parts]
        ended = await _watch(side, 0)
        after = [await part.spent() for part in parts]
        await asyncio.sleep(1)  # the last records are written
    rows = await side.execute(
        "SELECT milliseconds FROM operations WHERE direction = 'out' AND outcome = 'taken'"
    )
    costs = tuple(each.since(earlier, first) for each, earlier in zip(after, before, strict=True))
    return Row(name, first, ended - began, list(rows.scalars()), costs)


async def to_partners(both: Districts, base: str, count: int, partners: int) -> Row:
    """Spread what waits over so many partners, and send it."""
    near = both.near
    await near.execute(
        """
        INSERT INTO partners (id, district, name, english_name, endpoint, keys, state,
                              revoked_keys, contacts, messages_a_minute, messages_at_once,
                              failures, version, sequence)
        SELECT gen_random_uuid(), lpad(number::text, 6, '9'), '合作区', 'Partner', :base, keys,
               'active', '[]', '[]', 600, 8, 0, 1, 1
        FROM partners, generate_series(1, :partners) AS number WHERE district = :owner
        ON CONFLICT (district) DO NOTHING
        """,
        base=base,
        partners=partners,
        owner=OWNER,
    )
    ids = await prepared(both, count)
    for number, exchange_id in enumerate(ids):
        code = f"{number % partners + 1:9>6}"
        await readdress(near, exchange_id, code)
    return await drained(near, f"to {partners} partner{'s' if partners > 1 else ''}")


async def readdress(near: RunningService, exchange_id: UUID, code: str) -> None:
    """Let a prepared package be for another partner."""
    found = await near.execute(
        "SELECT id, body FROM deliveries WHERE exchange_id = :id", id=exchange_id
    )
    message_id, sealed = found.one()
    context = f"deliveries.body:{message_id}"
    message = json.loads(near.context.vault.open(sealed, context=context))
    body = json.dumps(message | {"to_district": code}).encode()
    await near.execute(
        "UPDATE deliveries SET partner = :code, body = :body WHERE id = :id",
        code=code,
        body=near.context.vault.seal(body, context=context),
        id=message_id,
    )
    await near.execute(
        "UPDATE exchanges SET partner = :code WHERE id = :id", code=code, id=exchange_id
    )


async def measure(folder: Path, count: int, waiting: int, partners: Sequence[int]) -> None:
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    nats = EmbeddedNats(folder / "nats", free_port())
    postgres.start()
    nats.start()
    try:
        near_keys, owner_keys = TestDistrict(folder / "near"), TestDistrict(folder / "owner", OWNER)
        async with (
            running(near_keys, postgres, nats.url) as near,
            running(owner_keys, postgres, nats.url) as owner,
            two_districts(near, owner) as both,
        ):
            await table(both, postgres, count, waiting, partners)
    finally:
        nats.stop()
        postgres.stop()


async def table(
    both: Districts, postgres: EmbeddedPostgres, count: int, waiting: int, partners: Sequence[int]
) -> None:
    near, owner = both.near, both.owner
    for side in (near, owner):
        await side.execute("UPDATE partners SET messages_a_minute = 1000000, messages_at_once = 64")
    (first,) = await prepared(both, 1)
    found = await near.execute("SELECT id, body FROM deliveries WHERE exchange_id = :id", id=first)
    message_id, sealed = found.one()
    body = near.context.vault.open(sealed, context=f"deliveries.body:{message_id}")
    postgres.create_database("plain", password="plain")  # nobody else's
    url = postgres.url("plain", password="plain").replace("+asyncpg", "")
    made = await asyncpg.connect(url)
    await made.execute(
        "CREATE TABLE plain_intake (id uuid PRIMARY KEY, near_number text, body bytea)"
    )
    await made.close()
    await near.execute("UPDATE deliveries SET state = 'failed'")
    async with another("plain", url) as base:
        direct = await posted("the same body, a plain endpoint", f"{base}/cases", body, count)
    async with another("framed", url) as base:
        name = "the same, by FastAPI and SQLAlchemy"
        by_frameworks = await posted(name, f"{base}/cases", body, count)
    print(f"\none message: {len(body):,} bytes\n")
    print(
        "| | messages | a second | ratio | p50 ms | p99 ms"
        " | CPU ms a message, sender / receiver | statements |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    print(direct.cells(direct))
    print(by_frameworks.cells(direct), flush=True)
    async with part_of(owner, "api") as api:
        await move_to(near, OWNER, api.url)
        await prepared(both, count)
        print((await drained(near, "from district to district", api)).cells(direct), flush=True)
        late = await prepared(both, waiting // (1 + len(STEPS)))
        if late:
            print((await drained(near, "after a day's outage", api)).cells(direct), flush=True)
    if late:
        await answered(both, late)
        async with part_of(near, "api") as api:
            await move_to(owner, NEAR, api.url)
            row = await drained(owner, f"and {len(STEPS)} answers a case", api)
            print(row.cells(direct), flush=True)
    await in_order(both)
    key = signing_key(owner)
    given = json.dumps(
        json.loads(key_settings(owner.district)["signing_key_file"].read_text())
        | {"kid": key.key_id}
    )
    async with another("receipting", given) as base:
        for number in partners:
            row = await to_partners(both, base, count, number)
            print(row.cells(direct), flush=True)


async def move_to(side: RunningService, partner: str, base: str) -> None:
    side.context.resources.pop(TRANSPORT, None)
    names = {NEAR: "西安高新技术产业开发区", OWNER: "西安曲江新区"}
    await register(
        side,
        {
            "district": partner,
            "name": names[partner],
            "english_name": HOSTS[partner],
            "endpoint": base,
        },
    )


async def in_order(both: Districts) -> None:
    """Say whether each message was taken once, and each case's in their order."""
    for name, sender, taker in (("near", both.near, both.owner), ("owner", both.owner, both.near)):
        sent = await sender.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE delivered_at < before) FROM (
                SELECT delivered_at,
                       lag(delivered_at) OVER (PARTITION BY exchange_id ORDER BY ordinal) AS before
                FROM deliveries WHERE state = 'delivered'
            ) AS each
            """
        )
        taken = await taker.execute(
            "SELECT count(*), count(DISTINCT message_id) FROM receipts WHERE sender = :sender",
            sender=sender.district.code,
        )
        messages, early = sent.one()
        receipts, distinct = taken.one()
        print(
            f"\nfrom the {name} side: {messages} delivered, {early} before an earlier one of their"
            f" case; receipts given {receipts}, of {distinct} messages"
        )
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1500)
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--partners", type=int, nargs="*", default=PARTNERS)
    parser.add_argument("--serve", choices=["plain", "framed", "receipting"])
    parser.add_argument("--port", type=int)
    parser.add_argument("--given")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.port, given.given)
        return
    configure_logging("load", "error")
    with tempfile.TemporaryDirectory(prefix="tongban-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(measure(Path(folder), given.exchanges, given.waiting, given.partners))


if __name__ == "__main__":
    main()
